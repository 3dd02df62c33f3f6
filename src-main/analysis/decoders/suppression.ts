/**
 * Greedy non-maximum suppression: a box is dropped if its intersection over union with a kept box of a better score is
 * above the limit. Ends as soon as enough boxes are kept.
 * @param boxes left, top, right, bottom of each candidate, best score first.
 * @param classes class of each candidate; null: all boxes suppress each other.
 * @returns positions of the kept candidates
 */
export function suppressed(
  boxes: Float64Array,
  classes: Int32Array | null,
  { iou, max }: { readonly iou: number; readonly max: number },
): number[] {
  const count = boxes.length / 4;
  const kept: number[] = [];
  const keptOfClass = new Map<number, number[]>();
  for (let i = 0; i < count && kept.length < max; i += 1) {
    const label = classes?.[i] ?? 0;
    let rivals = keptOfClass.get(label);
    if (rivals === undefined) keptOfClass.set(label, (rivals = []));
    if (overlapsAny(boxes, i, rivals, iou)) continue;
    rivals.push(i);
    kept.push(i);
  }
  return kept;
}

function overlapsAny(boxes: Float64Array, i: number, rivals: readonly number[], limit: number): boolean {
  const left = boxes[i * 4] ?? 0;
  const top = boxes[i * 4 + 1] ?? 0;
  const right = boxes[i * 4 + 2] ?? 0;
  const bottom = boxes[i * 4 + 3] ?? 0;
  const area = (right - left) * (bottom - top);
  for (const rival of rivals) {
    const at = rival * 4;
    const rivalLeft = boxes[at] ?? 0;
    const rivalTop = boxes[at + 1] ?? 0;
    const rivalRight = boxes[at + 2] ?? 0;
    const rivalBottom = boxes[at + 3] ?? 0;
    const width = Math.min(right, rivalRight) - Math.max(left, rivalLeft);
    const height = Math.min(bottom, rivalBottom) - Math.max(top, rivalTop);
    if (width <= 0 || height <= 0) continue;
    const common = width * height;
    const union = area + (rivalRight - rivalLeft) * (rivalBottom - rivalTop) - common;
    if (common > limit * union) return true;
  }
  return false;
}
