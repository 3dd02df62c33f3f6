import { CONVERGENCE_PARTS, foldsOfPart, type TensorLoss } from '../../../src-shared/domain/health/convergence';
import { ownValue } from '../../../src-shared/base/records';
import { foldHistogram } from '../../../src-shared/domain/histograms/folded-histogram';
import { amaxOf, type HistogramContent } from '../../../src-shared/domain/histograms/histogram';
import { mergeHistograms } from '../../../src-shared/domain/histograms/histogram-merge';
import { isHistogramMethod, type HistogramMethod, type Method } from '../../../src-shared/domain/project/methods';
import { evaluateThreshold, mseThreshold } from '../../../src-shared/domain/histograms/quantization-error';
import { entropyThreshold, percentileThreshold } from '../../../src-shared/domain/histograms/thresholds';
import { foldName, type GroupFolds } from './collect';

/** How the threshold of a tensor is computed. */
export interface ThresholdRule {
  readonly method: Method;
  readonly percentile: number;
}

function thresholdOf(histogram: HistogramContent, method: HistogramMethod, percentile: number): number {
  switch (method) {
    case 'minmax':
      return amaxOf(histogram);
    case 'percentile':
      return percentileThreshold(foldHistogram(histogram), percentile);
    case 'entropy':
      return entropyThreshold(foldHistogram(histogram))?.thresholdReal ?? 0;
    case 'mse':
      return mseThreshold(foldHistogram(histogram));
  }
}

/**
 * SQNR of a tensor with the thresholds from a quarter, a half and three quarters of the images, and from all of them:
 * one entry per part. null if its threshold does not come from a histogram, because it is set by hand or imported.
 * @param histograms by fold name.
 */
export function lossesOf(
  tensor: string,
  groups: readonly GroupFolds[],
  histograms: Readonly<Record<string, HistogramContent>>,
  { method, percentile }: ThresholdRule,
): readonly TensorLoss[] | null {
  if (!isHistogramMethod(method)) return null;
  const whole = mergeHistograms(Object.values(histograms));
  const wholeDb = evaluateThreshold(whole, thresholdOf(whole, method, percentile)).sqnrDb;
  return CONVERGENCE_PARTS.map((part): TensorLoss => {
    if (part === 1) return { tensor, wholeDb, partDb: wholeDb };
    const names = groups.flatMap(({ group, folds }) =>
      folds.slice(0, foldsOfPart(part, folds.length)).map((_, fold) => foldName(group, fold)),
    );
    const some = mergeHistograms(names.flatMap((name) => ownValue(histograms, name) ?? []));
    return { tensor, wholeDb, partDb: evaluateThreshold(whole, thresholdOf(some, method, percentile)).sqnrDb };
  });
}

/** Number of images of each part. */
export function partImages(groups: readonly GroupFolds[]): readonly number[] {
  return CONVERGENCE_PARTS.map((part) =>
    groups.reduce(
      (sum, { folds }) =>
        sum + folds.slice(0, foldsOfPart(part, folds.length)).reduce((images, fold) => images + fold.length, 0),
      0,
    ),
  );
}
