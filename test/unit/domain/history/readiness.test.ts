import { describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../../../../src-shared/domain/history/history-entry';
import { estimateReadiness, MIN_READINESS_RUNS } from '../../../../src-shared/domain/history/readiness';
import { entryAt } from './entries';

const gate = (name: string, value: number | null, limit: number): HistoryEntry['gates'][number] => ({
  name,
  value,
  limit,
  state: value === null ? 'unjudged' : 'met',
});
const drops = (values: readonly number[]): HistoryEntry[] =>
  values.map((value, i) => entryAt(i, { gates: [gate('maxDrop', value, 0.5)] }));

describe('estimateReadiness', () => {
  it('refuses with too few runs, without gates, and where the newest run judged nothing', () => {
    expect(estimateReadiness([])).toMatchObject({ state: 'refused', code: 'no-gates' });
    expect(estimateReadiness(drops([1, 2, 3]))).toMatchObject({
      code: 'few-runs',
      reason: `an estimate needs ${MIN_READINESS_RUNS} comparable runs, found 3`,
    });
    const open = entryAt(9, { gates: [gate('maxDrop', null, 0.5)] });
    expect(estimateReadiness([...drops([1, 1, 1, 1, 1, 1, 1, 1, 1]), open])).toMatchObject({ code: 'unjudged' });
  });

  it('leaves out runs on other hardware', () => {
    const runs = drops([1, 2, 1, 2, 1, 2, 1, 2, 1]);
    const [first, ...rest] = runs;
    expect(estimateReadiness(runs).state).toBe('estimated');
    expect(estimateReadiness([{ ...(first ?? entryAt(0)), hardware: 'x' }, ...rest.slice(0, 7)])).toMatchObject({
      code: 'few-runs',
    });
  });

  it('is sure where every run is far within or beyond its limit', () => {
    const near = (level: number): number[] => Array.from({ length: 10 }, (_, i) => level + (i % 3) / 50);
    expect(estimateReadiness(drops(near(0.1)))).toMatchObject({ probability: expect.closeTo(1, 2) as number });
    expect(estimateReadiness(drops(near(0.9)))).toMatchObject({
      probability: expect.closeTo(0, 2) as number,
      outlook: { likelyAt: null, safeOn: null },
    });
  });

  it('sees when a clear trend meets the limit, with dates at the usual pace', () => {
    const values = Array.from({ length: 12 }, (_, i) => 2 - 0.1 * i + (i % 2) / 50);
    const readiness = estimateReadiness(drops(values));
    if (readiness.state !== 'estimated') throw new Error(readiness.reason);
    const { outlook, inputs, probability, tightest } = readiness;
    expect(probability).toBeLessThan(0.01);
    expect(tightest).toMatchObject({ name: 'maxDrop', limit: 0.5 });
    expect(inputs).toMatchObject({
      runs: 12,
      daysPerRun: 1,
      gates: [{ name: 'maxDrop', change: expect.closeTo(-0.1, 2) as number }],
    });
    // The last value is 0.92; 0.1 less with every run.
    expect(outlook.likelyAt).toBe(5);
    expect(outlook.safeAt).toBeGreaterThanOrEqual(5);
    expect(outlook.likelyOn?.slice(0, 10)).toBe('2026-01-17');
  });
});
