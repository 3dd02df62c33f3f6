import { describe, expect, it } from 'vitest';
import { floatAttr, floatScalar, int64Tensor, intAttr, intsAttr, makeTensor } from '../../../src-main/onnx/graph/make';
import { DataType, type Model } from '../../../src-main/onnx/graph/model';
import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import { graphFacts } from '../../../src-main/quantization/rules/graph-facts';
import { NO_RANGES } from '../../../src-main/quantization/rules/range-facts';
import { underflowHazards } from '../../../src-main/quantization/fp16/fp16-underflow';
import { rangeFacts, type QuantizedModel } from '../../../src-main/quantization/rewrite/quantize';
import { WeightScales } from '../../../src-main/quantization/rewrite/weight-scales';
import { pseudoRandom } from '../../support/onnx-builder';
import { Net } from './graphs';
import { Calibrated } from './simulated-variants';

const DIMS = [1, 16, 4, 4];
type Pattern = (net: Net, f: string) => string;

function scalar(net: Net, name: string, value: number): string {
  net.initializers.push(floatScalar(name, value));
  return name;
}

/** Conv without bias and Relu, the pattern, Conv: where the input is zero, so is what the pattern reads. */
function around(pattern: Pattern): Model {
  const net = new Net();
  const weights = net.constant(
    'c1.w',
    [16, 16, 1, 1],
    pseudoRandom(256, 5).map((value) => value * 0.3),
  );
  const f = net.op('Relu', 'relu', [net.op('Conv', 'c1', ['x', weights], [intsAttr('kernel_shape', [1, 1])])]);
  return net.model(DIMS, net.conv('c2', pattern(net, f), 16, 16), 17);
}

const axes = (...values: number[]) => [intsAttr('axes', values), intAttr('keepdims', 1)];
const norm = (net: Net, name: string, f: string): string => net.op('ReduceL2', name, [f], axes(1));

/** mean(f^2) over the channels. */
const meanSquare = (net: Net, f: string): string =>
  net.op('ReduceMean', 'mean_square', [net.op('Mul', 'square', [f, f])], axes(1));

function expanded(net: Net, tensor: string): string {
  net.initializers.push(int64Tensor('shape', [4], DIMS));
  return net.op('Expand', 'expand', [tensor, 'shape']);
}

/** 1e-12 as exporters hide it: a double that is cast, unsqueezed and passed on. */
function hiddenEpsilon(net: Net): string {
  net.initializers.push(
    makeTensor('eps', DataType.DOUBLE, [1], new Uint8Array(Float64Array.of(1e-12).buffer)),
    int64Tensor('first', [1], [0]),
  );
  return net.op('Unsqueeze', 'eps_2d', [
    net.op('Cast', 'eps_float', ['eps'], [intAttr('to', DataType.FLOAT)]),
    'first',
  ]);
}

function cosine(net: Net, f: string): string {
  const g = net.op('Abs', 'g', [net.conv('c3', f, 16, 16)]);
  const bounded = (name: string, of: string) => net.op('Max', `${name}_max`, [norm(net, `${name}_norm`, of), 'eps']);
  scalar(net, 'eps', 1e-8);
  return net.op('Div', 'div', [
    net.op('Mul', 'dot', [f, g]),
    net.op('Mul', 'norms', [bounded('f', f), bounded('g', f)]),
  ]);
}

function variance(net: Net, f: string): string {
  const centred = net.op('Sub', 'centred', [f, net.op('ReduceMean', 'mean', [f], axes(1))]);
  const spread = net.op('ReduceMean', 'variance', [net.op('Pow', 'pow', [centred, scalar(net, 'two', 2)])], axes(1));
  return net.op('Div', 'div', [
    centred,
    net.op('Sqrt', 'sqrt', [net.op('Add', 'add', [spread, scalar(net, 'eps', 1e-12)])]),
  ]);
}

/** name, layers that must stay in FP32, pattern. */
const PATTERNS: readonly [string, readonly string[], Pattern][] = [
  [
    'L2 norm bounded by Clip',
    ['clip', 'div'],
    (net, f) => net.op('Div', 'div', [f, net.op('Clip', 'clip', [norm(net, 'norm', f), scalar(net, 'eps', 1e-12)])]),
  ],
  [
    'L2 norm bounded by Max and expanded',
    ['max', 'expand', 'div'],
    (net, f) =>
      net.op('Div', 'div', [f, expanded(net, net.op('Max', 'max', [norm(net, 'norm', f), scalar(net, 'eps', 1e-10)]))]),
  ],
  [
    'logarithm',
    ['add', 'log'],
    (net, f) => net.op('Log', 'log', [net.op('Add', 'add', [f, scalar(net, 'eps', 1e-10)])]),
  ],
  [
    'reciprocal root',
    ['add', 'sqrt', 'rec', 'mul'],
    (net, f) =>
      net.op('Mul', 'mul', [
        f,
        net.op('Reciprocal', 'rec', [
          net.op('Sqrt', 'sqrt', [net.op('Add', 'add', [meanSquare(net, f), scalar(net, 'eps', 1e-12)])]),
        ]),
      ]),
  ],
  [
    '1 / root as a division',
    ['add', 'sqrt', 'rec', 'mul'],
    (net, f) =>
      net.op('Mul', 'mul', [
        f,
        net.op('Div', 'rec', [
          scalar(net, 'one', 1),
          net.op('Sqrt', 'sqrt', [net.op('Add', 'add', [meanSquare(net, f), scalar(net, 'eps', 1e-12)])]),
        ]),
      ]),
  ],
  [
    'power of -1/2',
    ['add', 'pow', 'mul'],
    (net, f) =>
      net.op('Mul', 'mul', [
        f,
        net.op('Pow', 'pow', [
          net.op('Add', 'add', [meanSquare(net, f), scalar(net, 'eps', 1e-12)]),
          scalar(net, 'p', -0.5),
        ]),
      ]),
  ],
  [
    'share of a sum',
    ['add', 'div'],
    (net, f) =>
      net.op('Div', 'div', [
        f,
        net.op('Add', 'add', [net.op('ReduceSum', 'sum', [f, axisInput(net)]), scalar(net, 'eps', 1e-8)]),
      ]),
  ],
  ['cosine similarity', ['f_max', 'g_max', 'norms', 'div'], cosine],
  ['variance', ['add', 'sqrt', 'div'], variance],
  [
    'epsilon behind Cast and Unsqueeze',
    ['max', 'div'],
    (net, f) => net.op('Div', 'div', [f, net.op('Max', 'max', [norm(net, 'norm', f), hiddenEpsilon(net)])]),
  ],
  [
    'epsilon per channel',
    ['add', 'div'],
    (net, f) =>
      net.op('Div', 'div', [
        f,
        net.op('Add', 'add', [f, net.constant('eps', [1, 16, 1, 1], new Float32Array(16).fill(1e-9))]),
      ]),
  ],
  [
    'factor down and up',
    ['down', 'up'],
    (net, f) =>
      net.op('Mul', 'up', [net.op('Mul', 'down', [f, scalar(net, 'small', 1e-9)]), scalar(net, 'large', 1e9)]),
  ],
  [
    'factor that FP16 rounds by 4.6 %',
    ['down'],
    (net, f) =>
      net.op('Mul', 'up', [net.op('Mul', 'down', [f, scalar(net, 'small', 1e-6)]), scalar(net, 'large', 1e4)]),
  ],
  [
    'tiny divisor',
    ['div'],
    (net, f) =>
      net.op('Div', 'div', [net.op('Mul', 'down', [f, scalar(net, 'small', 1e-5)]), scalar(net, 'tiny', 1e-6)]),
  ],
  [
    'LayerNormalization',
    ['ln'],
    (net, f) =>
      net.op('LayerNormalization', 'ln', [f, net.constant('g', [4], [1, 1, 1, 1])], [floatAttr('epsilon', 1e-12)]),
  ],
];

function axisInput(net: Net): string {
  net.initializers.push(int64Tensor('axis', [1], [1]));
  return 'axis';
}

/** Whether the layer runs in FP16, and whether its constant is given as the reason. */
function decisionsOf(
  { decisions }: QuantizedModel,
  layer: string,
): { readonly isFp16: boolean; readonly isExplained: boolean } {
  const own = decisions.filter((decision) => decision.layer === layer);
  return {
    isFp16: own.some(({ precision }) => precision === 'fp16'),
    isExplained: own.some(({ code, reason }) => code.startsWith('fp16-refused') && reason.includes('FP16')),
  };
}

describe('constants that FP16 loses', () => {
  it.each(PATTERNS)('%s: stays in FP32, and int8 and fp16 answer as FP32 does', async (_, layers, pattern) => {
    const calibrated = await Calibrated.of(around(pattern), DIMS);
    for (const variant of [calibrated.int8(), calibrated.fp16()]) {
      for (const layer of layers)
        expect([layer, decisionsOf(variant, layer)]).toEqual([layer, { isFp16: false, isExplained: true }]);
    }
    const inFloat = await calibrated.sqnrDb(calibrated.variant({ layers: {}, fallbackPrecision: 'fp32' }));
    expect(await calibrated.sqnrDb(calibrated.int8())).toBeGreaterThan(inFloat - 0.5);
    expect(await calibrated.sqnrDb(calibrated.fp16())).toBeGreaterThan(45);
  });

  it('names the constant and its value, and says where it is lost further on', () => {
    const facts = graphFacts(around(PATTERNS[0]?.[2] ?? ((_, f) => f)));
    const reasons = facts.nodes.flatMap((node) =>
      underflowHazards(facts, node, NO_RANGES).map(({ code, reason }) => `${node.name} ${code}: ${reason}`),
    );
    expect(reasons).toEqual([
      'clip fp16-refused-constant: constant eps (1e-12), a bound, becomes 0 in FP16',
      'div fp16-refused-constant: clip:0 can be 1e-12, by the constant eps (1e-12), which becomes 0 in FP16',
    ]);
  });

  it.each<[string, Pattern]>([
    [
      'an epsilon that FP16 holds',
      (net, f) => net.op('Div', 'div', [f, net.op('Add', 'add', [f, scalar(net, 'eps', 1e-5)])]),
    ],
    ['a bound of 0', (net, f) => net.op('Clip', 'clip', [f, scalar(net, 'low', 0), scalar(net, 'high', 6)])],
    [
      'a bias with one tiny value',
      (net, f) =>
        net.op('Add', 'add', [f, net.constant('bias', [1, 16, 1, 1], [1e-9, ...new Float32Array(15).fill(0.5)])]),
    ],
    [
      'factors of which one is tiny',
      (net, f) =>
        net.op('Mul', 'mul', [f, net.constant('gamma', [1, 16, 1, 1], [1e-9, ...new Float32Array(15).fill(0.5)])]),
    ],
    [
      'a logarithm behind a bias with one tiny value',
      (net, f) =>
        net.op('Log', 'log', [
          net.op('Add', 'add', [f, net.constant('bias', [1, 16, 1, 1], [1e-9, ...new Float32Array(15).fill(0.5)])]),
        ]),
    ],
    [
      'an epsilon of 1e-4 under a root',
      (net, f) => net.op('Sqrt', 'sqrt', [net.op('Add', 'add', [f, scalar(net, 'eps', 1e-4)])]),
    ],
  ])('leaves %s alone', (_, pattern) => {
    const facts = graphFacts(around(pattern));
    expect(facts.nodes.flatMap((node) => underflowHazards(facts, node, NO_RANGES))).toEqual([]);
  });

  it('keeps a normalization in FP16 whose epsilon is rounded only: its statistics are float32', () => {
    const hazards = (opType: string, ...attributes: readonly ReturnType<typeof floatAttr>[]): readonly string[] => {
      const net = new Net();
      const made = net.op(
        opType,
        'norm',
        ['x', net.constant('g', [4], [1, 1, 1, 1])],
        [floatAttr('epsilon', 1e-6), ...attributes],
      );
      const facts = graphFacts(net.model(['n', 4], made));
      return facts.nodes.flatMap((node) => underflowHazards(facts, node, NO_RANGES)).map(({ code }) => code);
    };
    expect(hazards('LayerNormalization')).toEqual([]);
    expect(hazards('RMSNormalization')).toEqual([]);
    expect(hazards('GroupNormalization', intAttr('stash_type', 1))).toEqual([]);
    // The definitions before operator set 21 add the epsilon in the type of the input.
    expect(hazards('GroupNormalization')).toEqual(['fp16-refused-constant']);
    expect(hazards('LayerNormalization', intAttr('stash_type', 10))).toEqual(['fp16-refused-constant']);
  });
});

/** 1x1 Conv of 16 to 16 channels whose weights are all `weight`, but those of output channel 0. */
function convHazards({
  weight,
  first,
  ranges = {},
}: {
  readonly weight: number;
  readonly first: number;
  readonly ranges?: TensorRanges;
}): string[] {
  const net = new Net();
  const weights = new Float32Array(256).fill(weight).fill(first, 0, 16);
  const model = net.model(DIMS, net.op('Conv', 'conv', ['x', net.constant('w', [16, 16, 1, 1], weights)]));
  const facts = graphFacts(model);
  return facts.nodes.flatMap((node) =>
    underflowHazards(facts, node, rangeFacts(new WeightScales(model), ranges)).map(
      ({ code, tensor, reason }) => `${code} ${tensor}: ${reason}`,
    ),
  );
}

describe('weights that FP16 loses', () => {
  it('count where they are all that an output has', () => {
    expect(convHazards({ weight: 1e-8, first: 1e-8 })).toEqual([
      "fp16-refused-underflow w: weights of w lie below 2^-14, where FP16 loses bits: that can change 100 % of the layer's largest output",
    ]);
    expect(convHazards({ weight: 1e-7, first: 1e-7 })).toHaveLength(1);
    expect(convHazards({ weight: 5e-5, first: 5e-5 })).toEqual([]);
  });

  it('do not in a dead channel, nor one by one', () => {
    expect(convHazards({ weight: 0.1, first: 1e-12 })).toEqual([]);
    expect(convHazards({ weight: 0.1, first: 1e-12, ranges: { x: [-6, 6], 'conv:0': [-9, 9] } })).toEqual([]);
  });

  it('do where a channel of tiny weights reads large values', () => {
    const ranges = { x: [0, 6e4], 'conv:0': [0, 0.01] } as const;
    expect(convHazards({ weight: 1e-8, first: 0, ranges })).toHaveLength(1);
    expect(convHazards({ weight: 1e-8, first: 0, ranges: { ...ranges, 'conv:0': [0, 100] } })).toEqual([]);
  });
});

describe('activations that lie below 2^-14', () => {
  const found = (ranges: TensorRanges, opType = 'Relu') => {
    const net = new Net();
    const facts = graphFacts(net.model(DIMS, net.op(opType, 'it', ['x'])));
    return facts.nodes.flatMap((node) =>
      underflowHazards(facts, node, rangeFacts(new WeightScales(facts.model), ranges)).map(
        ({ code, tensor, reason }) => `${code} ${tensor}: ${reason}`,
      ),
    );
  };

  it('are refused when most values do', () => {
    expect(found({ x: [-0.01, 0.01, 0.82] })).toEqual([
      'fp16-refused-underflow x: 82 % of the values of x other than 0 are below 2^-14 (6.1e-5), where FP16 loses bits, and below 2^-25 they become 0',
    ]);
    expect(found({ 'it:0': [0, 1e-5, 1] })).toHaveLength(1);
    expect(found({ x: [-0.01, 0.01, 0.3] })).toEqual([]);
    expect(found({ x: [-0.01, 0.01] })).toEqual([]);
  });

  it('are refused when their squares do', () => {
    expect(found({ x: [0, 0.005] }, 'ReduceL2')).toEqual([
      'fp16-refused-underflow x: max|x| of x is 0.005: its squares are below 2^-14 (6.1e-5), where FP16 loses bits',
    ]);
    expect(found({ x: [0, 0.01] }, 'ReduceL2')).toEqual([]);
  });
});

it('follows a floor through a deep graph without running out of stack', () => {
  const net = new Net();
  let tensor = net.op('Add', 'eps_add', ['x', scalar(net, 'eps', 1e-12)]);
  for (let i = 0; i < 20_000; i++) tensor = net.op('Abs', `abs_${i}`, [tensor]);
  const facts = graphFacts(net.model(DIMS, net.op('Log', 'log', [tensor])));
  const first = facts.nodes[0];
  expect(first && underflowHazards(facts, first, NO_RANGES)).toMatchObject([
    { reason: 'constant eps (1e-12) becomes 0 in FP16' },
  ]);
});
