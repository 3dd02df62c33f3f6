import { describe, expect, it } from 'vitest';
import { compareDetails, type RunDetails } from '../../../../src-shared/domain/runs/run-details';

const details = (thresholds: Record<string, number>, layers: Record<string, 'int8' | 'fp16'>): RunDetails => ({
  version: 1,
  variant: 'mixed',
  thresholds,
  layers: Object.entries(layers).map(([layer, precision]) => ({ layer, op: 'Conv', precision })),
});

describe('compareDetails', () => {
  it('lists thresholds by the size of their change, and layers of another precision', () => {
    const from = details({ a: 1, b: 1, c: 5, old: 2 }, { conv: 'int8', head: 'int8' });
    const to = details({ a: 1.1, b: 4, c: 5 }, { conv: 'int8', head: 'fp16' });
    expect(compareDetails(from, to)).toEqual({
      thresholds: [
        { name: 'old', from: 2, to: undefined },
        { name: 'b', from: 1, to: 4 },
        { name: 'a', from: 1, to: 1.1 },
      ],
      layers: [{ name: 'head', from: 'int8', to: 'fp16' }],
    });
    expect(compareDetails(from, from)).toEqual({ thresholds: [], layers: [] });
  });
});
