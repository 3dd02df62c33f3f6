import type { TuningCandidate } from '../../../src-shared/domain/analysis/tuning';

/** Latencies that differ by less than this share are equal: two runs of one engine differ as much. */
export const EQUAL_LATENCY = 0.01;

/**
 * Index of the fastest candidate, by the geometric mean of its latencies over the batch sizes. The first candidate
 * (FP16) is preferred to equally fast ones, because it loses no accuracy.
 */
export function fastestCandidate(candidates: readonly Pick<TuningCandidate, 'latencyMs'>[]): number {
  const scores = candidates.map(({ latencyMs }) => {
    const values = Object.values(latencyMs);
    return values.length === 0
      ? Number.POSITIVE_INFINITY
      : values.reduce((total, ms) => total + Math.log(ms), 0) / values.length;
  });
  const best = Math.min(...scores);
  const [first = best] = scores;
  return first <= best + Math.log(1 + EQUAL_LATENCY) ? 0 : scores.indexOf(best);
}
