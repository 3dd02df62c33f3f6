import { describe, expect, it } from 'vitest';
import { findAnomalies, MIN_RUNS } from '../../../../src-shared/domain/history/anomalies';
import { trendOf } from '../../../../src-shared/domain/history/trend';
import { entryAt } from './entries';

const GAINS = [1.9, 2.0, 2.2, 2.1, 2.05, 1.95, 2.0, 2.1, 2.15];
const earlier = GAINS.map((gain, i) => entryAt(i, { values: { gain } }));

describe('findAnomalies', () => {
  it('names an unusual value with what was usual', () => {
    const { anomalies, causes } = findAnomalies(entryAt(9, { values: { gain: 1.1 } }), earlier);
    expect(anomalies).toMatchObject([{ metric: 'gain', direction: 'worse', runs: 9, least: 1.9, most: 2.2 }]);
    expect(anomalies[0]?.message).toBe(
      'Speed against FP32 1.10x is unusual for this project: 9 earlier runs were 1.90x to 2.20x',
    );
    expect(causes.map(({ code }) => code)).toEqual(['nothing-changed']);
  });

  it('finds nothing in a usual value, and tells better from worse', () => {
    expect(findAnomalies(entryAt(9, { values: { gain: 2.2 } }), earlier).anomalies).toEqual([]);
    const better = findAnomalies(entryAt(9, { values: { gain: 3 } }), earlier).anomalies;
    expect(better[0]?.direction).toBe('better');
  });

  it('judges costs per hardware and version only, and says when runs are too few', () => {
    const current = entryAt(9, { values: { gain: 1.1 }, software: 'calib 0.2.0' });
    expect(findAnomalies(current, earlier)).toMatchObject({ anomalies: [], tooFew: [{ metric: 'gain', runs: 0 }] });
    const few = findAnomalies(entryAt(9, { values: { gain: 1.1 } }), earlier.slice(0, MIN_RUNS - 1));
    expect(few).toMatchObject({ anomalies: [], tooFew: [{ metric: 'gain', runs: MIN_RUNS - 1 }] });
  });

  it('looks for causes in what changed', () => {
    const slow = { values: { gain: 1.1 }, model: 'ab'.repeat(32), warnings: ['latency-unsteady'] };
    const { causes } = findAnomalies(entryAt(9, slow), [
      ...earlier.slice(0, 8),
      entryAt(8, { values: { gain: 2 }, model: 'cd'.repeat(32) }),
    ]);
    expect(causes.map(({ code }) => code)).toEqual(['unsteady', 'model']);
    expect(causes[1]?.message).toBe('the model changed from cdcdcdcdcdcd to abababababab');
  });

  it('is not misled by a lower measure where less is better', () => {
    const error = (i: number, measure: number) =>
      entryAt(i, { values: { measure }, measureName: 'error', higherIsBetter: false });
    const before = Array.from({ length: 10 }, (_, i) => error(i, 3 + (i % 3) / 20));
    expect(findAnomalies(error(10, 5), before).anomalies[0]?.direction).toBe('worse');
  });
});

describe('trendOf', () => {
  it('is sorted by time and marks what changed', () => {
    const points = trendOf(
      [
        entryAt(2, { values: { latencyMs: 3 }, hardware: 'other' }),
        entryAt(0, { values: { latencyMs: 1 } }),
        entryAt(1, { values: {} }),
        entryAt(3, { values: { latencyMs: 4 }, hardware: 'other', software: 'calib 9' }),
      ],
      'latencyMs',
    );
    expect(points.map(({ value, changes }) => [value, changes])).toEqual([
      [1, []],
      [3, ['hardware']],
      [4, ['software']],
    ]);
  });
});
