import { describe, expect, it } from 'vitest';
import { analyse } from '../../../../src-renderer/features/histogram/analysis';
import { methodCosts } from '../../../../src-renderer/features/histogram/methods';
import { evaluateThreshold } from '../../../../src-shared/domain/histograms/quantization-error';
import { rowOf, viewOf } from './support';

const day = Array.from({ length: 900 }, (_, i) => (i + 0.5) / 900);
const night = Array.from({ length: 100 }, (_, i) => (i + 0.5) / 50);
const view = viewOf({ day, night });
const row = rowOf('x', {
  methods: { minmax: 2, entropy: 1.5, 'entropy-tensorrt': 1 },
  method: 'entropy',
  threshold: 1.5,
});
const costs = methodCosts(analyse(view), row);

describe('methodCosts', () => {
  it('has a row for every method that knows a threshold, TensorRT’s too, and marks the one in use', () => {
    expect(costs.map(({ method, thresholdReal, isInUse }) => [method, thresholdReal, isInUse])).toEqual([
      ['minmax', 2, false],
      ['entropy', 1.5, true],
      ['entropy-tensorrt', 1, false],
    ]);
    expect(costs.map(({ costs: columns }) => columns.map(({ group }) => group))).toEqual(
      Array.from({ length: 3 }, () => [null, 'day', 'night']),
    );
  });

  it('gives the numbers of each group’s own histogram at the method’s threshold', () => {
    for (const { thresholdReal, costs: columns } of costs) {
      const histograms = [view.total, view.groups['day'], view.groups['night']];
      columns.forEach(({ sqnrDb, clippedFraction }, i) => {
        const histogram = histograms[i];
        if (histogram === undefined) throw new Error('no histogram');
        const expected = evaluateThreshold(histogram, thresholdReal);
        expect([sqnrDb, clippedFraction]).toEqual([expected.sqnrDb, expected.clippedFraction]);
      });
    }
  });

  it('shows that a threshold that suits the day clips half of the night', () => {
    const tensorrt = costs.find(({ method }) => method === 'entropy-tensorrt');
    const [, atDay, atNight] = tensorrt?.costs ?? [];
    expect(atDay).toMatchObject({ clippedFraction: 0, isBest: true });
    expect(atNight?.clippedFraction).toBeCloseTo(0.5, 2);
    expect(atNight?.isBest).toBe(false);
  });

  it('has one column without groups, and no rows for a tensor of zeros', () => {
    expect(methodCosts(analyse({ ...view, groups: {} }), row)[0]?.costs).toHaveLength(1);
    expect(methodCosts(analyse(viewOf({ only: [0, 0] })), rowOf('x', { methods: { minmax: 0 } }))).toEqual([]);
  });
});
