import { count, type InferOutput, list, nullable, number, object, oneOf, optional, string } from '../../base/schema';
import { DETECTION_CONVENTIONS, type DetectionConvention } from '../tasks/task';
import { type ClassCurve, classCurves, PrecisionCalculator, sortDetections, truthTotal } from './average-precision';
import { foundBit, IOU_COUNT, type MatchedImage, rangeCount, SIZE_RANGES, type SizeRange } from './detection-matching';

const fraction = nullable(number);

export const detectionClassSchema = object({
  /** Class index. */
  label: count,
  name: optional(string),
  /** Number of objects that count. */
  truths: count,
  ap: number,
  ap50: number,
});
/** Average precision of one class; fractions from 0 to 1. */
export type DetectionClass = InferOutput<typeof detectionClassSchema>;

export const detectionSummarySchema = object({
  convention: oneOf(...DETECTION_CONVENTIONS),
  /** Mean over IoU 0.50:0.05:0.95 and over the classes that have objects. */
  ap: fraction,
  ap50: fraction,
  ap75: fraction,
  /** By the area of the object: up to 32 x 32 pixels, up to 96 x 96, above. Only for the convention `coco`. */
  apSmall: optional(fraction),
  apMedium: optional(fraction),
  apLarge: optional(fraction),
  /** Recall with at most 1, 10 and 100 detections of a class in an image. Only for the convention `coco`. */
  ar1: optional(fraction),
  ar10: optional(fraction),
  ar100: optional(fraction),
  arSmall: optional(fraction),
  arMedium: optional(fraction),
  arLarge: optional(fraction),
  /** Classes that have objects, ascending. */
  perClass: list(detectionClassSchema),
});
/** The scores of a detector on a set of images, as fractions from 0 to 1; null where no object counts. */
export type DetectionSummary = InferOutput<typeof detectionSummarySchema>;

const IOU_50 = 0;
const IOU_75 = 5;

/** All scores over the given images; null entries (unreadable images) do not count. */
export function summarizeDetections(
  images: readonly (MatchedImage | null)[],
  convention: DetectionConvention,
): DetectionSummary {
  const sorted = sortDetections(images, convention);
  const curves = classCurves(sorted);
  const calculator = new PrecisionCalculator(curves, convention);
  const table = curves.flatMap((curve) => {
    const precisions = calculator.ofClass(curve, null);
    return precisions === null ? [] : [{ curve, precisions }];
  });
  const atIou = (iou: number): number | null => finite(meanOf(table.map(({ precisions }) => precisions[iou] ?? 0)));
  const common = {
    convention,
    ap: finite(calculator.mean(null)),
    ap50: atIou(IOU_50),
    ap75: atIou(IOU_75),
  };
  const perClass = table.map(({ curve, precisions }): DetectionClass => ({
    label: curve.label,
    truths: truthTotal(curve, null),
    ap: meanOf(precisions),
    ap50: precisions[IOU_50] ?? 0,
  }));
  if (convention === 'ultralytics') return { ...common, perClass };
  const bySize = (name: SizeRange): readonly [ClassCurve[], number] => {
    const range = SIZE_RANGES.findIndex((own) => own.name === name);
    return [classCurves(sorted, range), range];
  };
  const small = bySize('small');
  const medium = bySize('medium');
  const large = bySize('large');
  return {
    ...common,
    apSmall: finite(new PrecisionCalculator(small[0], convention).mean(null)),
    apMedium: finite(new PrecisionCalculator(medium[0], convention).mean(null)),
    apLarge: finite(new PrecisionCalculator(large[0], convention).mean(null)),
    ar1: averageRecall(images, curves, 0, 1),
    ar10: averageRecall(images, curves, 0, 10),
    ar100: averageRecall(images, curves, 0, 100),
    arSmall: averageRecall(images, ...small, 100),
    arMedium: averageRecall(images, ...medium, 100),
    arLarge: averageRecall(images, ...large, 100),
    perClass,
  };
}

/**
 * Mean over classes and IoU thresholds of the part of the objects that are found by the `limit` best detections of
 * their class in each image; null without objects.
 */
function averageRecall(
  images: readonly (MatchedImage | null)[],
  curves: readonly ClassCurve[],
  range: number,
  limit: number,
): number | null {
  const found = new Map<number, Uint32Array>(curves.map(({ label }) => [label, new Uint32Array(IOU_COUNT)]));
  const ranges = rangeCount('coco');
  for (const matched of images) {
    if (matched === null) continue;
    let rank = 0;
    for (const [d, label] of matched.classes.entries()) {
      rank = d > 0 && matched.classes[d - 1] === label ? rank + 1 : 0;
      const own = found.get(label);
      const flags = matched.flags[d * ranges + range] ?? 0;
      if (own === undefined || rank >= limit || flags === 0) continue;
      for (let t = 0; t < IOU_COUNT; t += 1) if ((flags & foundBit(t)) !== 0) own[t] = (own[t] ?? 0) + 1;
    }
  }
  const recalls = curves.map((curve) => meanOf(found.get(curve.label) ?? []) / truthTotal(curve, null));
  return finite(meanOf(recalls));
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i] ?? 0;
  return sum / values.length;
}

/** JSON has no NaN: a score over no objects is null. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
