import { describe, expect, it } from 'vitest';
import { EMPTY_PLAN, type PrecisionPlan } from '../../../src-shared/domain/project/precision';
import { intAttr, intsAttr, makeNode } from '../../../src-main/onnx/graph/make';
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

describe('convolutions with SiLU', () => {
  const silu = (net: Net, name: string, tensor: string): string =>
    net.op('Mul', `${name}.mul`, [tensor, net.op('Sigmoid', `${name}.sigmoid`, [tensor])]);
  const conv = (net: Net, name: string, input: string, channels: readonly [number, number]): string =>
    silu(net, name, windowConv(net, name, input, { channels, kernel: 3 }));
  const IMAGES = ['n', 64, 28, 28];

  it('are quantized if INT8 layers alone read them, also through a Split', () => {
    const net = new Net();
    net.nodes.push(
      makeNode('Split', [conv(net, 'a', 'x', [64, 64])], ['left', 'right'], {
        name: 'split',
        attributes: [intAttr('axis', 1)],
      }),
    );
    const left = net.conv('b', 'left', 32, 32);
    const model = net.model(
      IMAGES,
      net.op('Concat', 'cat', [left, net.conv('c', 'right', 32, 32)], [intAttr('axis', 1)]),
    );
    expect(decided(model)).toMatchObject({ a: 'int8 quantized', b: 'int8 quantized', c: 'int8 quantized' });
  });

  it('are not if a layer in floating point reads them as well', () => {
    const net = new Net();
    const first = conv(net, 'a', 'x', [64, 64]);
    const scaled = net.op('Softmax', 'soft', [first]);
    const model = net.model(
      IMAGES,
      net.op('Concat', 'cat', [net.conv('b', first, 64, 64), scaled], [intAttr('axis', 1)]),
    );
    expect(decided(model)['a']).toBe('fp16 unfused-silu');
    expect(decided(model, { layers: { a: 'int8' } })['a']).toBe('int8 quantized');
  });

  it('are not if the graph has a copy of them as an output', () => {
    const net = new Net();
    const pooled = net.op('MaxPool', 'pool', [conv(net, 'a', 'x', [64, 64])], [intsAttr('kernel_shape', [2, 2])]);
    net.conv('b', pooled, 64, 64);
    expect(decided(net.model(IMAGES, pooled))['a']).toBe('fp16 unfused-silu');
  });

  it('are not in front of a residual Add', () => {
    const block = (activation: 'Silu' | 'Relu'): string | undefined => {
      const net = new Net();
      const before = net.op('Relu', 'r', [net.conv('a', 'x', 64, 64)]);
      const own = windowConv(net, 'b', before, { channels: [64, 64], kernel: 3 });
      const sum = net.op('Add', 'add', [before, activation === 'Silu' ? silu(net, 'b', own) : own]);
      return decided(net.model(IMAGES, net.conv('c', sum, 64, 64)))['b'];
    };
    expect(block('Silu')).toBe('fp16 unfused-silu');
    expect(block('Relu')).toBe('int8 quantized');
  });

  it('are if they compute at least 1536 multiply-accumulates for each value', () => {
    const last = (channels: number): string | undefined => {
      const net = new Net();
      const model = net.model(['n', channels, 28, 28], net.op('Softmax', 'end', [conv(net, 'a', 'x', [channels, 32])]));
      return decided(model)['a'];
    };
    expect(last(170)).toBe('fp16 unfused-silu');
    expect(last(171)).toBe('int8 quantized');
  });

  it('cost a chain of convolutions what their own kernel takes', () => {
    const chain = (activation: 'Silu' | 'Relu'): string | undefined => {
      const net = new Net();
      const own = windowConv(net, 'a', net.op('Softmax', 'gate', ['x']), { channels: [64, 64], kernel: 5 });
      const activated = activation === 'Silu' ? silu(net, 'a', own) : net.op('Relu', 'r', [own]);
      return decided(net.model(IMAGES, net.op('Softmax', 'end', [activated])))['a'];
    };
    expect(chain('Silu')).toBe('fp16 isolated');
    expect(chain('Relu')).toBe('int8 quantized');
  });

  it('are told from convolutions whose Sigmoid is the gate of another tensor', () => {
    const net = new Net();
    const before = net.op('Relu', 'r', [net.conv('a', 'x', 64, 64)]);
    const gate = net.op('Sigmoid', 'sigmoid', [windowConv(net, 'b', before, { channels: [64, 64], kernel: 3 })]);
    const model = net.model(IMAGES, net.conv('c', net.op('Mul', 'mul', [before, gate]), 64, 64));
    expect(decided(model)['b']).toBe('int8 quantized');
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
