const BINS = 2048;

/**
 * TensorRT's counting as it was found, written down batch by batch and slowly, to judge the fast one: one float32
 * division, the range of the first batch not rounded, doubled while a batch has a larger value, strictly.
 */
export function slowGrid(batches: readonly (readonly number[])[]): {
  readonly range: number;
  readonly counts: number[];
} {
  const magnitudes = batches.map((batch) => batch.map((value) => Math.abs(Math.fround(value))));
  let range = Math.max(...(magnitudes[0] ?? []));
  let counts = new Array<number>(BINS).fill(0);
  for (const batch of magnitudes) {
    while (Math.max(...batch) > range) {
      counts = counts.map((_, i) => (counts[2 * i] ?? 0) + (counts[2 * i + 1] ?? 0));
      range *= 2;
    }
    for (const value of batch) {
      const bin = Math.min(BINS - 1, Math.floor(Math.fround(value / range) * BINS));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  }
  return { range, counts };
}
