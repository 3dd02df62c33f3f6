import { describe, expect, it } from 'vitest';
import { advanceRate, etaSeconds, type RateState } from '../../../src-shared/contract/progress-rate';

const at = (done: number, total = 100, phase = 'collecting') => ({ phase, done, total, unit: 'images' });

function run(steps: readonly (readonly [ms: number, done: number])[]): RateState {
  let state = advanceRate(null, at(0), 0);
  for (const [ms, done] of steps) state = advanceRate(state, at(done), ms);
  return state;
}

describe('advanceRate', () => {
  it('finds a constant rate, however often it is told', () => {
    const often = run(Array.from({ length: 40 }, (_, index) => [250 * (index + 1), 5 * (index + 1)] as const));
    const seldom = run([
      [4_000, 80],
      [10_000, 200],
    ]);
    expect(often.perSecond).toBeCloseTo(20);
    expect(seldom.perSecond).toBeCloseTo(20);
    expect(etaSeconds(often, at(200, 400))).toBeCloseTo(10);
  });

  it('follows a slower machine without jumping', () => {
    const slowed = run([
      [1_000, 100],
      [2_000, 200],
      [3_000, 210],
    ]);
    expect(slowed.perSecond).toBeGreaterThan(70);
    expect(slowed.perSecond).toBeLessThan(100);
    let state = slowed;
    for (let second = 4; second < 40; second += 1) state = advanceRate(state, at(180 + second * 10), second * 1000);
    expect(state.perSecond).toBeCloseTo(10, 0);
  });

  it('does not count the time to the first unit, in which everything was loaded', () => {
    const state = run([
      [5_000, 1],
      [6_000, 51],
    ]);
    expect(state.perSecond).toBe(50);
  });

  it('does not take a burst of reports as a rate', () => {
    const state = run([[10, 50]]);
    expect(state.perSecond).toBeNull();
    expect(etaSeconds(state, at(50))).toBeNull();
  });

  it('starts again with a phase, or when the count falls', () => {
    const state = run([[1_000, 100]]);
    expect(advanceRate(state, at(3, 10, 'building'), 2_000)).toEqual({
      phase: 'building',
      atMs: 2_000,
      done: 3,
      perSecond: null,
    });
    expect(advanceRate(state, at(1), 2_000).perSecond).toBeNull();
  });

  it('has no estimate without a total or while nothing moves', () => {
    expect(etaSeconds(run([[1_000, 10]]), at(10, 0))).toBeNull();
    expect(etaSeconds(run([[1_000, 0]]), at(0))).toBeNull();
  });
});
