import { describe, expect, it } from 'vitest';
import { EMPTY_PLAN, type PrecisionPlan } from '../../../src-shared/domain/project/precision';
import { intAttr, intsAttr } from '../../../src-main/onnx/graph/make';
import type { Model } from '../../../src-main/onnx/graph/model';
import { placeQdq } from '../../../src-main/quantization/rewrite/quantize';
import { Net } from './graphs';

/** Layer -> `precision code` of its own decision. */
function decided(model: Model, plan: PrecisionPlan = EMPTY_PLAN): Record<string, string> {
  return Object.fromEntries(
    placeQdq(model, plan, 'tensorrt')
      .decisions.filter(({ tensor }) => tensor === undefined)
      .map(({ layer, precision, code }) => [layer, `${precision} ${code}`]),
  );
}

function windowConv(
  net: Net,
  name: string,
  input: string,
  {
    channels,
    kernel,
    stride = 1,
    group = 1,
  }: {
    readonly channels: readonly [number, number];
    readonly kernel: number;
    readonly stride?: number;
    readonly group?: number;
  },
): string {
  const [inputChannels, outputChannels] = channels;
  const weight = net.constant(`${name}.w`, [outputChannels, inputChannels / group, kernel, kernel]);
  const pad = stride >= kernel ? 0 : (kernel - 1) / 2;
  return net.op(
    'Conv',
    name,
    [input, weight],
    [
      intsAttr('kernel_shape', [kernel, kernel]),
      intsAttr('strides', [stride, stride]),
      intsAttr('pads', [pad, pad, pad, pad]),
      intAttr('group', group),
    ],
  );
}

const IMAGE = ['n', 3, 224, 224];

describe('the first layer on an image', () => {
  const stem = (kernel: number, stride: number): string | undefined => {
    const net = new Net();
    const first = windowConv(net, 'stem', 'x', { channels: [3, 32], kernel, stride });
    const relu = net.op('Relu', 'relu', [first]);
    return decided(net.model(IMAGE, net.conv('next', relu, 32, 32)))['stem'];
  };

  it('is quantized where windows overlap (ResNet), not where they are patches (ViT)', () => {
    expect(stem(7, 2)).toBe('int8 quantized');
    expect(stem(3, 2)).toBe('int8 quantized');
    expect(stem(4, 4)).toBe('fp16 patch-embedding');
    expect(stem(16, 16)).toBe('fp16 patch-embedding');
  });

  it('is not quantized in front of a layer in floating point', () => {
    const net = new Net();
    const first = windowConv(net, 'stem', 'x', { channels: [3, 32], kernel: 3, stride: 2 });
    const model = net.model(IMAGE, net.op('Softmax', 'soft', [net.op('Relu', 'relu', [first])]));
    expect(decided(model)['stem']).toBe('fp16 isolated');
    expect(decided(model, { layers: { stem: 'int8' } })['stem']).toBe('int8 quantized');
  });
});

describe('depthwise convolutions', () => {
  const depthwise = (
    kernel: number,
    activation: 'Relu' | 'Silu' | 'none',
    readBy: 'conv' | 'softmax',
  ): string | undefined => {
    const net = new Net();
    const before = net.op('Relu', 'r', [net.conv('a', 'x', 16, 64)]);
    let out = windowConv(net, 'dw', before, { channels: [64, 64], kernel, group: 64 });
    if (activation === 'Relu') out = net.op('Relu', 'act', [out]);
    if (activation === 'Silu') out = net.op('Mul', 'mul', [out, net.op('Sigmoid', 'act', [out])]);
    const end = readBy === 'conv' ? net.conv('b', out, 64, 64) : net.op('Softmax', 'soft', [out]);
    return decided(net.model(['n', 16, 28, 28], end))['dw'];
  };

  it('are quantized only where an INT8 kernel exists: up to 5x5, Relu behind, INT8 written', () => {
    expect(depthwise(3, 'Relu', 'conv')).toBe('int8 quantized');
    expect(depthwise(5, 'none', 'conv')).toBe('int8 quantized');
    expect(depthwise(7, 'Relu', 'conv')).toBe('fp16 depthwise-kernel');
    expect(depthwise(3, 'Silu', 'conv')).toBe('fp16 depthwise-kernel');
    expect(depthwise(3, 'Relu', 'softmax')).toBe('fp16 depthwise-kernel');
  });

  it('with SiLU keep the layer that reads them in floating point, too', () => {
    const net = new Net();
    const before = net.op('Relu', 'r', [net.conv('a', 'x', 16, 64)]);
    const own = windowConv(net, 'dw', before, { channels: [64, 64], kernel: 3, group: 64 });
    const activated = net.op('Mul', 'mul', [own, net.op('Sigmoid', 'act', [own])]);
    const model = net.model(['n', 16, 28, 28], net.conv('b', activated, 64, 64));
    expect(decided(model)['b']).toBe('fp16 behind-depthwise');
    expect(decided(model, { layers: { dw: 'int8' } })['b']).toBe('int8 quantized');
  });
});

describe('chains of convolutions', () => {
  /** A gate in floating point, then convolutions, then floating point. */
  const chain = (outputs: readonly number[], kernel: number): Record<string, string> => {
    const net = new Net();
    let tensor = net.op('Softmax', 'gate', ['x']);
    let channels = 64;
    for (const [i, next] of outputs.entries()) {
      tensor = windowConv(net, `c${i}`, tensor, { channels: [channels, next], kernel });
      channels = next;
    }
    return decided(net.model(['n', 64, 28, 28], net.op('Softmax', 'end', [tensor])));
  };

  it('leave INT8 as a whole where quantizing what they read costs more than they save', () => {
    expect(chain([64], 1)['c0']).toBe('fp16 isolated');
    expect(chain([16, 64], 1)).toMatchObject({ c0: 'fp16 isolated', c1: 'fp16 isolated' });
  });

  it('stay in INT8 with enough arithmetic, or with enough layers', () => {
    expect(chain([512], 5)['c0']).toBe('int8 quantized');
    expect(chain([64, 64, 64, 64], 1)).toMatchObject({ c0: 'int8 quantized', c3: 'int8 quantized' });
  });
});

describe('squeeze-and-excite, heads and large outputs', () => {
  it('keeps convolutions of one position behind a float average in floating point', () => {
    const net = new Net();
    const average = net.op('GlobalAveragePool', 'gap', ['x']);
    expect(decided(net.model(['n', 64, 28, 28], net.op('Sigmoid', 's', [net.conv('se', average, 64, 64)])))['se']).toBe(
      'fp16 single-row',
    );
  });

  it('quantizes a layer of few output channels behind a large INT8 tensor only', () => {
    const head = (size: number): string | undefined => {
      const net = new Net();
      const before = net.op('Relu', 'r', [windowConv(net, 'a', 'x', { channels: [16, 32], kernel: 3 })]);
      return decided(net.model(['n', 16, size, size], net.conv('o', before, 32, 4)))['o'];
    };
    expect(head(256)).toBe('int8 quantized');
    expect(head(64)).toBe('fp16 few-channels');
  });
});

describe('products of a transformer', () => {
  /** Tokens -> product -> GELU -> product; and queries and keys from one product. */
  const transformer = (shape: readonly (number | string)[]): Record<string, string> => {
    const net = new Net();
    const up = net.op('Gelu', 'gelu', [net.matmul('fc1', 'x', 512, 512)]);
    const q = net.op('Reshape', 'split', [net.matmul('q', net.matmul('fc2', up, 512, 512), 512, 512), 'to']);
    const k = net.op('Transpose', 'swap', [net.matmul('k', 'x', 512, 512)]);
    const scores = net.op('MatMul', 'scores', [q, k]);
    return decided(net.model(shape, scores, 20));
  };

  it('stay in FP16 beside GELU and before attention, and beside GELU only for data of three dimensions', () => {
    expect(transformer(['n', 196, 512])).toMatchObject({
      fc1: 'fp16 beside-gelu',
      fc2: 'fp16 beside-gelu',
      q: 'fp16 before-attention',
      k: 'fp16 before-attention',
    });
    expect(transformer(['n', 14, 14, 512])).toMatchObject({ fc1: 'int8 quantized', fc2: 'int8 quantized' });
  });
});
