/** Shape of the scales of a matrix in blocks: `blockSize` values along the axis that is not `channelAxis` share one. */
export function blockedShape(
  dims: readonly number[],
  channelAxis: number,
  blockSize: number,
): readonly [number, number] {
  const [rows = 0, columns = 0] = dims;
  return channelAxis === 0 ? [rows, Math.ceil(columns / blockSize)] : [Math.ceil(rows / blockSize), columns];
}

/** Position of the scale of each value of a matrix in row-major order; the last block of a channel may be shorter. */
export function blockIndex(
  dims: readonly number[],
  channelAxis: number,
  blockSize: number,
): (valueIndex: number) => number {
  const columns = dims[1] ?? 1;
  const [, scaleColumns] = blockedShape(dims, channelAxis, blockSize);
  return (valueIndex) => {
    const row = Math.floor(valueIndex / columns);
    const column = valueIndex % columns;
    return channelAxis === 0
      ? row * scaleColumns + Math.floor(column / blockSize)
      : Math.floor(row / blockSize) * scaleColumns + column;
  };
}

/** Largest |w| of each block, in the shape of `blockedShape`. */
export function blockAmax(
  values: Float32Array,
  dims: readonly number[],
  channelAxis: number,
  blockSize: number,
): Float32Array {
  const [rows, columns] = blockedShape(dims, channelAxis, blockSize);
  const amax = new Float32Array(rows * columns);
  const indexOf = blockIndex(dims, channelAxis, blockSize);
  for (let i = 0; i < values.length; i++) {
    const at = indexOf(i);
    const magnitude = Math.abs(values[i] ?? 0);
    if (magnitude > (amax[at] ?? 0)) amax[at] = magnitude;
  }
  return amax;
}
