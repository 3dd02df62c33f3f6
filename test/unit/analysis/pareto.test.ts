import { describe, expect, it } from 'vitest';
import { markDominated, markPareto, undominated } from '../../../src-main/analysis/pareto';
import type { SearchPlan, TrialQuality } from '../../../src-shared/domain/analysis/analysis';

const quality = (top1: number): TrialQuality => ({
  nmse: 0.01,
  sqnrDb: 20,
  worstGroupNmse: null,
  agreement: top1,
  top1,
  worstGroup: null,
  groupTop1: {},
});
const plan = (layers: number, top1: number, latencyMs: number, changes: Partial<SearchPlan> = {}): SearchPlan => ({
  fp16Layers: Array.from({ length: layers }, (_, i) => `l${i}`),
  quality: quality(top1),
  latencyMs,
  latencyKind: 'measured',
  meetsLimit: top1 >= 96,
  isPareto: false,
  ...changes,
});
const reference = (latencyMs: number) => ({
  references: [{ variant: 'fp32', latencyMs, latencyKind: 'measured' } as const],
});

describe('undominated', () => {
  it('takes a plan that is faster and better, although it has more layers in FP16', () => {
    const plans = [plan(0, 90, 1), plan(2, 96, 2), plan(5, 96.5, 1.5), plan(7, 96.4, 1.7)];
    expect(undominated(plans, 1)).toBe(2);
    expect(undominated(plans, 2)).toBe(2);
    expect(undominated(plans, null)).toBeNull();
  });

  it('never takes one that misses the limits, or whose latency was not measured the same way', () => {
    expect(undominated([plan(2, 96, 2), plan(5, 96.5, 1.5, { meetsLimit: false })], 0)).toBe(0);
    expect(undominated([plan(2, 96, 2), plan(5, 96.5, 1.5, { latencyKind: 'modelled' })], 0)).toBe(0);
  });
});

describe('markDominated', () => {
  it('names the fastest plan that is at least as good in both', () => {
    const found = markDominated([plan(0, 90, 1), plan(2, 96, 2), plan(5, 96.5, 1.5), plan(3, 96.5, 1.5)], reference(9));
    expect(found.map(({ dominatedBy }) => dominatedBy)).toEqual([undefined, 2, undefined, undefined]);
  });

  it('says when FP32, which loses nothing, is faster', () => {
    const plans = [plan(0, 90, 1), plan(2, 97.5, 3)];
    expect(markDominated(plans, reference(2)).map(({ dominatedBy }) => dominatedBy)).toEqual([undefined, 'fp32']);
    const unclear = plan(2, 96, 2.1, { ratioToFp32: { median: 1.05, p10: 0.9, p90: 1.2 } });
    expect(markDominated([unclear], reference(2))[0]).not.toHaveProperty('dominatedBy');
    const modelled = { references: [{ variant: 'fp32', latencyMs: 2, latencyKind: 'modelled' } as const] };
    expect(markDominated(plans, modelled).map(({ dominatedBy }) => dominatedBy)).toEqual([undefined, undefined]);
  });
});

describe('markPareto', () => {
  it('keeps equal plans, and drops what is beaten in one and equal in the other', () => {
    expect(markPareto([plan(0, 96, 1), plan(1, 96, 1), plan(2, 96, 2)]).map(({ isPareto }) => isPareto)).toEqual([
      true,
      true,
      false,
    ]);
  });
});
