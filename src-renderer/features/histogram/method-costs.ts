import type { ThresholdRow } from '../../../src-shared/contract/views';
import type { Method } from '../../../src-shared/domain/project/methods';
import { readingAt, type TensorAnalysis } from './analysis';
import { methodLines } from './methods';

/** What a threshold does to the values of one group, or of the whole set. */
export interface GroupCost {
  /** A group's name; null for the whole set. */
  readonly group: string | null;
  readonly sqnrDb: number;
  /** Share of the values beyond the threshold, 0..1. */
  readonly clippedFraction: number;
  /** No method has a higher SQNR here. */
  readonly isBest: boolean;
}

export interface MethodCost {
  readonly method: Method;
  readonly thresholdReal: number;
  readonly isInUse: boolean;
  /** The whole set first, then the groups in their order. */
  readonly costs: readonly GroupCost[];
}

/** Every method that knows a threshold for the tensor, and what that threshold costs the whole set and each group. */
export function methodCosts(analysis: TensorAnalysis, row: ThresholdRow): readonly MethodCost[] {
  const readings = methodLines(row)
    .filter((line) => line.thresholdReal > 0)
    .map((line) => {
      const reading = readingAt(analysis, line.thresholdReal);
      const costs = [
        { group: null, sqnrDb: reading.sqnrDb, clippedFraction: reading.clippedFraction },
        ...reading.groups.map(({ name, sqnrDb, clippedFraction }) => ({ group: name, sqnrDb, clippedFraction })),
      ];
      return { ...line, costs };
    });
  const best = analysis.groups.reduce((tops, _group, i) => [...tops, topOf(readings, i + 1)], [topOf(readings, 0)]);
  return readings.map((reading) => ({
    ...reading,
    costs: reading.costs.map((cost, i) => ({ ...cost, isBest: cost.sqnrDb === best[i] })),
  }));
}

function topOf(
  readings: readonly { readonly costs: readonly { readonly sqnrDb: number }[] }[],
  column: number,
): number {
  return Math.max(...readings.map(({ costs }) => costs[column]?.sqnrDb ?? Number.NEGATIVE_INFINITY));
}
