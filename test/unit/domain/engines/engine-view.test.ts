import { describe, expect, it } from 'vitest';
import type { EngineLayer } from '../../../../src-shared/domain/engines/engine-layers';
import { engineByLayer, type ModelLayer } from '../../../../src-shared/domain/engines/engine-view';

const MODEL: readonly ModelLayer[] = [
  { layer: '/a/Conv', inputs: ['input'], outputs: ['a_out'] },
  { layer: '/a/Relu', inputs: ['a_out'], outputs: ['a_relu_0'] },
  { layer: '/b/Conv', inputs: ['a_relu_0'], outputs: ['b_out'] },
  { layer: '/pool', inputs: ['b_out'], outputs: ['p_out'] },
  { layer: '/fc', inputs: ['p_out'], outputs: ['logits'] },
  { layer: '/gone', inputs: ['p_out'], outputs: ['unused'] },
];
const ASKED = {
  '/a/Conv': 'int8',
  '/a/Relu': 'fp16',
  '/b/Conv': 'int8',
  '/pool': 'int8',
  '/fc': 'fp16',
  '/gone': 'int8',
} as const;

function kernel(
  name: string,
  [type, outputType]: readonly [EngineLayer['type'], EngineLayer['type']],
  medianMs: number,
  onnxLayers: readonly string[],
): EngineLayer {
  return {
    name,
    kind: 'k',
    onnxLayers,
    type,
    outputType,
    isReformat: false,
    tactic: '',
    inputs: [],
    outputs: [],
    medianMs,
  };
}
const reformat = (
  name: string,
  type: EngineLayer['type'],
  outputType: EngineLayer['type'],
  more: Partial<EngineLayer> = {},
): EngineLayer => ({ ...kernel(name, [type, outputType], 0.01, []), isReformat: true, ...more });

const ENGINE: readonly EngineLayer[] = [
  reformat('input_QuantizeLinear', 'fp32', 'int8'),
  kernel('w + /a/Conv + /a/Relu', ['int8', 'int8'], 0.04, ['/a/Conv', '/a/Relu']),
  kernel('/b/Conv', ['fp16', 'fp16'], 0.02, ['/b/Conv']),
  reformat('Reformatting CopyNode for Input Tensor 0 to {ForeignNode[/pool...logits_Cast]}', 'fp16', 'fp16'),
  kernel('__myl_Pool', ['fp16', 'fp32'], 0.005, ['/pool', '/fc']),
  kernel('/fc_myl', ['fp16', 'fp16'], 0.015, ['/fc']),
];

describe('engineByLayer', () => {
  const { layers, reformats } = engineByLayer(ENGINE, MODEL, ASKED);
  const of = (name: string) => layers.get(name);

  it('gives every layer its kernels, their time and who shares it', () => {
    expect([...layers.keys()]).toEqual(['/a/Conv', '/a/Relu', '/b/Conv', '/pool', '/fc']);
    expect(of('/a/Conv')).toMatchObject({ runsIn: 'int8', medianMs: 0.04, sharedWith: ['/a/Relu'], asked: 'int8' });
    expect(of('/a/Conv')?.share).toBeCloseTo(0.04 / 0.1, 12);
    expect(of('/fc')?.kernels.map(({ name }) => name)).toEqual(['__myl_Pool', '/fc_myl']);
    expect(of('/fc')?.medianMs).toBeCloseTo(0.02, 12);
  });

  it('marks what computes in another type than asked, but not what rides along', () => {
    expect([...layers].map(([name, { mismatch }]) => [name, mismatch])).toEqual([
      ['/a/Conv', null],
      ['/a/Relu', null],
      ['/b/Conv', 'wider'],
      ['/pool', 'wider-fused'],
      ['/fc', null],
    ]);
    expect(
      engineByLayer([kernel('/fc', ['int8', 'fp16'], 0.1, ['/fc'])], MODEL, ASKED).layers.get('/fc')?.mismatch,
    ).toBe('narrower');
    expect(
      engineByLayer([kernel('/fc', ['int8', 'fp16'], 0.1, ['/fc'])], MODEL, {}).layers.get('/fc')?.mismatch,
    ).toBeNull();
  });

  it('names the tensor of each conversion and what it is', () => {
    expect(reformats.map(({ tensor, cause }) => [tensor, cause])).toEqual([
      ['input', 'quantize'],
      ['b_out', 'layout'],
    ]);
    expect(of('/pool')?.reformats).toHaveLength(1);
    expect(of('/b/Conv')?.reformats).toEqual([]);
    const named = (layer: EngineLayer) =>
      engineByLayer([layer], MODEL, ASKED).reformats.map(({ tensor, cause }) => [tensor, cause])[0];
    expect(named(reformat('a_relu_0_fp16_Cast', 'fp32', 'fp16'))).toEqual(['a_relu_0', 'cast']);
    expect(named(reformat('reformat 7', 'int8', 'fp16', { inputs: ['b_out_quantized'] }))).toEqual([
      'b_out',
      'dequantize',
    ]);
    expect(
      named(reformat('Reformatting CopyNode for Output Tensor 0 to w + /a/Conv + /a/Relu', 'fp32', 'fp32')),
    ).toEqual(['a_relu_0', 'layout']);
    expect(named(reformat('reshape_before_x', 'fp32', 'fp32'))).toEqual([null, 'layout']);
    const foreign = reformat(
      'Reformatting CopyNode for Input Tensor 0 to {ForeignNode[fc.weight...logits_Cast]}',
      'fp16',
      'fp16',
    );
    expect(
      engineByLayer([foreign, kernel('__myl', ['fp16', 'fp16'], 0.1, ['/fc', '/pool'])], MODEL, ASKED).reformats[0]
        ?.tensor,
    ).toBe('b_out');
    expect(named(foreign)).toEqual([null, 'layout']);
  });

  it('has no shares without a profile', () => {
    const [first] = engineByLayer(
      ENGINE.map((layer) => ({ ...layer, medianMs: null })),
      MODEL,
      ASKED,
    ).layers.values();
    expect(first).toMatchObject({ medianMs: null, share: null });
  });
});
