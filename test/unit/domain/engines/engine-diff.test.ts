import { describe, expect, it } from 'vitest';
import { diffEngines } from '../../../../src-shared/domain/engines/engine-diff';
import type { EngineLayer, EngineType } from '../../../../src-shared/domain/engines/engine-layers';

const MODEL = [
  { layer: 'a', op: 'Conv', inputs: ['x'], outputs: ['ta'] },
  { layer: 'b', op: 'Relu', inputs: ['ta'], outputs: ['tb'] },
  { layer: 'c', op: 'Conv', inputs: ['tb'], outputs: ['y'] },
];

function kernel(name: string, type: EngineType, medianMs: number, onnxLayers: readonly string[]): EngineLayer {
  const isReformat = onnxLayers.length === 0;
  const outputType = isReformat ? 'int8' : type;
  return {
    name,
    kind: 'k',
    onnxLayers,
    type,
    outputType,
    isReformat,
    tactic: `${name} 64x64`,
    inputs: [],
    outputs: [],
    medianMs,
  };
}

describe('diffEngines', () => {
  const a = {
    layers: [kernel('a + b', 'fp16', 0.04, ['a', 'b']), kernel('c', 'fp16', 0.03, ['c'])],
    asked: {},
  };
  const b = {
    layers: [
      kernel('a', 'int8', 0.01, ['a']),
      kernel('b', 'int8', 0.01, ['b']),
      kernel('tb_QuantizeLinear', 'fp16', 0.02, []),
      kernel('c', 'int8', 0.025, ['c']),
    ],
    asked: { a: 'int8', b: 'int8', c: 'int8' } as const,
  };

  it('compares layers that share a kernel in either engine as one, the greatest loss first', () => {
    const found = diffEngines(MODEL, a, b);
    expect(found.map(({ layers }) => layers)).toEqual([['c'], ['a', 'b']]);
    expect(found[0]).toMatchObject({
      ops: ['Conv'],
      a: { ms: 0.03, conversionMs: 0, types: ['fp16'] },
      b: { conversionMs: 0.02, conversions: 1, types: ['int8'], kernels: [{ name: 'c', tactic: 'c 64x64' }] },
    });
    expect(found[0]?.lostMs).toBeCloseTo(0.015, 12);
    expect(found[1]?.lostMs).toBeCloseTo(-0.02, 12);
    const total = (side: 'a' | 'b') => found.reduce((sum, difference) => sum + difference[side].ms, 0);
    expect(total('a')).toBeCloseTo(0.07, 12);
    expect(total('b')).toBeCloseTo(0.065, 12);
  });

  it('leaves out layers that neither engine runs', () => {
    const rest = [...MODEL, { layer: 'gone', op: 'Identity', inputs: ['y'], outputs: ['z'] }];
    expect(diffEngines(rest, a, b)).toHaveLength(2);
  });
});
