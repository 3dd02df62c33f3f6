import { describe, expect, it } from 'vitest';
import { optimismOf } from '../../../../src-main/app/fix/learning-stages';
import { withOptimism } from '../../../../src-main/app/fix/stage';
import type { TrialQuality } from '../../../../src-shared/domain/analysis/analysis';

const quality = (nmse: number, candidateNmse?: number): TrialQuality => ({
  nmse,
  sqnrDb: null,
  worstGroupNmse: null,
  agreement: null,
  top1: null,
  worstGroup: null,
  groupTop1: {},
  ...(candidateNmse === undefined ? {} : { candidateNmse }),
});
const decisions = { method: 'learned', tensorMethods: {}, plan: { layers: {} } } as const;

describe('errors of learned values', () => {
  it('are scaled to the part of the error that is left on unseen images', () => {
    // 0.2 became 0.05 on the images that choose, 0.3 became 0.15 on others.
    const factor = optimismOf(0.05 / 0.2, quality(0.3), quality(0.15));
    const scaled = withOptimism({ decisions, quality: quality(0.05), error: 0.05 }, factor);
    expect(scaled.error).toBeCloseTo(0.1, 12);
    expect(scaled.optimism).toBeCloseTo(2, 12);
  });

  it('are those of the candidates for detectors', () => {
    expect(optimismOf(0.25, quality(0.3, 0.4), quality(0.3, 0.2))).toBeCloseTo(2, 12);
  });

  it('stay as they are where unseen images do better, or tell nothing', () => {
    expect(optimismOf(0.5, quality(0.4), quality(0.1))).toBeUndefined();
    expect(optimismOf(0.5, quality(0), quality(0.1))).toBeUndefined();
    expect(withOptimism({ decisions, quality: quality(0.05), error: 0.05 }, undefined).error).toBe(0.05);
  });
});
