import type { TuningCandidate } from '../../../src-shared/domain/analysis/tuning';
import { isSamePlan } from '../../../src-shared/domain/project/precision';

/** Latencies that differ by less than this share are equal: two runs of one engine differ as much. */
export const EQUAL_LATENCY = 0.01;

/**
 * Index of the fastest candidate, by the geometric mean of its latencies over the batch sizes. The fastest one with the
 * plan of the first candidate (FP16) is preferred to equally fast ones, because it loses no accuracy.
 */
export function fastestCandidate(candidates: readonly Pick<TuningCandidate, 'latencyMs' | 'layers'>[]): number {
  const scores = candidates.map(({ latencyMs }) => {
    const values = Object.values(latencyMs);
    return values.length === 0
      ? Number.POSITIVE_INFINITY
      : values.reduce((total, ms) => total + Math.log(ms), 0) / values.length;
  });
  const best = Math.min(...scores);
  const bestFp16 = Math.min(...scores.filter((_, i) => isFirstPlan(candidates, i)));
  return scores.indexOf(bestFp16 <= best + Math.log(1 + EQUAL_LATENCY) ? bestFp16 : best);
}

/** Whether a candidate has the plan of the first one, all layers in floating point. */
export function isFirstPlan(candidates: readonly Pick<TuningCandidate, 'layers'>[], index: number): boolean {
  return isSamePlan(candidates[0]?.layers ?? {}, candidates[index]?.layers ?? {});
}
