import { describe, expect, it } from 'vitest';
import { intAttr, intsAttr } from '../../../src-main/onnx/graph/make';
import { EMPTY_PLAN, type PrecisionPlan } from '../../../src-shared/domain/project/precision';
import type { Model } from '../../../src-main/onnx/graph/model';
import { placeQdq } from '../../../src-main/quantization/rewrite/quantize';
import { NO_RANGES } from '../../../src-main/quantization/rules/range-facts';
import { Net, residualNet } from './graphs';
import { layoutText } from './layout-text';

function layout(model: Model, plan: PrecisionPlan = EMPTY_PLAN): string[] {
  return layoutText(model, placeQdq(model, plan, 'tensorrt'))
    .trimEnd()
    .split('\n');
}

describe('residual blocks', () => {
  it('quantize the shortcut and leave the computed branch bare', () => {
    expect(layout(residualNet())).toEqual([
      'stem | Conv | int8 | quantized | x, stem.w by axis 0',
      'stem_relu | Relu | int8 | fused',
      'c1 | Conv | int8 | quantized | stem_relu:0, c1.w by axis 0',
      'r1 | Relu | int8 | fused',
      'c2 | Conv | int8 | quantized | r1:0, c2.w by axis 0',
      'add | Add | int8 | residual-add | stem_relu:0',
      'r2 | Relu | int8 | fused',
      'gap | GlobalAveragePool | int8 | average-quantized | r2:0',
      'flat | Flatten | fp32 | copy-float',
      'fc | MatMul | fp32 | small-matrix',
    ]);
  });

  it('say on the edge which layers fuse because of it', () => {
    const edge = placeQdq(residualNet(), EMPTY_PLAN, 'tensorrt').decisions.find(
      (decision) => decision.code === 'residual-shortcut',
    );
    expect(edge).toMatchObject({ layer: 'add', tensor: 'stem_relu:0', precision: 'int8' });
    expect(edge?.reason).toContain('c2 and add fuse');
  });

  it('lose the Q/DQ of the shortcut with the precision of the layer that fuses', () => {
    const lines = layout(residualNet(), { layers: { c2: 'fp16' } });
    expect(lines).toContain('c2 | Conv | fp16 | plan-fp16');
    expect(lines).toContain('add | Add | fp16 | follows-fp16');
    expect(lines).toContain('r2 | Relu | fp16 | follows-fp16');
    expect(lines).toContain('c1 | Conv | int8 | quantized | stem_relu:0, c1.w by axis 0');
  });

  it('take a Conv shortcut as the shorter branch', () => {
    const net = new Net();
    const long = net.conv('b', net.op('Relu', 'r', [net.conv('a', 'x', 16, 16)]), 16, 16);
    const short = net.conv('s', 'x', 16, 16);
    const lines = layout(net.model(['n', 16, 4, 4], net.op('Add', 'add', [long, short])));
    expect(lines.at(-1)).toBe('add | Add | int8 | residual-add | s:0');
  });

  it('are none without a Conv between the ancestor and the Add', () => {
    const net = new Net();
    const base = net.conv('a', 'x', 16, 16);
    const lines = layout(net.model(['n', 16, 4, 4], net.op('Add', 'gate', [base, net.op('Tanh', 'tanh', [base])])));
    expect(lines.at(-1)).toBe('gate | Add | fp32 | add-float');
  });
});

describe('Concat and pooling', () => {
  function fire(plan: PrecisionPlan = EMPTY_PLAN) {
    const net = new Net();
    const left = net.op('Relu', 'rl', [net.conv('l', 'x', 16, 16)]);
    const right = net.op('Relu', 'rr', [net.conv('r', 'x', 16, 16)]);
    const joined = net.op('Concat', 'cat', [left, right], [intAttr('axis', 1)]);
    const pooled = net.op('MaxPool', 'pool', [joined], [intsAttr('kernel_shape', [2, 2])]);
    return placeQdq(net.model(['n', 16, 4, 4], net.conv('next', pooled, 32, 16)), plan, 'tensorrt');
  }

  it('share one scale, which the values of the Concat decide', () => {
    const { groups, tensors } = fire();
    expect(groups).toEqual([{ tensors: ['cat:0', 'pool:0', 'rl:0', 'rr:0'], sources: ['cat:0'] }]);
    expect(tensors.map(({ tensor }) => tensor)).toEqual(['x', 'rl:0', 'rr:0', 'cat:0', 'pool:0']);
  });

  it('do not when their reader is not quantized', () => {
    const { groups, tensors } = fire({ layers: { next: 'fp16' } });
    expect(groups).toEqual([]);
    expect(tensors.map(({ tensor }) => tensor)).toEqual(['x']);
  });

  it('keep their own scales when the Concat itself is planned as FP16', () => {
    const { groups, tensors } = fire({ layers: { cat: 'fp16', pool: 'fp32' } });
    expect(groups).toEqual([]);
    expect(tensors.map(({ tensor }) => tensor)).toEqual(['x', 'pool:0']);
  });
});

it('a tensor that many Concats double is followed once', () => {
  const net = new Net();
  let tensor = net.op('Relu', 'r', [net.conv('a', 'x', 16, 16)]);
  for (let i = 0; i < 60; i++) {
    const pooled = net.op(
      'MaxPool',
      `p${i}`,
      [tensor],
      [intsAttr('kernel_shape', [3, 3]), intsAttr('pads', [1, 1, 1, 1])],
    );
    const joined = net.op('Concat', `c${i}`, [tensor, pooled], [intAttr('axis', 2)]);
    tensor = net.op('MaxPool', `h${i}`, [joined], [intsAttr('kernel_shape', [2, 1]), intsAttr('strides', [2, 1])]);
  }
  expect(layout(net.model(['n', 16, 4, 4], net.conv('b', tensor, 16, 16))).at(-1)).toContain('b | Conv | int8');
  expect(layout(net.model(['n', 16, 4, 4], net.op('Softmax', 's', [tensor]))).at(0)).toContain('a | Conv | int8');
});

describe('layers that TensorRT should not quantize', () => {
  function codeOf(build: (net: Net) => string, shape: readonly (number | string)[], layer: string): string | undefined {
    const net = new Net();
    return placeQdq(net.model(shape, build(net)), EMPTY_PLAN, 'tensorrt').decisions.find(
      (decision) => decision.layer === layer,
    )?.code;
  }
  const conv =
    (inputChannels: number, outputChannels: number, group = 1) =>
    (net: Net): string =>
      net.groupedConv('c', net.conv('first', 'x', 3, inputChannels), { inputChannels, outputChannels, group });

  it.each([
    ['16 to 16 channels', conv(16, 16), 'quantized'],
    ['15 input channels', conv(15, 16), 'few-channels'],
    ['15 output channels', conv(16, 15), 'few-channels'],
    ['depthwise of 8 that no INT8 layer reads', conv(8, 8, 8), 'depthwise-kernel'],
    ['depthwise of 12', conv(12, 12, 12), 'depthwise-channels'],
    ['groups of 4 to 4 channels', conv(32, 32, 8), 'quantized'],
    ['groups of 2 to 4 channels', conv(32, 64, 16), 'group-channels'],
    ['groups of 4 to 2 channels', conv(64, 32, 16), 'group-channels'],
    ['groups of 1 to 2 channels', conv(32, 64, 32), 'group-channels'],
  ])('Conv: %s', (_, build, code) => {
    expect(codeOf(build, ['n', 3, 4, 4], 'c')).toBe(code);
  });

  /** ConvTranspose whose weight has the output channels of one group along its second axis. */
  const transposed = (inputChannels: number, outputChannels: number, group: number) => {
    const net = new Net();
    const weight = net.constant('up.w', [inputChannels, outputChannels / group, 2, 2]);
    const up = net.op(
      'ConvTranspose',
      'up',
      [net.conv('first', 'x', 3, inputChannels), weight],
      [intAttr('group', group), intsAttr('strides', [2, 2])],
    );
    const model = net.model(['n', 3, 4, 4], up);
    const asked: PrecisionPlan = { layers: { up: 'int8' } };
    return placeQdq(model, asked, 'tensorrt').decisions.find(
      ({ layer, tensor }) => layer === 'up' && tensor === undefined,
    );
  };

  it('quantizes a ConvTranspose of one group per output channel', () => {
    expect(transposed(32, 16, 1)).toMatchObject({
      precision: 'int8',
      code: 'quantized',
      reason: expect.stringContaining('one weight scale per output channel') as unknown,
    });
  });

  it.each([
    [32, 64, 4],
    [32, 32, 32],
    [64, 32, 16],
  ])(
    'ConvTranspose of %i to %i channels in %i groups stays in floating point, whatever the plan asks',
    (input, output, group) => {
      const decision = transposed(input, output, group);
      expect(decision).toMatchObject({
        code: 'grouped-transpose',
        reason: expect.stringContaining(`${group} groups`) as unknown,
      });
      expect(decision?.precision).not.toBe('int8');
    },
  );

  it('but the first layer may have few channels', () => {
    expect(codeOf(conv(16, 16), ['n', 3, 4, 4], 'first')).toBe('quantized');
  });

  it.each([
    [2048, 4096, 'n', 'quantized'],
    [2047, 4096, 'n', 'single-row'],
    [511, 512, 'n', 'small-matrix'],
    [15, 65536, 'n', 'small-matrix'],
    [65536, 15, 'n', 'small-matrix'],
    [512, 512, 1, 'single-row'],
  ])('MatMul over %d into %d, %s rows', (k, n, rows, code) => {
    expect(codeOf((net) => net.matmul('m', 'x', k, n), [rows, k], 'm')).toBe(code);
  });

  it('but a plan may ask for INT8 where only speed speaks against it', () => {
    const net = new Net();
    const model = net.model(['n', 16], net.matmul('m', 'x', 16, 16));
    expect(layout(model, { layers: { m: 'int8' } })).toEqual(['m | MatMul | int8 | quantized | x, m.w by axis 1']);
  });

  it('MatMul of two activations, Softmax, integers', () => {
    const net = new Net();
    const scores = net.op('Softmax', 'soft', [
      net.op('MatMul', 'qk', [net.matmul('q', 'x', 16, 16), net.matmul('k', 'x', 16, 16)]),
    ]);
    net.op('Shape', 'shape', [scores]);
    const decisions = placeQdq(net.model(['n', 16, 16], scores), EMPTY_PLAN, 'tensorrt').decisions.filter(
      (decision) => decision.tensor === undefined,
    );
    expect(decisions.map(({ layer, code }) => `${layer} ${code}`)).toEqual([
      'q small-matrix',
      'k small-matrix',
      'qk attention-matmul',
      'soft softmax',
      'shape integer-tensor',
    ]);
  });

  it('weights that are computed from the input', () => {
    const net = new Net();
    net.op('MatMul', 'm', ['x', net.op('Mul', 'scaled', [net.constant('w', [16, 16]), 'x'])]);
    expect(placeQdq(net.model([16, 16], 'm:0'), EMPTY_PLAN, 'tensorrt').tensors).toEqual([]);
  });

  it('weights that are computed from constants', () => {
    const net = new Net();
    const weight = net.op('Transpose', 'turned', [net.constant('w', [16, 16])]);
    const { decisions } = placeQdq(net.model(['n', 16], net.op('MatMul', 'm', ['x', weight])), EMPTY_PLAN, 'tensorrt');
    expect(decisions.map(({ code }) => code)).toEqual(['constant', 'weights-not-constant']);
  });
});

describe('behind the last INT8 layer', () => {
  const tailed = (columns: number): string[] => {
    const net = new Net();
    const pooled = net.op('GlobalAveragePool', 'gap', [
      net.op('Relu', 'relu', [net.conv('b', net.conv('a', 'x', 16, 256), 256, 256)]),
    ]);
    return layout(net.model(['n', 16, 4, 4], net.matmul('fc', net.op('Flatten', 'flat', [pooled]), 256, columns)));
  };

  it('a light head stays in FP32 up to the output', () => {
    expect(tailed(256).slice(-3)).toEqual([
      'gap | GlobalAveragePool | fp32 | op-not-quantized',
      'flat | Flatten | fp32 | copy-float',
      'fc | MatMul | fp32 | small-matrix',
    ]);
  });

  it('a heavier one runs in FP16', () => {
    expect(tailed(257).at(-1)).toBe('fc | MatMul | fp16 | small-matrix');
  });

  it('branches that a Concat joins, as the decoder of a detector, run in FP16, but in FP32 where FP16 is coarse', () => {
    const net = new Net();
    const shared = net.op('Relu', 'relu', [net.conv('a', 'x', 16, 16)]);
    const boxes = net.op('Mul', 'scaled', [net.conv('boxes', shared, 16, 16), net.constant('size', [1])]);
    const scores = net.op('Sigmoid', 'sigmoid', [net.conv('scores', shared, 16, 16)]);
    const model = net.model(['n', 16, 4, 4], net.op('Concat', 'joined', [boxes, scores], [intAttr('axis', 1)]));
    const tail = (amax: number): readonly string[] =>
      placeQdq(model, EMPTY_PLAN, 'tensorrt', { ranges: { ...NO_RANGES, activationAmax: () => amax } })
        .decisions.filter(({ tensor }) => tensor === undefined)
        .slice(-3)
        .map(({ layer, precision }) => `${layer} ${precision}`);
    expect(tail(500)).toEqual(['scores int8', 'sigmoid int8', 'joined fp16']);
    expect(tail(640)).toEqual(['scores int8', 'sigmoid int8', 'joined fp32']);
  });

  it('only the INT8 layer that it reads yields FP32', () => {
    const net = new Net();
    const model = net.model(
      ['n', 16, 4, 4],
      net.op('GlobalAveragePool', 'gap', [net.conv('b', net.conv('a', 'x', 16, 16), 16, 16)]),
    );
    expect([...placeQdq(model, EMPTY_PLAN, 'tensorrt').fp16Layers]).toEqual(['a']);
  });

  it('an average between INT8 layers has a scale on either side', () => {
    const net = new Net();
    const pooled = net.op('GlobalAveragePool', 'gap', [net.op('Relu', 'relu', [net.conv('a', 'x', 16, 16)])]);
    const lines = layout(net.model(['n', 16, 4, 4], net.conv('head', pooled, 16, 16)));
    expect(lines.slice(-2)).toEqual([
      'gap | GlobalAveragePool | int8 | average-quantized | relu:0',
      'head | Conv | int8 | quantized | gap:0, head.w by axis 0',
    ]);
  });
});

describe('SiLU', () => {
  it('belongs to the Conv before it', () => {
    const net = new Net();
    const x = net.conv('c', 'x', 16, 16);
    const silu = net.op('Mul', 'mul', [x, net.op('Sigmoid', 'sig', [x])]);
    expect(layout(net.model(['n', 16, 2, 2], net.conv('d', silu, 16, 16)))).toEqual([
      'c | Conv | int8 | quantized | x, c.w by axis 0',
      'sig | Sigmoid | int8 | fused',
      'mul | Mul | int8 | fused',
      'd | Conv | int8 | quantized | mul:0, d.w by axis 0',
    ]);
  });
});
