/** The shape of an output: all axes, beginning with the batch. */
export interface OutputShape {
  readonly dims: readonly number[];
}

/**
 * The index of the output with one score per class, or -1: the first output of shape [batch, classes] (further axes of
 * size 1 are allowed) with at least two classes. Outputs with one row per anchor or query ([batch, anchors, values])
 * are not classifications. Neither is a [batch, anchors] output of the same model, whose largest entry is a position
 * instead of a class.
 */
export function classificationOutput(outputs: readonly OutputShape[], batch: number): number {
  return outputs.findIndex(
    ({ dims }) => hasClasses(dims, batch) && !outputs.some((other) => isListOf(other.dims, batch, dims[1] ?? 0)),
  );
}

function hasClasses(dims: readonly number[], batch: number): boolean {
  return dims.length >= 2 && dims[0] === batch && (dims[1] ?? 0) >= 2 && dims.slice(2).every((dim) => dim === 1);
}

/** True for [batch, count, values]: several values for each of `count` anchors. */
function isListOf(dims: readonly number[], batch: number, count: number): boolean {
  return dims.length === 3 && dims[0] === batch && dims[1] === count && (dims[2] ?? 0) >= 2;
}
