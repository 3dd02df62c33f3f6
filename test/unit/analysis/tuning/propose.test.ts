import { describe, expect, it } from 'vitest';
import type { EngineLayer, EngineType } from '../../../../src-shared/domain/engines/engine-layers';
import { chargeLayers } from '../../../../src-shared/domain/engines/layer-charges';
import type { Precision } from '../../../../src-shared/domain/project/precision';
import { learnTimes } from '../../../../src-main/analysis/tuning/learn';
import { fastestCandidate } from '../../../../src-main/analysis/tuning/fastest';
import { findParts, type TunedModel } from '../../../../src-main/analysis/tuning/parts';
import type { TuningChoices } from '../../../../src-main/analysis/tuning/choices';
import { isWorthBuilding, proposePlan } from '../../../../src-main/analysis/tuning/propose';

/** x -> a -> b -> norm -> c -> y; act is fused into the kernel of a. */
const MODEL: TunedModel = {
  layers: [
    { layer: 'a', inputs: ['x'], outputs: ['ta'] },
    { layer: 'act', inputs: ['ta'], outputs: ['tact'] },
    { layer: 'b', inputs: ['tact'], outputs: ['tb'] },
    { layer: 'norm', inputs: ['tb'], outputs: ['tn'] },
    { layer: 'c', inputs: ['tn'], outputs: ['y'] },
  ],
  partitions: [['a', 'act'], ['b'], ['c']],
  elements: (tensor) => (tensor === 'tn' ? 20_000 : 1000),
};

function kernel(name: string, type: EngineType, medianMs: number, onnxLayers: readonly string[]): EngineLayer {
  const isReformat = onnxLayers.length === 0;
  const outputType = isReformat ? (type === 'int8' ? 'fp16' : 'int8') : type;
  return { name, kind: 'k', onnxLayers, type, outputType, isReformat, tactic: '', inputs: [], outputs: [], medianMs };
}

const FLOAT = {
  layers: [
    kernel('a + act', 'fp16', 0.03, ['a', 'act']),
    kernel('b', 'fp16', 0.03, ['b']),
    kernel('norm', 'fp16', 0.01, ['norm']),
    kernel('c', 'fp16', 0.03, ['c']),
  ],
  asked: {},
  latencyMs: 0.1,
};
const ASKED: Record<string, Precision> = { a: 'int8', act: 'int8', b: 'int8', norm: 'fp16', c: 'int8' };
const INT8 = {
  layers: [
    kernel('x_QuantizeLinear', 'fp32', 0.05, []),
    kernel('a + act', 'int8', 0.02, ['a', 'act']),
    kernel('b', 'int8', 0.01, ['b']),
    kernel('norm', 'fp16', 0.01, ['norm']),
    kernel('tn_QuantizeLinear', 'fp16', 0.015, []),
    kernel('c', 'int8', 0.02, ['c']),
  ],
  asked: ASKED,
  latencyMs: 0.125,
};
const layer = (name: string, isRefusedForSpeed = false) => ({
  layer: name,
  op: 'Conv',
  isRefusedForSpeed,
  reason: 'small',
});
const CHOICES: TuningChoices = { layers: [layer('a'), layer('b'), layer('c')], fixed: {}, float: 'fp16' };

describe('chargeLayers', () => {
  it('charges kernels to their layers and conversions to the layers that they serve', () => {
    const { layers, totalMs } = chargeLayers(INT8.layers, MODEL.layers, ASKED);
    expect(layers.get('a')).toMatchObject({ kernelMs: 0.01, conversionMs: 0.05, conversions: 1, runsIn: 'int8' });
    expect(layers.get('act')).toMatchObject({ kernelMs: 0.01, conversionMs: 0 });
    expect(layers.get('c')).toMatchObject({ kernelMs: 0.02, conversionMs: 0.015 });
    const charged = [...layers.values()].reduce((sum, { kernelMs, conversionMs }) => sum + kernelMs + conversionMs, 0);
    expect(charged).toBeCloseTo(totalMs, 12);
  });

  it('charges a conversion from INT8 to the layer whose INT8 made it necessary', () => {
    const dequantize = kernel('tb_DequantizeLinear', 'int8', 0.04, []);
    const { layers } = chargeLayers([...INT8.layers, dequantize], MODEL.layers, ASKED);
    expect(layers.get('b')).toMatchObject({ conversionMs: 0.04 });
    expect(layers.get('norm')).toMatchObject({ conversionMs: 0 });
  });
});

describe('proposePlan', () => {
  it('joins layers that share a kernel in one of the engines', () => {
    const fused = { ...FLOAT, layers: [kernel('b + norm', 'fp16', 0.04, ['b', 'norm'])] };
    const { of, list } = findParts(MODEL, [fused, INT8], new Set(['a', 'b', 'c']));
    expect(of.get('b')).toBe(of.get('norm'));
    expect(of.get('a')).toBe(of.get('act'));
    expect(list).toHaveLength(3);
  });

  it('releases what loses with its conversions, keeps what wins, and says why', () => {
    const proposal = proposePlan(MODEL, [FLOAT, INT8], CHOICES, true);
    // c: 0.02 + 0.015 for quantizing its input, against 0.03; a: 0.02 + 0.05 against 0.03.
    expect(proposal.layers).toEqual({ a: 'fp16', c: 'fp16' });
    expect(isWorthBuilding(proposal)).toBe(true);
    const of = (name: string) => proposal.reasons.find((reason) => reason.layer === name);
    expect(of('c')).toMatchObject({ precision: 'fp16', code: 'measured-float', floatMs: 0.03, int8Ms: 0.035 });
    expect(of('b')).toMatchObject({ precision: 'int8', code: 'measured-int8' });
    expect(of('c')?.reason).toContain('measured on this GPU');
  });

  it('keeps what accuracy decided, and tries INT8 where the rules refused it for speed, once', () => {
    const inFloat = kernel('c', 'fp16', 0.3, ['c']);
    const withoutC = {
      layers: INT8.layers.flatMap((own) =>
        own.name === 'tn_QuantizeLinear' ? [] : [own.name === 'c' ? inFloat : own],
      ),
      asked: { ...ASKED, c: 'fp16' as const },
      latencyMs: 0.39,
    };
    const choices = { ...CHOICES, layers: [layer('a'), layer('b'), layer('c', true)], fixed: { b: 'fp16' as const } };
    const float = { ...FLOAT, layers: FLOAT.layers.map((own) => (own.name === 'c' ? inFloat : own)) };
    expect(proposePlan(MODEL, [float, withoutC], choices, true).layers).toEqual({ a: 'fp16', b: 'fp16', c: 'int8' });
    expect(proposePlan(MODEL, [float, withoutC], choices, false).layers).toEqual({ a: 'fp16', b: 'fp16', c: 'fp16' });
  });

  it('is not worth a build if it promises nothing', () => {
    const good = { ...INT8, latencyMs: 0.06, layers: INT8.layers.filter(({ isReformat }) => !isReformat) };
    const proposal = proposePlan(MODEL, [FLOAT, good], CHOICES, true);
    expect(proposal.layers).toEqual({});
    expect(isWorthBuilding(proposal)).toBe(false);
  });
});

/** Kernels of EfficientNet-B0's first block (test/evidence/h200-kernels.json, batch size 16), in FP16. */
describe('a block whose convolutions the rules keep in FP16', () => {
  const PIXELS = 16 * 112 * 112;
  const model: TunedModel = {
    layers: [
      { layer: 'se/Mul', inputs: ['x', 'gate'], outputs: ['gated'] },
      { layer: 'conv_pw', inputs: ['gated'], outputs: ['narrow'] },
      { layer: 'next/conv_pw', inputs: ['narrow'], outputs: ['wide'] },
      { layer: 'conv_dw', inputs: ['wide'], outputs: ['y'] },
    ],
    partitions: [['conv_pw'], ['next/conv_pw'], ['conv_dw']],
    elements: (tensor) => PIXELS * ({ gated: 32, narrow: 16, wide: 96 }[tensor] ?? 0),
  };
  const fp16 = {
    layers: [
      kernel('se/Mul', 'fp16', 0.0088, ['se/Mul']),
      kernel('conv_pw', 'fp16', 0.0099, ['conv_pw']),
      kernel('next/conv_pw', 'fp16', 0.0321, ['next/conv_pw']),
      kernel('conv_dw', 'fp16', 0.06, ['conv_dw']),
    ],
    asked: {},
    latencyMs: 0.1108,
  };
  const choices: TuningChoices = {
    layers: [layer('conv_pw', true), layer('next/conv_pw', true)],
    fixed: {},
    float: 'fp16',
  };

  it('does not try INT8 where quantizing its input alone costs more than INT8 can save', () => {
    const proposal = proposePlan(model, [fp16, fp16], choices, true);
    expect(proposal.layers).toEqual({ conv_pw: 'fp16', 'next/conv_pw': 'fp16' });
    expect(isWorthBuilding(proposal)).toBe(false);
  });

  it('does not try INT8 in a kernel that also computes other layers', () => {
    const fused = {
      ...fp16,
      layers: [kernel('se/Mul + conv_pw + next/conv_pw', 'fp16', 5, ['se/Mul', 'conv_pw', 'next/conv_pw'])],
    };
    expect(proposePlan(model, [fused, fused], choices, true).layers).toEqual({
      conv_pw: 'fp16',
      'next/conv_pw': 'fp16',
    });
  });

  it('learns what conversions cost from those that engines have', () => {
    // If quantizing were as fast as here, INT8 would be tried.
    const cheap: EngineLayer = { ...kernel('gated_QuantizeLinear', 'fp16', 0.001, []) };
    const back: EngineLayer = { ...kernel('wide_DequantizeLinear', 'int8', 0.001, []) };
    const other = { ...fp16, layers: [...fp16.layers, cheap, back] };
    expect(proposePlan(model, [fp16, other], choices, true).layers).toEqual({
      conv_pw: 'int8',
      'next/conv_pw': 'int8',
    });
  });
});

/** The end of a U-Net (test/evidence/h200-kernels.json, "unet head"); the time of e.2.3 in FP16 is invented. */
describe('a head that the rules kept in FP16 behind a layer in INT8', () => {
  const model: TunedModel = {
    layers: [
      { layer: 'e.2.3', inputs: ['x'], outputs: ['features'] },
      { layer: 'o', inputs: ['features'], outputs: ['y'] },
    ],
    partitions: [['e.2.3'], ['o']],
    elements: () => 16 * 32 * 256 * 256,
  };
  const choices: TuningChoices = { layers: [layer('e.2.3'), layer('o', true)], fixed: {}, float: 'fp16' };
  const fp16 = {
    layers: [kernel('e.2.3', 'fp16', 0.16, ['e.2.3']), kernel('o', 'fp16', 0.0325, ['o'])],
    asked: {},
    latencyMs: 0.1925,
  };
  const copy: EngineLayer = {
    ...kernel('Reformatting CopyNode for Output Tensor 0 to e.2.3', 'fp16', 0.0532, []),
    outputType: 'fp16',
  };
  const int8 = {
    layers: [
      { ...kernel('e.2.3', 'int8', 0.0997, ['e.2.3']), outputType: 'fp16' as const },
      copy,
      ...fp16.layers.slice(1),
    ],
    asked: { 'e.2.3': 'int8', o: 'fp16' } as const,
    latencyMs: 0.1854,
  };
  const tuned = {
    layers: [kernel('e.2.3', 'int8', 0.0777, ['e.2.3']), kernel('o', 'int8', 0.0547, ['o'])],
    asked: { 'e.2.3': 'int8', o: 'int8' } as const,
    latencyMs: 0.1324,
  };

  it('is tried in INT8, because the copy between both layers then goes away', () => {
    const proposal = proposePlan(model, [fp16, int8], choices, true);
    expect(proposal.layers).toEqual({ o: 'int8' });
    expect(isWorthBuilding(proposal)).toBe(true);
    // The engine was faster than promised; nothing is left to win.
    const next = proposePlan(model, [fp16, int8, { ...tuned, expectedMs: proposal.expectedMs }], choices, false);
    expect(next.layers).toEqual({ o: 'int8' });
    expect(isWorthBuilding(next)).toBe(false);
  });

  it('doubts the next plan by what an engine fell short of its promise', () => {
    const worse = { ...tuned, latencyMs: 0.25, expectedMs: 0.15 };
    const { doubtMs } = proposePlan(model, [fp16, int8, worse], choices, false);
    expect(doubtMs).toBeGreaterThanOrEqual(0.1);
  });

  it('takes no time of a fused group of which only a part ran in INT8', () => {
    const group = { ...int8, layers: [kernel('e.2.3 + o', 'int8', 0.01, ['e.2.3', 'o'])] };
    const { reasons } = proposePlan(model, [fp16, group], choices, false);
    expect(reasons.map(({ int8Ms, code }) => [int8Ms, code])).toEqual([
      [null, 'not-measured'],
      [null, 'not-measured'],
    ]);
  });
});

describe('learnTimes', () => {
  it('keeps the kernels of single compute layers by their sizes, without conversions', () => {
    const keyOf = (name: string) => (name === 'b' ? null : `Conv ${name}`);
    const { times, conversions } = learnTimes(MODEL, [FLOAT, INT8], { computeLayers: ['a', 'b', 'c'], keyOf });
    expect(times).toEqual({ 'Conv a': { floatMs: 0.03, int8Ms: 0.02 }, 'Conv c': { floatMs: 0.03, int8Ms: 0.02 } });
    // Quantizing tn, which `norm` wrote; quantizing the image is no conversion between layers.
    expect(conversions).toEqual({ 'to-int8 20000': 0.015 });
  });

  it('lets a plan try only what was fast elsewhere', () => {
    const c = kernel('c', 'fp16', 0.3, ['c']);
    const float = { ...FLOAT, layers: FLOAT.layers.map((own) => (own.name === 'c' ? c : own)) };
    const slow = { ...layer('c', true), knownRatio: 1.1 };
    const plan = (some: typeof slow | ReturnType<typeof layer>) =>
      proposePlan(MODEL, [float], { ...CHOICES, layers: [some] }, true).layers;
    expect(plan(layer('c', true))).toEqual({ c: 'int8' });
    expect(plan(slow)).toEqual({ c: 'fp16' });
  });
});

describe('fastestCandidate', () => {
  const candidate = (one: number, many: number, layers: Record<string, 'fp16'> = {}) => ({
    latencyMs: { '1': one, '16': many },
    layers,
  });
  const fp16 = (one: number, many: number) => candidate(one, many, { conv: 'fp16' });
  it('takes the smallest geometric mean, and FP16 if it is as fast within one per cent', () => {
    expect(fastestCandidate([fp16(2, 2), candidate(1, 1), candidate(1, 1.5)])).toBe(1);
    expect(fastestCandidate([fp16(1.005, 1), candidate(1, 1)])).toBe(0);
    expect(fastestCandidate([fp16(1.05, 1), candidate(1, 1)])).toBe(1);
  });

  it('takes the fastest engine with the plan of the first one', () => {
    expect(fastestCandidate([fp16(1.05, 1), candidate(1, 1), fp16(1.005, 1)])).toBe(2);
    expect(fastestCandidate([fp16(1, 1), candidate(2, 1), fp16(0.999, 1)])).toBe(2);
  });
});
