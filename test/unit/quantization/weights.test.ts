import { describe, expect, it } from 'vitest';
import { floatTensor } from '../../../src-main/onnx/graph/make';
import { amaxPerChannel, WeightScales } from '../../../src-main/quantization/rewrite/weight-scales';
import { quantizeBias, weightScalesFor } from '../../../src-main/quantization/rewrite/weight-quantization';
import { buildModel, pseudoRandom } from '../../support/onnx-builder';

describe('amaxPerChannel', () => {
  it.each([0, 1, 2, 3])('finds the largest magnitude per index of axis %d', (axis) => {
    const dims = [2, 3, 4, 5];
    const values = pseudoRandom(120, 5);
    const expected = new Float32Array(dims[axis] ?? 0);
    for (let a = 0; a < 2; a++)
      for (let b = 0; b < 3; b++)
        for (let c = 0; c < 4; c++)
          for (let d = 0; d < 5; d++) {
            const channel = [a, b, c, d][axis] ?? 0;
            const magnitude = Math.abs(values[((a * 3 + b) * 4 + c) * 5 + d] ?? 0);
            expected[channel] = Math.max(expected[channel] ?? 0, magnitude);
          }
    expect(amaxPerChannel(values, dims, axis)).toEqual(expected);
  });
});

describe('WeightScales', () => {
  it('tells the largest weight and names an initializer that is absent', () => {
    const weights = new WeightScales(
      buildModel({ outputs: {}, nodes: [], initializers: [floatTensor('w', [2, 2], [1, -7, 3, 2])] }),
    );
    expect(weights.amax('w')).toBe(7);
    expect([...weights.channelAmax('w', 1)]).toEqual([3, 7]);
    expect(() => weights.amax('v')).toThrow('"v"');
  });

  it('sums weights of a channel, of one group where there are groups, of very many channels too', () => {
    // Two groups of one input channel each, two output channels: [[1, -2], [3, 4]].
    const weights = new WeightScales(
      buildModel({
        outputs: {},
        nodes: [],
        initializers: [
          floatTensor('w', [2, 2, 1, 1], [1, -2, 3, 4]),
          floatTensor(
            'wide',
            [200_000, 1],
            Array.from({ length: 200_000 }, (_, i) => i % 7),
          ),
        ],
      }),
    );
    expect([weights.largestAbsSum('w', 0), weights.largestAbsSum('w', 1), weights.largestAbsSum('w', 1, 2)]).toEqual([
      7, 6, 4,
    ]);
    expect(weights.largestAbsSum('wide', 0)).toBe(6);
  });
});

describe('weightScalesFor', () => {
  it('is max|w| / 127 without a bias, and with one that fits', () => {
    expect([...weightScalesFor(Float32Array.of(127, 254), null).values]).toEqual([1, 2]);
    expect(weightScalesFor(Float32Array.of(127), { values: Float32Array.of(5), dataScale: 0.5 })).toEqual({
      values: Float32Array.of(1),
      isRaised: false,
    });
  });

  it('raises the scale of a channel whose bias would not fit 31 bits', () => {
    const { values, isRaised } = weightScalesFor(Float32Array.of(0, 127), {
      values: Float32Array.of(3, 3),
      dataScale: 0.25,
    });
    expect(isRaised).toBe(true);
    expect(values[1]).toBe(1);
    const bias = quantizeBias(Float32Array.of(3, 3), values, 0.25);
    expect((bias.values[0] ?? 0) * (bias.scales[0] ?? 0)).toBeCloseTo(3, 6);
    expect(bias.values[0]).toBeLessThanOrEqual(2 ** 30 + 64);
    expect(bias.values[1]).toBe(12);
  });
});
