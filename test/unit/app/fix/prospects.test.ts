import { describe, expect, it } from 'vitest';
import { expectedLoss, keepsLoss, mayMeet, trendOfLoss } from '../../../../src-main/app/fix/prospects';
import type { FixPlan } from '../../../../src-shared/domain/analysis/fix';

/** A plan that lost `drop` points where `limit` is allowed. */
function judged(error: number, drop: number | undefined, limit: number | null, name = 'maxDrop'): FixPlan {
  const gates =
    limit === null ? [] : [{ name, limit, value: drop ?? null, met: false, state: 'missed', variant: 'mixed' }];
  return { error, gates, fp16Layers: [], ...(drop === undefined ? {} : { drop }) } as unknown as FixPlan;
}

describe('the loss that an output error lets one expect', () => {
  it('is in proportion to the error of the judged plan with the nearest error', () => {
    const plans = [judged(0.8, 12, 1.5), judged(0.2, 2.7, 1.5)];
    expect(expectedLoss(0.4, [plans[0] as FixPlan])).toBeCloseTo(4);
    expect(expectedLoss(0.1, plans)).toBeCloseTo(0.9);
    expect(mayMeet(0.1, plans)).toBe(true);
    expect(mayMeet(0.4, plans)).toBe(false);
  });

  it.each([
    ['no plan was judged', []],
    ['no gate limits the loss', [judged(0.8, 12, null)]],
    ['only the worst group is limited', [judged(0.8, 12, 1, 'maxWorstGroupDrop')]],
    ['nothing may be lost', [judged(0.8, 12, 0)]],
    ['the plan lost nothing', [judged(0.8, -0.2, 1)]],
    ['there is no measure', [judged(0.8, undefined, 1)]],
    ['the outputs were not finite', [judged(Number.POSITIVE_INFINITY, 12, 1)]],
  ])('is unknown if %s, and then every plan is judged', (_, plans) => {
    expect(expectedLoss(0.4, plans)).toBeNull();
    expect(mayMeet(0.4, plans)).toBe(true);
  });
});

describe('repairs that make the output error smaller', () => {
  it('keep the loss if the measure moves by chance only', () => {
    const plans = [judged(0.018, 0.65, 0.3), judged(0.0125, 0.6, 0.3)];
    expect(keepsLoss(0.018, 0.0125, plans)).toBe(true);
    expect(keepsLoss(0.018, 0.0125, [judged(0.018, 0.65, 0.3), judged(0.0125, 0.3, 0.3)])).toBe(false);
    expect(keepsLoss(0.018, 0.0125, [judged(0.018, undefined, 0.3)])).toBe(false);
  });

  it('point to the loss that is left for a smaller error', () => {
    const flat = [judged(0.018, 0.65, 0.3), judged(0.0155, 0.65, 0.3), judged(0.0125, 0.6, 0.3)];
    expect(trendOfLoss(0.004, flat)).toBeGreaterThan(1.6);
    const steep = [judged(0.018, 0.6, 0.3), judged(0.012, 0.4, 0.3), judged(0.006, 0.2, 0.3)];
    expect(trendOfLoss(0.003, steep)).toBeCloseTo(1 / 3);
  });

  it('point to nothing with few plans, equal errors, or layers in FP16', () => {
    const [first, second] = [judged(0.018, 0.65, 0.3), judged(0.0125, 0.6, 0.3)];
    expect(trendOfLoss(0.004, [first, second])).toBeNull();
    expect(trendOfLoss(0.004, [first, judged(0.0175, 0.6, 0.3), judged(0.017, 0.6, 0.3)])).toBeNull();
    expect(trendOfLoss(0.004, [first, second, { ...judged(0.01, 0.2, 0.3), fp16Layers: ['a'] }])).toBeNull();
  });
});
