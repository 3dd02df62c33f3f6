import type { DetectionConvention } from '../tasks/task';
import { foundBit, ignoredBit, IOU_COUNT, linspace, type MatchedImage, rangeCount } from './detection-matching';

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

/** The detections of a set, sorted once for all size ranges. */
export interface SortedDetections {
  readonly convention: DetectionConvention;
  readonly classes: readonly SortedClass[];
}

interface SortedClass {
  readonly label: number;
  /** One entry per detection, best score first. */
  readonly images: Int32Array;
  /** As in MatchedImage: one entry per detection and size range. */
  readonly flags: Uint32Array;
  readonly truthImages: Int32Array;
  /** One entry per image of truthImages and size range. */
  readonly truthCounts: Uint32Array;
}

/**
 * Sorts the detections of a set, so that the average precision of any selection of images can be computed. Images come
 * in the order of the set, which decides among equal scores. Classes without any object are left out.
 */
export function sortDetections(
  images: readonly (MatchedImage | null)[],
  convention: DetectionConvention,
): SortedDetections {
  const ranges = rangeCount(convention);
  const collected = new Map<number, Collected>();
  for (const [image, matched] of images.entries()) {
    for (const [i, label] of matched?.truthClasses.entries() ?? []) {
      let own = collected.get(label);
      if (own === undefined) {
        own = { images: [], rows: [], truthImages: [], truthRows: [] };
        collected.set(label, own);
      }
      own.truthImages.push(image);
      own.truthRows.push(i);
    }
  }
  for (const [image, matched] of images.entries()) {
    if (matched === null) continue;
    const { classes } = matched;
    for (let d = 0; d < classes.length; d += 1) {
      const own = collected.get(classes[d] ?? -1);
      own?.images.push(image);
      own?.rows.push(d);
    }
  }
  const sorted = [...collected].sort(([a], [b]) => a - b);
  return { convention, classes: sorted.map(([label, own]) => sortClass(label, own, images, ranges)) };
}

/** Detections (`images`, `rows`) and classes of the truth by their image and their index in its record. */
interface Collected {
  readonly images: number[];
  readonly rows: number[];
  readonly truthImages: number[];
  readonly truthRows: number[];
}

function sortClass(
  label: number,
  own: Collected,
  images: readonly (MatchedImage | null)[],
  ranges: number,
): SortedClass {
  const order = orderByScore(Float32Array.from(own.images, (image, i) => images[image]?.scores[own.rows[i] ?? 0] ?? 0));
  const sorted = Int32Array.from(order, (d) => own.images[d] ?? 0);
  const flags = new Uint32Array(order.length * ranges);
  for (let i = 0; i < order.length; i += 1) {
    const from = (own.rows[order[i] ?? 0] ?? 0) * ranges;
    const source = images[sorted[i] ?? 0]?.flags;
    for (let r = 0; r < ranges; r += 1) flags[i * ranges + r] = source?.[from + r] ?? 0;
  }
  const truthCounts = new Uint32Array(own.truthImages.length * ranges);
  for (const [i, image] of own.truthImages.entries()) {
    const from = (own.truthRows[i] ?? 0) * ranges;
    for (let r = 0; r < ranges; r += 1) truthCounts[i * ranges + r] = images[image]?.truthCounts[from + r] ?? 0;
  }
  return { label, images: sorted, flags, truthImages: Int32Array.from(own.truthImages), truthCounts };
}

/** Indices by falling score; equal scores keep their order. */
function orderByScore(scores: Float32Array): Uint32Array {
  const INDEX_BITS = 21;
  if (scores.length >= 2 ** INDEX_BITS) {
    return Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  }
  // One number holds score and index, so that the sort needs no function. The bits of a positive float32 grow with its
  // value, those of a negative one fall; adding 0 turns -0 into 0.
  const bits = new Uint32Array(Float32Array.from(scores, (score) => score + 0).buffer);
  const keys = Float64Array.from(bits, (own, i) => {
    const ascending = own >= 2 ** 31 ? 2 ** 32 - 1 - own : own + 2 ** 31;
    return (2 ** 32 - 1 - ascending) * 2 ** INDEX_BITS + i;
  }).sort();
  return Uint32Array.from(keys, (key) => key % 2 ** INDEX_BITS);
}

/** The curves of the classes that have objects in a size range. @param range index into SIZE_RANGES; 0 is all. */
export function classCurves({ convention, classes }: SortedDetections, range = 0): ClassCurve[] {
  const ranges = rangeCount(convention);
  return classes.flatMap((own) => {
    const truthCounts = own.truthImages.map((_, i) => own.truthCounts[i * ranges + range] ?? 0);
    if (truthCounts.every((count) => count === 0)) return [];
    return [{ ...curveOf(own, ranges, range), truthCounts: Uint32Array.from(truthCounts) }];
  });
}

function curveOf(
  { label, images, flags, truthImages }: SortedClass,
  ranges: number,
  range: number,
): Omit<ClassCurve, 'truthCounts'> {
  const found: number[][] = Array.from({ length: IOU_COUNT }, () => []);
  const ignored: number[][] = Array.from({ length: IOU_COUNT }, () => []);
  let used = 0;
  for (let i = 0; i < images.length; i += 1) {
    const own = flags[i * ranges + range] ?? 0;
    if (own === 0) continue;
    for (let t = 0; t < IOU_COUNT; t += 1) {
      if ((own & foundBit(t)) !== 0) {
        found[t]?.push(i);
        used = i + 1;
      } else if ((own & ignoredBit(t)) !== 0) ignored[t]?.push(i);
    }
  }
  return {
    label,
    images: images.slice(0, used),
    found: found.map((list) => Int32Array.from(list)),
    ignored: ignored.map((list) => Int32Array.from(list)),
    truthImages,
  };
}

/** How often each image counts, one entry per image; null: once each. */
export type ImageWeights = ArrayLike<number> | null;

/** The number of objects of a class in the selected images. */
export function truthTotal({ truthImages, truthCounts }: ClassCurve, weights: ImageWeights): number {
  let total = 0;
  for (let i = 0; i < truthImages.length; i += 1) {
    total += (truthCounts[i] ?? 0) * (weights === null ? 1 : (weights[truthImages[i] ?? 0] ?? 0));
  }
  return total;
}

const RECALLS = linspace(0, 1, 101);

/**
 * Computes average precisions from curves. It keeps its buffers, because an interval computes thousands of them.
 *
 * `coco`: the mean of the largest precision at recalls of at least 0, 0.01, ..., 1. `ultralytics`: the area under the
 * same envelope, interpolated linearly at 101 recalls (trapezoids over numpy.interp), as Ultralytics 8.4 computes it.
 * An image with weight w counts like w copies of it in a row.
 */
export class PrecisionCalculator {
  /** Weight of all detections up to a position, itself included. */
  private readonly cumulative: Float64Array;
  // The precision-recall curve at the detections that have found an object, in the order of falling scores.
  /** Objects found so far. */
  private readonly found: Float64Array;
  /** The largest precision from here on. */
  private readonly precision: Float64Array;
  /** 1 if a wrong detection lies between this one and the one before. */
  private readonly afterWrong: Uint8Array;
  private readonly ones: Float64Array;

  constructor(
    readonly curves: readonly ClassCurve[],
    private readonly convention: DetectionConvention,
  ) {
    const size = curves.reduce((most, { images }) => Math.max(most, images.length), 0);
    this.cumulative = new Float64Array(size);
    this.found = new Float64Array(size);
    this.precision = new Float64Array(size);
    this.afterWrong = new Uint8Array(size);
    const lastImage = (list: Int32Array): number => list.reduce((most, image) => Math.max(most, image), 0);
    const images = curves.reduce((most, own) => Math.max(most, lastImage(own.images), lastImage(own.truthImages)), 0);
    this.ones = new Float64Array(images + 1).fill(1);
  }

  /** Mean over the classes that have objects and over all IoU thresholds, 0 to 1; NaN if there are no objects. */
  mean(weights: ImageWeights): number {
    const own = this.weightsOf(weights);
    let sum = 0;
    let classes = 0;
    for (const curve of this.curves) {
      const total = truthTotal(curve, own);
      if (total === 0) continue;
      this.accumulate(curve, own);
      for (let t = 0; t < IOU_COUNT; t += 1) sum += this.area(curve, t, own, total);
      classes += 1;
    }
    return classes === 0 ? Number.NaN : sum / classes / IOU_COUNT;
  }

  /** One class at every IoU threshold, 0 to 1; null if the selected images have no object of it. */
  ofClass(curve: ClassCurve, weights: ImageWeights): Float64Array | null {
    const own = this.weightsOf(weights);
    const total = truthTotal(curve, own);
    if (total === 0) return null;
    this.accumulate(curve, own);
    return Float64Array.from({ length: IOU_COUNT }, (_, t) => this.area(curve, t, own, total));
  }

  private weightsOf(weights: ImageWeights): Float64Array {
    if (weights === null) return this.ones;
    return weights instanceof Float64Array ? weights : Float64Array.from(weights);
  }

  private accumulate({ images }: ClassCurve, weights: Float64Array): void {
    const { cumulative } = this;
    let sum = 0;
    for (let i = 0; i < images.length; i += 1) {
      sum += weights[images[i] ?? 0] ?? 0;
      cumulative[i] = sum;
    }
  }

  private area(curve: ClassCurve, t: number, weights: Float64Array, total: number): number {
    const count = this.trace(curve, t, weights);
    return this.convention === 'coco' ? this.cocoArea(count, total) : this.ultralyticsArea(count, total);
  }

  /** Fills the curve at IoU threshold `t` and returns its number of points. */
  private trace({ images, found: foundAt, ignored }: ClassCurve, t: number, weights: Float64Array): number {
    const { cumulative, found, precision, afterWrong } = this;
    const own = foundAt[t] ?? NOTHING;
    const skipped = ignored[t] ?? NOTHING;
    let count = 0;
    let right = 0;
    let wrongBefore = 0;
    let ignoredWeight = 0;
    let next = 0;
    for (let i = 0; i < own.length; i += 1) {
      const at = own[i] ?? 0;
      const weight = weights[images[at] ?? 0] ?? 0;
      if (weight === 0) continue;
      for (; next < skipped.length && (skipped[next] ?? 0) < at; next += 1) {
        ignoredWeight += weights[images[skipped[next] ?? 0] ?? 0] ?? 0;
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
      const later = precision[i + 1] ?? 0;
      if (later > (precision[i] ?? 0)) precision[i] = later;
    }
    return count;
  }

  private cocoArea(count: number, total: number): number {
    const { found, precision } = this;
    let sum = 0;
    let next = 0;
    for (let i = 0; i < count; i += 1) {
      const recall = (found[i] ?? 0) / total;
      for (; next < RECALLS.length && (RECALLS[next] ?? 2) <= recall; next += 1) sum += precision[i] ?? 0;
    }
    return sum / RECALLS.length;
  }

  private ultralyticsArea(count: number, total: number): number {
    const { found, precision, afterWrong } = this;
    let sum = 0;
    let next = 0;
    /** The point from which the curve goes on; wrong detections at the same recall lower it. */
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
}

const NOTHING = new Int32Array();
