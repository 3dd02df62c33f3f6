import type { RegionCounts } from '../tasks/answer';

/**
 * Counts the pixels of two label maps of the same size. Pixels whose true label is `ignoreIndex` or not a class are
 * left out; pixels that the answer assigns to no class count for the truth only.
 */
export function countRegions(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  classes: number,
  ignoreIndex?: number,
): RegionCounts {
  if (predicted.length !== truth.length) {
    throw new RangeError(`Expected two label maps of one size, found ${predicted.length} and ${truth.length} pixels`);
  }
  const counts = {
    intersection: new Uint32Array(classes),
    predicted: new Uint32Array(classes),
    truth: new Uint32Array(classes),
  };
  for (let i = 0; i < truth.length; i += 1) {
    const expected = truth[i] ?? -1;
    if (expected === ignoreIndex || !(expected >= 0 && expected < classes)) continue;
    const found = predicted[i] ?? -1;
    counts.truth[expected] = (counts.truth[expected] ?? 0) + 1;
    if (found >= 0 && found < classes) counts.predicted[found] = (counts.predicted[found] ?? 0) + 1;
    if (found === expected) counts.intersection[expected] = (counts.intersection[expected] ?? 0) + 1;
  }
  return counts;
}

/** Sums of pixels by class over a selection of images. */
export interface RegionSums {
  readonly intersection: Float64Array;
  readonly predicted: Float64Array;
  readonly truth: Float64Array;
}

/** @param weights one entry per image: how often it counts; null: once each. Null images do not count. */
export function sumRegions(images: readonly (RegionCounts | null)[], weights: ArrayLike<number> | null): RegionSums {
  const classes = images.reduce((most, image) => Math.max(most, image?.truth.length ?? 0), 0);
  const sums = {
    intersection: new Float64Array(classes),
    predicted: new Float64Array(classes),
    truth: new Float64Array(classes),
  };
  for (let i = 0; i < images.length; i += 1) {
    const image = images[i];
    const weight = weights === null ? 1 : (weights[i] ?? 0);
    if (!image || weight === 0) continue;
    for (let c = 0; c < classes; c += 1) {
      sums.intersection[c] = (sums.intersection[c] ?? 0) + weight * (image.intersection[c] ?? 0);
      sums.predicted[c] = (sums.predicted[c] ?? 0) + weight * (image.predicted[c] ?? 0);
      sums.truth[c] = (sums.truth[c] ?? 0) + weight * (image.truth[c] ?? 0);
    }
  }
  return sums;
}

/** Scores of one class, fractions from 0 to 1. */
export interface ClassRegions {
  readonly label: number;
  /** Pixels of the truth. */
  readonly truth: number;
  /** Intersection over union of the pixels of all images. */
  readonly iou: number;
  /** 2 intersection / (predicted + truth), also known as F1. */
  readonly dice: number;
}

/** The classes that occur in the truth, ascending. */
export function classRegions({ intersection, predicted, truth }: RegionSums): ClassRegions[] {
  return [...truth.keys()].flatMap((label) => {
    const own = truth[label] ?? 0;
    if (own === 0) return [];
    const inner = intersection[label] ?? 0;
    const both = own + (predicted[label] ?? 0);
    return [{ label, truth: own, iou: inner / (both - inner), dice: (2 * inner) / both }];
  });
}

/** Mean intersection over union of the classes that occur in the truth, 0 to 1; NaN if none does. */
export function meanIou({ intersection, predicted, truth }: RegionSums): number {
  let sum = 0;
  let classes = 0;
  for (let c = 0; c < truth.length; c += 1) {
    const own = truth[c] ?? 0;
    if (own === 0) continue;
    const inner = intersection[c] ?? 0;
    sum += inner / (own + (predicted[c] ?? 0) - inner);
    classes += 1;
  }
  return sum / classes;
}

/** The part of the pixels whose class is right, 0 to 1; NaN without pixels. */
export function pixelAccuracy({ intersection, truth }: RegionSums): number {
  const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
  return total(intersection) / total(truth);
}
