import type { RegionCounts } from '../tasks/answer';
import type { DetectionConvention } from '../tasks/task';
import { classCurves, PrecisionCalculator, sortDetections, truthTotal } from './average-precision';
import { countsOf, imageF1 } from './detection-images';
import type { MatchedImage } from './detection-matching';
import type { ClassValue, MeasuredSet } from './judge';
import { classRegions, meanIou, sumRegions } from './regions';
import type { Retrieval } from './retrieval';

/**
 * AP in points over images whose detections were matched with the truth.
 * @param images null: the image does not count.
 */
export function detectionSet(images: readonly (MatchedImage | null)[], convention: DetectionConvention): MeasuredSet {
  const calculator = new PrecisionCalculator(classCurves(sortDetections(images, convention)), convention);
  return {
    name: 'AP',
    higherIsBetter: true,
    counts: images.map((image) => image !== null),
    valueOf: (weights) => 100 * calculator.mean(weights),
    classes: () =>
      calculator.curves.flatMap((curve): ClassValue[] => {
        const own = calculator.ofClass(curve, null);
        if (own === null) return [];
        const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
        return [{ label: curve.label, truths: truthTotal(curve, null), value: 100 * mean }];
      }),
    imageScores: () => images.map((image) => (image === null ? Number.NaN : imageF1(countsOf(image, convention)))),
  };
}

/** mIoU in points over images whose regions were counted. @param images null: the image does not count. */
export function segmentationSet(images: readonly (RegionCounts | null)[]): MeasuredSet {
  return {
    name: 'mIoU',
    higherIsBetter: true,
    counts: images.map((image) => image !== null),
    valueOf: (weights) => 100 * meanIou(sumRegions(images, weights)),
    classes: () =>
      classRegions(sumRegions(images, null)).map(({ label, truth, iou }) => ({
        label,
        truths: truth,
        value: 100 * iou,
      })),
    imageScores: () => images.map((image) => (image === null ? Number.NaN : 100 * meanIou(sumRegions([image], null)))),
  };
}

/**
 * Top-1 in percent, or agreement if the answers of FP32 are given as labels.
 * @param answers class index per image; -1 without an answer, which is wrong.
 * @param labels class index per image; below 0: the image does not count.
 */
export function classificationSet(answers: ArrayLike<number>, labels: ArrayLike<number>, name = 'top-1'): MeasuredSet {
  const scores = Array.from(labels, (label, image) => (label < 0 ? Number.NaN : answers[image] === label ? 100 : 0));
  return { ...meanSet(name, scores, labels), isShareOfImages: true };
}

/** Recall at 1 in percent of the queries: the nearest other image has the label of the query. */
export function retrievalSet({ recallAt1 }: Pick<Retrieval, 'recallAt1'>, labels: ArrayLike<number>): MeasuredSet {
  return {
    ...meanSet(
      'recall@1',
      Array.from(recallAt1, (value) => 100 * value),
      labels,
    ),
    isShareOfImages: true,
  };
}

/** Mean cosine to the embedding of FP32, times 100; an embedding that is not comparable counts as 0. */
export function cosineSet(cosines: ArrayLike<number>, counts: readonly boolean[]): MeasuredSet {
  return meanSet(
    'cosine to FP32',
    counts.map((own, image) => {
      const value = cosines[image] ?? Number.NaN;
      if (!own) return Number.NaN;
      return Number.isNaN(value) ? 0 : 100 * value;
    }),
  );
}

/**
 * The mean of one score per image.
 * @param scores higher is better; NaN: the image does not count.
 * @param labels class index per image, for the values per class.
 */
export function meanSet(name: string, scores: readonly number[], labels: ArrayLike<number> = []): MeasuredSet {
  return {
    name,
    higherIsBetter: true,
    counts: scores.map((score) => !Number.isNaN(score)),
    valueOf: (weights) => {
      let sum = 0;
      let images = 0;
      for (let i = 0; i < scores.length; i += 1) {
        const score = scores[i] ?? Number.NaN;
        const weight = weights[i] ?? 0;
        if (weight === 0 || Number.isNaN(score)) continue;
        sum += weight * score;
        images += weight;
      }
      return sum / images;
    },
    classes: () => {
      const byClass = new Map<number, { sum: number; images: number }>();
      for (const [i, score] of scores.entries()) {
        const label = labels[i] ?? -1;
        if (Number.isNaN(score) || label < 0) continue;
        const own = byClass.get(label) ?? { sum: 0, images: 0 };
        byClass.set(label, { sum: own.sum + score, images: own.images + 1 });
      }
      return [...byClass]
        .sort(([a], [b]) => a - b)
        .map(([label, { sum, images }]) => ({ label, truths: images, value: sum / images }));
    },
    imageScores: () => scores,
  };
}
