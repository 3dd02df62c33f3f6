import { describe, expect, it } from 'vitest';
import { damageShares } from '../../../../src-renderer/panels/layers/layer-rows';
import type { SensitivityLayer, SensitivityResult } from '../../../../src-shared/domain/analysis/analysis';

const answer = (
  kind: SensitivityResult['kind'],
  metric: SensitivityResult['metric'],
  scores: readonly number[],
): Pick<SensitivityResult, 'kind' | 'metric' | 'layers'> => ({
  kind,
  metric,
  layers: scores.map((score, index): SensitivityLayer => ({
    layer: `l${index}`,
    op: 'Conv',
    score,
    metric,
    quality: null,
    sqnrDb: null,
  })),
});
const shares = (...input: Parameters<typeof answer>): number[] => [...damageShares(answer(...input)).values()];

describe('damageShares', () => {
  it('counts gains from 0: what wins nothing back or costs something is no damage', () => {
    expect(shares('release', 'sqnr', [8, 2, 0, -3])).toEqual([1, 0.25, 0, 0]);
    expect(shares('cause', 'top1', [1, 0.5])).toEqual([1, 0.5]);
  });

  it('counts levels of error from the smallest: minus 12 dB is worse than minus 40 dB', () => {
    expect(shares('visible', 'sqnr', [-12, -26, -40])).toEqual([1, 0.5, 0]);
    expect(shares('cause', 'sqnr', [-20, -20])).toEqual([1, 1]);
  });

  it('has no share of nothing', () => {
    expect(shares('release', 'agreement', [0, 0])).toEqual([0, 0]);
    expect(shares('release', 'agreement', [-1, -2])).toEqual([0, 0]);
    expect(shares('visible', 'sqnr', [Number.NEGATIVE_INFINITY, -20, -30])).toEqual([0, 1, 0]);
    expect(shares('release', 'sqnr', [])).toEqual([]);
  });
});
