import { expect, it } from 'vitest';
import type { StoredCalibration } from '../../../src-main/calibration/histograms/calibration-store';
import { thresholdsInUse } from '../../../src-main/calibration/histograms/threshold-table';

const METHODS = { minmax: 4, entropy: 3, percentile: 2, mse: 1 };
const choices: Parameters<typeof thresholdsInUse>[1] = {
  method: 'imported',
  percentile: 99.99,
  tensorMethods: {},
  manualThresholds: {},
  importedThresholds: { a: 5 },
  plan: { layers: {} },
  target: 'tensorrt',
};

/** A calibration of two tensors; of its histograms nothing is asked. */
function stored(auto: Readonly<Record<string, number>> | null): StoredCalibration {
  const tensors = ['a', 'b'].map((name) => ({ name, min: -4, max: 4, thresholds: METHODS }));
  return {
    index: { tensors },
    tensorrtThresholds: () => null,
    autoThresholds: () => auto,
    learnedParameters: () => null,
    bestDecisions: () => ({ decisions: [] }),
  } as unknown as StoredCalibration;
}

it('a cache need not name tensors that no target in use asks for', () => {
  expect(thresholdsInUse(stored(null), choices)).toEqual({ a: 5 });
  expect(thresholdsInUse(stored({ b: 6 }), { ...choices, method: 'auto' })).toEqual({ b: 6 });
});

it('a method that was never computed is asked for at once', () => {
  expect(() => thresholdsInUse(stored(null), { ...choices, importedThresholds: {} })).toThrow(
    /no threshold of method imported for tensor "a"/,
  );
  expect(() => thresholdsInUse(stored(null), { ...choices, method: 'auto' })).toThrow(
    /no threshold of method auto for tensor "a"/,
  );
});
