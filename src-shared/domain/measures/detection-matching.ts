import type { Detections } from '../tasks/answer';
import type { DetectionConvention } from '../tasks/task';
import type { TruthBox } from '../tasks/truth';

/** Ranges of the area of an object in square pixels, limits included: up to 32 x 32, up to 96 x 96, and above. */
export const SIZE_RANGES = [
  { name: 'all', from: 0, to: 1e10 },
  { name: 'small', from: 0, to: 32 ** 2 },
  { name: 'medium', from: 32 ** 2, to: 96 ** 2 },
  { name: 'large', from: 96 ** 2, to: 1e10 },
] as const;
export type SizeRange = (typeof SIZE_RANGES)[number]['name'];

/** Number of IoU thresholds: 0.50, 0.55, ..., 0.95. */
export const IOU_COUNT = 10;
/** The bits of `flags` of all IoU thresholds: whether an object was found at any of them. */
export const ALL_IOUS = (1 << IOU_COUNT) - 1;
/** Detections that count: per class and image for `coco`, per image for `ultralytics`. */
export const MAX_DETECTIONS: Readonly<Record<DetectionConvention, number>> = { coco: 100, ultralytics: 300 };

/**
 * What became of the detections of one image, from which every score of any selection of images follows. Detections
 * are sorted by class and then by score, highest first; equal scores keep their order.
 */
export interface MatchedImage {
  readonly classes: Int32Array;
  readonly scores: Float32Array;
  /**
   * For each detection one entry per size range (`coco`: 4 entries, `ultralytics`: 1). Bit i: the detection has found
   * an object at IoU threshold i. Bit 10 + i: it is ignored there, because its object or its own size does not count.
   */
  readonly flags: Uint32Array;
  /** The classes that occur in the truth, ascending. */
  readonly truthClasses: Int32Array;
  /** For each of truthClasses one entry per size range: the number of objects that count. */
  readonly truthCounts: Uint32Array;
}

/** Entries of `flags` for each detection, and of `truthCounts` for each class. */
export function rangeCount(convention: DetectionConvention): number {
  return convention === 'coco' ? SIZE_RANGES.length : 1;
}

/** The bit of `flags` that says that a detection has found an object at IoU threshold `iou` (an index). */
export const foundBit = (iou: number): number => 1 << iou;
/** The bit of `flags` that says that a detection is ignored at IoU threshold `iou` (an index). */
export const ignoredBit = (iou: number): number => 1 << (IOU_COUNT + iou);

/**
 * Matches the detections of one image with its objects.
 *
 * `coco`: as pycocotools' COCOeval does it. Within a class the detections, best score first, take the object with the
 * highest IoU that is still free and reaches the threshold; objects that count are preferred to ignored ones. Crowd
 * regions are ignored and can be matched many times; their IoU is the part of the detection that lies inside. Boxes
 * marked as difficult are ignored and can be matched many times, too.
 *
 * `ultralytics`: as the validator of Ultralytics 8.4 does it, with its single precision. Every detection takes the best
 * free object of its class. Crowd regions are objects like others; boxes marked as difficult are left out.
 */
export function matchDetections(
  detections: Detections,
  truth: readonly TruthBox[],
  convention: DetectionConvention,
): MatchedImage {
  return convention === 'coco' ? matchCoco(detections, truth) : matchUltralytics(detections, truth);
}

function matchCoco(detections: Detections, truth: readonly TruthBox[]): MatchedImage {
  const kept = keepPerClass(detections, sortedByScore(detections), MAX_DETECTIONS.coco);
  const ranges = SIZE_RANGES.length;
  const flags = new Uint32Array(kept.length * ranges);
  const byClass = truthByClass(truth);
  const counts = [...byClass.values()].flatMap((own) =>
    SIZE_RANGES.map((range) => own.filter((box) => !isIgnored(box, range)).length),
  );
  for (let from = 0; from < kept.length;) {
    const label = detections.classes[kept[from] ?? 0] ?? 0;
    let to = from;
    while (to < kept.length && detections.classes[kept[to] ?? 0] === label) to += 1;
    matchClass(detections, kept.slice(from, to), byClass.get(label) ?? [], flags.subarray(from * ranges));
    from = to;
  }
  return {
    ...partOf(detections, kept),
    flags,
    truthClasses: Int32Array.from(byClass.keys()),
    truthCounts: Uint32Array.from(counts),
  };
}

/** @param kept detections of one class, best first. @param flags filled for them. */
function matchClass(
  detections: Detections,
  kept: readonly number[],
  truth: readonly TruthBox[],
  flags: Uint32Array,
): void {
  if (truth.length === 0) {
    for (const [slot, d] of kept.entries()) {
      const area = areaOf(detections.boxes, d);
      for (const [r, range] of SIZE_RANGES.entries()) flags[slot * SIZE_RANGES.length + r] = skippedBits(area, range);
    }
    return;
  }
  const ious = truth.map((box) => kept.map((d) => cocoIou(detections.boxes, d, box)));
  for (const [r, range] of SIZE_RANGES.entries()) {
    const ignored = truth.map((box) => isIgnored(box, range));
    // Objects that count come first; the order among them is kept.
    const order = [...truth.keys()].sort((a, b) => Number(ignored[a]) - Number(ignored[b]));
    /** For each object the IoU thresholds at which it is taken, as bits. */
    const taken = new Uint32Array(truth.length);
    for (const [slot, d] of kept.entries()) {
      const area = areaOf(detections.boxes, d);
      let found = 0;
      let skipped = skippedBits(area, range);
      for (let t = 0; t < IOU_COUNT; t += 1) {
        let best = -1;
        let bestIou = Math.min(COCO_IOUS[t] ?? 1, 1 - 1e-10);
        for (const g of order) {
          const box = truth[g];
          if (box === undefined) continue;
          if (((taken[g] ?? 0) & foundBit(t)) !== 0 && !canRepeat(box)) continue;
          if (best >= 0 && !ignored[best] && ignored[g]) break;
          const iou = ious[g]?.[slot] ?? 0;
          if (!(iou >= bestIou)) continue;
          bestIou = iou;
          best = g;
        }
        if (best < 0) continue;
        taken[best] = (taken[best] ?? 0) | foundBit(t);
        if (ignored[best]) skipped |= ignoredBit(t);
        else {
          found |= foundBit(t);
          skipped &= ~ignoredBit(t);
        }
      }
      flags[slot * SIZE_RANGES.length + r] = found | skipped;
    }
  }
}

/** What a detection without an object is at all IoU thresholds: wrong, or ignored because of its own size. */
function skippedBits(area: number, range: { readonly from: number; readonly to: number }): number {
  return area < range.from || area > range.to ? ALL_IOUS << IOU_COUNT : 0;
}

function isIgnored(box: TruthBox, range: { readonly from: number; readonly to: number }): boolean {
  const area = box.area ?? (box.x2 - box.x1) * (box.y2 - box.y1);
  return canRepeat(box) || area < range.from || area > range.to;
}

/** Whether any number of detections may lie on the box without being wrong. */
export function canRepeat(box: TruthBox): boolean {
  return box.isCrowd === true || box.isDifficult === true;
}

/**
 * Intersection over union of detection d and an object; over the area of the detection for crowd regions.
 * @param boxes left, top, right, bottom of each detection
 */
export function cocoIou(boxes: Float32Array, d: number, truth: TruthBox): number {
  const left = boxes[4 * d] ?? 0;
  const top = boxes[4 * d + 1] ?? 0;
  const right = boxes[4 * d + 2] ?? 0;
  const bottom = boxes[4 * d + 3] ?? 0;
  const width = Math.min(right, truth.x2) - Math.max(left, truth.x1);
  const height = Math.min(bottom, truth.y2) - Math.max(top, truth.y1);
  if (!(width > 0 && height > 0)) return 0;
  const inner = width * height;
  const own = (right - left) * (bottom - top);
  return inner / (truth.isCrowd === true ? own : own + (truth.x2 - truth.x1) * (truth.y2 - truth.y1) - inner);
}

function matchUltralytics(detections: Detections, truth: readonly TruthBox[]): MatchedImage {
  const best = sortedByScore(detections).slice(0, MAX_DETECTIONS.ultralytics);
  const objects = truth.filter((box) => box.isDifficult !== true);
  const taken = new Uint32Array(objects.length);
  const flagsOf = new Map<number, number>();
  for (const d of best) {
    const ious = objects.map((box) =>
      box.label === detections.classes[d] ? ultralyticsIou(detections.boxes, d, box) : 0,
    );
    let found = 0;
    for (let t = 0; t < IOU_COUNT; t += 1) {
      let chosen = -1;
      let chosenIou = 0;
      for (const [g, iou] of ious.entries()) {
        if (((taken[g] ?? 0) & foundBit(t)) !== 0 || !(iou > chosenIou)) continue;
        chosen = g;
        chosenIou = iou;
      }
      if (chosen < 0 || chosenIou < (ULTRALYTICS_IOUS[t] ?? 1)) continue;
      taken[chosen] = (taken[chosen] ?? 0) | foundBit(t);
      found |= foundBit(t);
    }
    flagsOf.set(d, found);
  }
  const kept = keepPerClass(detections, best, Number.POSITIVE_INFINITY);
  const byClass = truthByClass(objects);
  return {
    ...partOf(detections, kept),
    flags: Uint32Array.from(kept, (d) => flagsOf.get(d) ?? 0),
    truthClasses: Int32Array.from(byClass.keys()),
    truthCounts: Uint32Array.from([...byClass.values()], (own) => own.length),
  };
}

/** Intersection over union in single precision, as box_iou of Ultralytics computes it. */
function ultralyticsIou(boxes: Float32Array, d: number, truth: TruthBox): number {
  const f = Math.fround;
  const left = boxes[4 * d] ?? 0;
  const top = boxes[4 * d + 1] ?? 0;
  const right = boxes[4 * d + 2] ?? 0;
  const bottom = boxes[4 * d + 3] ?? 0;
  const [x1, y1, x2, y2] = [f(truth.x1), f(truth.y1), f(truth.x2), f(truth.y2)];
  const width = Math.max(0, f(Math.min(right, x2) - Math.max(left, x1)));
  const height = Math.max(0, f(Math.min(bottom, y2) - Math.max(top, y1)));
  const inner = f(width * height);
  const own = f(f(right - left) * f(bottom - top));
  const other = f(f(x2 - x1) * f(y2 - y1));
  return f(inner / f(f(f(own + other) - inner) + f(1e-7)));
}

/** Indices of the detections, best score first; equal scores keep their order. Scores of NaN are left out. */
function sortedByScore({ scores }: Detections): number[] {
  return [...scores.keys()]
    .filter((d) => !Number.isNaN(scores[d] ?? Number.NaN))
    .sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
}

/** Sorts by class, ascending, and keeps the first `limit` of each class. @param sorted best score first */
function keepPerClass({ classes }: Detections, sorted: readonly number[], limit: number): number[] {
  const byClass = new Map<number, number[]>();
  for (const d of sorted) {
    const label = classes[d] ?? 0;
    const own = byClass.get(label);
    if (own === undefined) byClass.set(label, [d]);
    else if (own.length < limit) own.push(d);
  }
  return [...byClass.keys()].sort((a, b) => a - b).flatMap((label) => byClass.get(label) ?? []);
}

function partOf({ classes, scores }: Detections, kept: readonly number[]): Pick<MatchedImage, 'classes' | 'scores'> {
  return {
    classes: Int32Array.from(kept, (d) => classes[d] ?? 0),
    scores: Float32Array.from(kept, (d) => scores[d] ?? 0),
  };
}

function truthByClass(truth: readonly TruthBox[]): Map<number, TruthBox[]> {
  const labels = [...new Set(truth.map(({ label }) => label))].sort((a, b) => a - b);
  return new Map(labels.map((label) => [label, truth.filter((box) => box.label === label)]));
}

function areaOf(boxes: Float32Array, d: number): number {
  return ((boxes[4 * d + 2] ?? 0) - (boxes[4 * d] ?? 0)) * ((boxes[4 * d + 3] ?? 0) - (boxes[4 * d + 1] ?? 0));
}

/** `count` values from `from` to `to` with the rounding of numpy.linspace. */
export function linspace(from: number, to: number, count: number): Float64Array {
  const step = (to - from) / (count - 1);
  const values = Float64Array.from({ length: count }, (_, i) => i * step + from);
  values[count - 1] = to;
  return values;
}

const COCO_IOUS = linspace(0.5, 0.95, IOU_COUNT);

/** With the rounding of torch.linspace, which counts from both ends in single precision. */
const ULTRALYTICS_IOUS = Float32Array.from({ length: IOU_COUNT }, (_, i) => {
  const step = Math.fround((Math.fround(0.95) - 0.5) / (IOU_COUNT - 1));
  return i < IOU_COUNT / 2 ? 0.5 + step * i : Math.fround(0.95) - step * (IOU_COUNT - 1 - i);
});
