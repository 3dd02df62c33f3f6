import type { ThresholdTable } from '../../../src-shared/contract/views';
import type { DiagnosisResult } from '../../../src-shared/domain/analysis/analysis';

/** As many as a diagnosis names, and from the same share on. */
const SHOWN_TENSORS = 12;
const WORTH_NAMING = 0.001;

export type ClippedTensor = DiagnosisResult['clipped'][number];

/**
 * The tensors whose thresholds in use clip most of a group of the calibration set, worst first: what the stored histograms tell
 * without running the model. null where the calibration set has no group of that name.
 */
export function knownClipping(
  { tensors }: Pick<ThresholdTable, 'tensors'>,
  group: string,
): readonly ClippedTensor[] | null {
  const costs = tensors.flatMap(({ name, method, threshold, clippedFraction, costs: all = [] }) => {
    const own = all.find((cost) => cost.method === method && cost.group === group);
    return own === undefined
      ? []
      : [{ tensor: name, threshold, clippedFraction: own.clippedFraction, elsewhere: clippedFraction }];
  });
  if (costs.length === 0) return null;
  return costs
    .filter((cost) => cost.clippedFraction >= WORTH_NAMING)
    .sort((a, b) => b.clippedFraction - a.clippedFraction)
    .slice(0, SHOWN_TENSORS);
}
