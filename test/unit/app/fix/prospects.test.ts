import { describe, expect, it } from 'vitest';
import { expectedLoss, mayMeet } from '../../../../src-main/app/fix/prospects';
import type { FixPlan } from '../../../../src-shared/domain/analysis/fix';

/** A plan that lost `drop` points where `limit` is allowed. */
function judged(error: number, drop: number | undefined, limit: number | null, name = 'maxDrop'): FixPlan {
  const gates =
    limit === null ? [] : [{ name, limit, value: drop ?? null, met: false, state: 'missed', variant: 'mixed' }];
  return { error, gates, ...(drop === undefined ? {} : { drop }) } as unknown as FixPlan;
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
