import { describe, expect, it } from 'vitest';
import { changedRuns } from '../../../src-main/analysis/changed-runs';
import type { Trial } from '../../../src-main/analysis/trials';

const PARTS: Readonly<Record<string, number>> = { early: 0.9, late: 0.2 };
const part = {
  ofLayers: (layers: readonly string[]) => Math.max(0, ...layers.map((layer) => PARTS[layer] ?? 0)),
  ofTensor: (tensor: string) => PARTS[tensor] ?? 0,
};
const base: Trial = { plan: { layers: {} }, thresholds: { early: 1, late: 1 } };
const released: Trial = { ...base, plan: { layers: { late: 'fp16' } } };

describe('changedRuns', () => {
  it('counts models from the first layer or threshold on that differs', () => {
    const wider = { ...base, thresholds: { early: 1, late: 2 } };
    expect(changedRuns([base, wider, released], 10, part)).toEqual({
      passes: 10 + 2 + 2,
      fp16Passes: 2,
      trials: 3,
      opens: 2,
    });
  });

  it('counts a model with other biases as a whole', () => {
    expect(changedRuns([base, { ...base, biases: [] }], 10, part)).toMatchObject({ passes: 20, trials: 2 });
  });
});
