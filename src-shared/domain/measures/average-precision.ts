import type { DetectionConvention } from '../tasks/task';
import { foundBit, ignoredBit, IOU_COUNT, linspace, rangeCount, type MatchedImage } from './detection-matching';

/** The detections of one class over all images in one size range, sorted by score. */
export interface ClassCurve {
  readonly label: number;
  /** For each detection the index of its image. Detections after the last one that has found an object are left out. */
  readonly images: Int32Array;
  /** For each IoU threshold the positions in `images` of detections that have found an object, ascending. */
  readonly found: readonly Int32Array[];
  /** For each IoU threshold the positions of ignored detections, ascending. */
  readonly ignored: readonly Int32Array[];
  /** Images with objects of the class that count, and the number of these objects. */
  readonly truthImages: Int32Array;
  readonly truthCounts: Uint32Array;
}

/**
 * Sorts the detections of a set once, so that the average precision of any selection of images can be computed.
 * Images come in the order of the set, which decides among equal scores.
 * @param range index into SIZE_RANGES; 0 is all.
 */
export function classCurves(
  images: readonly (MatchedImage | null)[],
  convention: DetectionConvention,
  range = 0,
): ClassCurve[] {
  const ranges = rangeCount(convention);
  const collected = new Map<number, Collected>();
  const ofClass = (label: number): Collected => {
    const known = collected.get(label);
    if (known !== undefined) return known;
    const fresh: Collected = { images: [], scores: [], flags: [], truthImages: [], truthCounts: [] };
    collected.set(label, fresh);
    return fresh;
  };
  for (const [image, matched] of images.entries()) {
    if (matched === null) continue;
    for (const [i, label] of matched.truthClasses.entries()) {
      const count = matched.truthCounts[i * ranges + range] ?? 0;
      if (count === 0) continue;
      const own = ofClass(label);
      own.truthImages.push(image);
      own.truthCounts.push(count);
    }
    for (const [d, label] of matched.classes.entries()) {
      const own = ofClass(label);
      own.images.push(image);
      own.scores.push(matched.scores[d] ?? 0);
      own.flags.push(matched.flags[d * ranges + range] ?? 0);
    }
  }
  return [...collected]
    .filter(([, own]) => own.truthImages.length > 0)
    .sort(([a], [b]) => a - b)
    .map(([label, own]) => curveOf(label, own));
}

interface Collected {
  readonly images: number[];
  readonly scores: number[];
  readonly flags: number[];
  readonly truthImages: number[];
  readonly truthCounts: number[];
}

function curveOf(label: number, own: Collected): ClassCurve {
  const scores = Float64Array.from(own.scores);
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  const positions = (bit: number): Int32Array => {
    const list: number[] = [];
    for (let i = 0; i < order.length; i += 1) if (((own.flags[order[i] ?? 0] ?? 0) & bit) !== 0) list.push(i);
    return Int32Array.from(list);
  };
  const ious = Array.from({ length: IOU_COUNT }, (_, t) => t);
  const found = ious.map((t) => positions(foundBit(t)));
  const used = Math.max(0, ...found.map((list) => (list.at(-1) ?? -1) + 1));
  return {
    label,
    images: Int32Array.from(order.subarray(0, used), (d) => own.images[d] ?? 0),
    found,
    ignored: ious.map((t) => positions(ignoredBit(t))),
    truthImages: Int32Array.from(own.truthImages),
    truthCounts: Uint32Array.from(own.truthCounts),
  };
}

/** Each image counts once, or as often as `weights` say (one entry per image; 0: not at all). */
export type ImageWeights = ArrayLike<number> | null;

/**
 * Average precision of one class at every IoU threshold, 0 to 1; null if the selected images have no object of it.
 *
 * `coco`: the mean of the largest precision at recalls of at least 0, 0.01, ..., 1. `ultralytics`: the area under the
 * same envelope, interpolated linearly at 101 recalls (trapezoids over numpy.interp), as Ultralytics 8.4 computes it.
 * An image with weight w counts like w copies of it in a row.
 */
export function classPrecisions(
  curve: ClassCurve,
  convention: DetectionConvention,
  weights: ImageWeights,
): Float64Array | null {
  const total = truthTotal(curve, weights);
  if (total === 0) return null;
  const { images } = curve;
  /** Weight of all detections up to a position, itself included. */
  const cumulative = new Float64Array(images.length);
  let sum = 0;
  for (let i = 0; i < images.length; i += 1) {
    sum += weights === null ? 1 : (weights[images[i] ?? 0] ?? 0);
    cumulative[i] = sum;
  }
  const area = convention === 'coco' ? cocoArea : ultralyticsArea;
  return Float64Array.from({ length: IOU_COUNT }, (_, t) => area(stepsOf(curve, t, weights, cumulative), total));
}

/** The number of objects of a class in the selected images. */
export function truthTotal({ truthImages, truthCounts }: ClassCurve, weights: ImageWeights): number {
  let total = 0;
  for (let i = 0; i < truthImages.length; i += 1) {
    total += (truthCounts[i] ?? 0) * (weights === null ? 1 : (weights[truthImages[i] ?? 0] ?? 0));
  }
  return total;
}

/** The precision-recall curve at the detections that have found an object, in the order of falling scores. */
interface Steps {
  readonly count: number;
  /** Objects found so far. */
  readonly found: Float64Array;
  /** The largest precision from here on. */
  readonly precision: Float64Array;
  /** 1 if a wrong detection lies between this one and the one before. */
  readonly afterWrong: Uint8Array;
}

function stepsOf(
  { images, found: foundAt, ignored: ignoredAt }: ClassCurve,
  t: number,
  weights: ImageWeights,
  cumulative: Float64Array,
): Steps {
  const own = foundAt[t] ?? new Int32Array();
  const skipped = ignoredAt[t] ?? new Int32Array();
  const found = new Float64Array(own.length);
  const precision = new Float64Array(own.length);
  const afterWrong = new Uint8Array(own.length);
  let count = 0;
  let right = 0;
  let wrongBefore = 0;
  let ignoredWeight = 0;
  let next = 0;
  for (let i = 0; i < own.length; i += 1) {
    const at = own[i] ?? 0;
    const weight = weights === null ? 1 : (weights[images[at] ?? 0] ?? 0);
    if (weight === 0) continue;
    for (; next < skipped.length && (skipped[next] ?? 0) < at; next += 1) {
      ignoredWeight += weights === null ? 1 : (weights[images[skipped[next] ?? 0] ?? 0] ?? 0);
    }
    right += weight;
    const all = (cumulative[at] ?? 0) - ignoredWeight;
    found[count] = right;
    precision[count] = right / (all + Number.EPSILON);
    afterWrong[count] = all - right > wrongBefore ? 1 : 0;
    wrongBefore = all - right;
    count += 1;
  }
  for (let i = count - 2; i >= 0; i -= 1) {
    precision[i] = Math.max(precision[i] ?? 0, precision[i + 1] ?? 0);
  }
  return { count, found, precision, afterWrong };
}

const RECALLS = linspace(0, 1, 101);

function cocoArea({ count, found, precision }: Steps, total: number): number {
  let sum = 0;
  let next = 0;
  for (let i = 0; i < count; i += 1) {
    const recall = (found[i] ?? 0) / total;
    for (; next < RECALLS.length && (RECALLS[next] ?? 2) <= recall; next += 1) sum += precision[i] ?? 0;
  }
  return sum / RECALLS.length;
}

function ultralyticsArea({ count, found, precision, afterWrong }: Steps, total: number): number {
  let sum = 0;
  let next = 0;
  /** The point from which the curve goes on; detections of the same recall that are wrong lower it. */
  let recall = 0;
  let height = 1;
  for (let i = 0; i < count; i += 1) {
    const own = precision[i] ?? 0;
    const before = i === 0 ? 0 : (found[i - 1] ?? 0);
    if (afterWrong[i] === 1) height = own;
    // Copies of an image follow each other: the first one reaches the height that the others keep.
    const first = (before + 1) / total;
    const last = (found[i] ?? 0) / total;
    for (; next < RECALLS.length && (RECALLS[next] ?? 2) < last; next += 1) {
      const x = RECALLS[next] ?? 0;
      const value = x >= first ? own : height + ((own - height) / (first - recall)) * (x - recall);
      // The trapezoids of equal width count the two ends half.
      sum += next === 0 ? value / 2 : value;
    }
    recall = last;
    height = own;
  }
  // At the last recall and beyond it the curve is 0.
  return sum / (RECALLS.length - 1);
}

/** Mean over the classes that have objects and over all IoU thresholds, 0 to 1; NaN if there are no objects. */
export function averagePrecision(
  curves: readonly ClassCurve[],
  convention: DetectionConvention,
  weights: ImageWeights,
): number {
  let sum = 0;
  let classes = 0;
  for (const curve of curves) {
    const own = classPrecisions(curve, convention, weights);
    if (own === null) continue;
    for (const value of own) sum += value;
    classes += 1;
  }
  return classes === 0 ? Number.NaN : sum / classes / IOU_COUNT;
}
