import { describe, expect, it } from 'vitest';
import { createPartialLines } from '../../../src-main/cli/partial-lines';

describe('createPartialLines', () => {
  it('says each layer, threshold and plan once', () => {
    const lines = createPartialLines();
    const layer = { layer: 'c1', op: 'Conv', score: 3.62 };
    const sensitivity = { kind: 'sensitivity', question: 'release', measured: 1, total: 2, layers: [layer] } as const;
    expect(lines(undefined)).toEqual([]);
    expect(lines(sensitivity)).toEqual(['  c1: +3.6 dB in floating point']);
    expect(lines({ ...sensitivity, measured: 2, layers: [{ ...layer, layer: 'c2', score: 9 }, layer] })).toEqual([
      '  c2: +9.0 dB in floating point',
    ]);
    const change = { tensor: 't', method: 'mse', error: 0.0125 } as const;
    expect(lines({ kind: 'auto', decided: 1, total: 9, error: 0.0125, changes: [change] })).toEqual([
      '  t: mse, error 0.0125',
    ]);
    const quality = { nmse: 0.01, agreement: 99.5 };
    expect(lines({ kind: 'search', plans: [{ released: 1, quality, meetsLimit: false }] })).toEqual([
      '  1 layer in FP16: agreement 99.50 %, beyond the limits',
    ]);
  });

  it('says what the other questions of sensitivity answer', () => {
    const layers = [{ layer: 'c', op: 'Conv', score: -21.4 }];
    const base = { kind: 'sensitivity', measured: 1, total: 1, layers } as const;
    expect(createPartialLines()({ ...base, question: 'cause' })).toEqual(['  c: 21.4 dB if it alone is INT8']);
    expect(createPartialLines()({ ...base, question: 'visible' })).toEqual(['  c: 21.4 dB at its output']);
  });
});
