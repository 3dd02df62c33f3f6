import type { SensitivityResult } from '../../../src-shared/domain/analysis/analysis';

/** Scores that are minus a SQNR: they have no zero that means "no damage". */
export function isErrorLevel({ kind, metric }: Pick<SensitivityResult, 'kind' | 'metric'>): boolean {
  return metric === 'sqnr' && kind !== 'release';
}

/**
 * How much every layer matters beside the one that matters most, 0..1. Gains and losses count from 0 (what is not above it
 * is 0), levels of error from the smallest one of the answer.
 */
export function damageShares(
  result: Pick<SensitivityResult, 'kind' | 'metric' | 'layers'>,
): ReadonlyMap<string, number> {
  const scores = result.layers.map(({ score }) => score).filter(Number.isFinite);
  const most = scores.reduce((high, score) => Math.max(high, score), Number.NEGATIVE_INFINITY);
  const least = isErrorLevel(result)
    ? scores.reduce((low, score) => Math.min(low, score), Number.POSITIVE_INFINITY)
    : 0;
  return new Map(result.layers.map(({ layer, score }) => [layer, shareOf(score, least, most)]));
}

function shareOf(score: number, least: number, most: number): number {
  if (!Number.isFinite(score) || most < least) return 0;
  // No gain at all: nothing matters. Errors that are all equal: each matters as much as the worst.
  if (most === least) return least === 0 ? 0 : 1;
  return Math.max(0, (score - least) / (most - least));
}
