/** Small networks with one operator each, in the forms in which exporters write it. */
import { floatAttr, floatTensor, int64Tensor, intAttr, intsAttr, stringAttr } from '../../src-main/onnx/graph/make';
import type { Attribute } from '../../src-main/onnx/graph/model';
import type { Net } from '../unit/quantization/graphs';

/** Shape of the tensor that the operator under test reads; a multiple of everything that the cases divide by. */
export const CHANNELS = 8;
export const SIZE = 12;

export interface Case {
  readonly op: string;
  readonly text: string;
  readonly opset: number;
  /**
   * Adds the operator behind `input` ([n, 8, 12, 12], 0 or more) and returns what the next Conv reads, with its
   * channels.
   */
  readonly build: (net: Net, input: string) => { readonly tensor: string; readonly channels?: number };
}

export const cases: Case[] = [];

function add(op: string, text: string, opset: number, build: Case['build']): void {
  cases.push({ op, text, opset, build });
}

interface Further {
  /** Adds constants and returns the operator's other inputs. */
  readonly rest?: (net: Net) => readonly string[];
  /** Channels of what it yields. */
  readonly channels?: number;
}

/** One operator with attributes behind the input. */
function addSimple(
  op: string,
  opset: number,
  attributes: readonly Attribute[],
  { rest = () => [], channels = CHANNELS }: Further = {},
): void {
  const text = attributes.map(({ name, value }) => `${name}=${valueText(value)}`).join(' ');
  add(op, `${text} #${cases.length}`, opset, (net, input) => ({
    tensor: net.op(op, 'op', [input, ...rest(net)], [...attributes]),
    channels,
  }));
}

function valueText(value: Attribute['value']): string {
  switch (value.kind) {
    case 'string':
      return new TextDecoder().decode(value.value);
    case 'ints':
    case 'floats':
      return value.value.join();
    case 'int':
    case 'float':
      return value.value.toString();
    default:
      return value.kind;
  }
}

function ints(name: string, values: readonly number[]): (net: Net) => readonly string[] {
  return (net) => {
    net.initializers.push(int64Tensor(name, [values.length], values));
    return [name];
  };
}

function floats(
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): (net: Net) => readonly string[] {
  return (net) => {
    net.initializers.push(floatTensor(name, dims, values));
    return [name];
  };
}

const kernel = intsAttr('kernel_shape', [2, 2]);
for (const opset of [13, 19]) {
  for (const op of ['AveragePool', 'MaxPool']) {
    addSimple(op, opset, [kernel]);
    addSimple(op, opset, [kernel, intsAttr('strides', [2, 2])]);
    addSimple(op, opset, [kernel, intsAttr('pads', [1, 1, 0, 0])]);
    addSimple(op, opset, [kernel, stringAttr('auto_pad', 'SAME_UPPER')]);
    addSimple(op, opset, [kernel, stringAttr('auto_pad', 'SAME_LOWER'), intsAttr('strides', [2, 2])]);
    addSimple(op, opset, [kernel, stringAttr('auto_pad', 'VALID')]);
    addSimple(op, opset, [intsAttr('kernel_shape', [3, 3]), intAttr('ceil_mode', 1), intsAttr('strides', [2, 2])]);
    if (op === 'AveragePool')
      addSimple(op, opset, [kernel, intsAttr('pads', [1, 1, 1, 1]), intAttr('count_include_pad', 1)]);
    if (op === 'MaxPool' || opset >= 19) addSimple(op, opset, [kernel, intsAttr('dilations', [2, 2])]);
    if (op === 'MaxPool' || opset >= 19) addSimple(op, opset, [kernel, intsAttr('dilations', [1, 1])]);
    if (op === 'MaxPool') addSimple(op, opset, [kernel, intAttr('storage_order', 1)]);
  }
}

const scales = floats('scales', [1, 1, 2, 2]);
const resize =
  (inputs: (net: Net) => readonly string[]) =>
  (net: Net): readonly string[] => ['', ...inputs(net)];
const NEAREST = stringAttr('mode', 'nearest');
for (const opset of [13, 19]) {
  for (const mode of ['nearest', 'linear', 'cubic']) {
    for (const coordinates of ['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel']) {
      addSimple(
        'Resize',
        opset,
        [stringAttr('mode', mode), stringAttr('coordinate_transformation_mode', coordinates)],
        { rest: resize(scales) },
      );
    }
  }
  for (const rounding of ['floor', 'ceil', 'round_prefer_ceil'])
    addSimple('Resize', opset, [NEAREST, stringAttr('nearest_mode', rounding)], { rest: resize(scales) });
  addSimple('Resize', opset, [NEAREST], { rest: resize((net) => ['', ...ints('sizes', [1, 8, 24, 18])(net)]) });
  addSimple('Resize', opset, [NEAREST], { rest: resize(floats('scales', [1, 1, 0.5, 0.5])) });
  addSimple('Resize', opset, [NEAREST], { rest: resize(floats('scales', [1, 2, 2, 2])), channels: 16 });
  addSimple(
    'Resize',
    opset,
    [NEAREST, stringAttr('coordinate_transformation_mode', 'tf_crop_and_resize'), floatAttr('extrapolation_value', 1)],
    { rest: (net) => [...floats('roi', [0, 0, -0.5, 0, 1, 1, 1, 1.5])(net), ...scales(net)] },
  );
}
for (const axes of [[2, 3], [3], [-2, -1]]) {
  addSimple('Resize', 19, [NEAREST, intsAttr('axes', axes)], {
    rest: resize(
      floats(
        'scales',
        axes.map(() => 2),
      ),
    ),
  });
  addSimple('Resize', 19, [stringAttr('mode', 'linear'), intsAttr('axes', axes)], {
    rest: resize(
      floats(
        'scales',
        axes.map(() => 2),
      ),
    ),
  });
}
addSimple('Resize', 19, [NEAREST, intsAttr('axes', [3, 2])], {
  rest: resize((net) => ['', ...ints('sizes', [30, 18])(net)]),
});
addSimple('Resize', 19, [stringAttr('mode', 'linear'), intAttr('antialias', 1)], {
  rest: resize(floats('scales', [1, 1, 0.5, 0.5])),
});

for (const perm of [
  [0, 1, 3, 2],
  [0, 2, 3, 1],
  [0, 3, 1, 2],
])
  addSimple('Transpose', 13, [intsAttr('perm', perm)], { channels: perm[1] === 1 ? CHANNELS : SIZE });
addSimple('Reshape', 13, [], { rest: ints('shape', [0, 16, 6, 12]), channels: 16 });
addSimple('Reshape', 14, [intAttr('allowzero', 1)], { rest: ints('shape', [1, 16, 6, 12]), channels: 16 });
addSimple('DepthToSpace', 13, [intAttr('blocksize', 2)], { channels: 2 });
addSimple('DepthToSpace', 13, [intAttr('blocksize', 2), stringAttr('mode', 'CRD')], { channels: 2 });
addSimple('SpaceToDepth', 13, [intAttr('blocksize', 2)], { channels: 32 });
add('Squeeze', 'and Unsqueeze', 13, (net, input) => {
  net.initializers.push(int64Tensor('at', [1], [2]));
  return { tensor: net.op('Squeeze', 'sq', [net.op('Unsqueeze', 'un', [input, 'at']), 'at']) };
});
addSimple('Slice', 13, [], {
  rest: (net) => [...ints('starts', [1, 0])(net), ...ints('ends', [7, 10])(net), ...ints('axes', [1, 2])(net)],
  channels: 6,
});
addSimple('Slice', 13, [], {
  rest: (net) => [
    ...ints('starts', [-1])(net),
    ...ints('ends', [-99])(net),
    ...ints('axes', [3])(net),
    ...ints('steps', [-1])(net),
  ],
});
addSimple('Gather', 13, [intAttr('axis', 1)], { rest: ints('indices', [0, 2, 4, 6]), channels: 4 });
addSimple('Gather', 13, [intAttr('axis', -1)], { rest: ints('indices', [-1, 0, 3]) });
addSimple('Expand', 13, [], { rest: ints('shape', [2, 8, 12, 12]) });
addSimple('Tile', 13, [], { rest: ints('repeats', [1, 2, 1, 1]), channels: 16 });
for (const opset of [13, 18]) {
  for (const axis of [1, -3]) {
    add('Split', `axis=${axis}, sizes given, opset ${opset}`, opset, (net, input) => {
      net.initializers.push(int64Tensor('sizes', [2], [3, 5]));
      const [a, b] = split(net, input, [intAttr('axis', axis)], ['sizes']);
      return { tensor: net.op('Concat', 'cat', [b, a], [intAttr('axis', axis)]) };
    });
    add('Split', `axis=${axis}, equal parts, opset ${opset}`, opset, (net, input) => {
      const [a, b] = split(
        net,
        input,
        [intAttr('axis', axis), ...(opset >= 18 ? [intAttr('num_outputs', 2)] : [])],
        [],
      );
      return { tensor: net.op('Add', 'sum', [b, a]), channels: 4 };
    });
  }
}
function split(net: Net, input: string, attributes: readonly Attribute[], rest: readonly string[]): [string, string] {
  net.nodes.push({
    opType: 'Split',
    input: [input, ...rest],
    output: ['part0', 'part1'],
    name: 'split',
    domain: '',
    attribute: [...attributes],
  });
  return ['part0', 'part1'];
}

for (const axis of [1, 2, 3, -1])
  add('Concat', `axis=${axis}`, 13, (net, input) => ({
    tensor: net.op('Concat', 'cat', [input, net.conv('side', 'x', 8, 8)], [intAttr('axis', axis)]),
    channels: axis === 1 ? 16 : 8,
  }));
add('Concat', 'the same tensor twice', 13, (net, input) => ({
  tensor: net.op('Concat', 'cat', [input, input], [intAttr('axis', 1)]),
  channels: 16,
}));
add('Concat', 'one input', 13, (net, input) => ({ tensor: net.op('Concat', 'cat', [input], [intAttr('axis', 1)]) }));
add('Concat', 'with the network input', 13, (net, input) => ({
  tensor: net.op('Concat', 'cat', [input, 'x'], [intAttr('axis', 1)]),
  channels: 16,
}));
for (const op of ['Add', 'Mul', 'Sub', 'Max', 'Min', 'Pow']) {
  add(op, 'two activations', 13, (net, input) => ({
    tensor: net.op(op, 'op', [input, net.op('Relu', 'side_relu', [net.conv('side', 'x', 8, 8)])]),
  }));
  add(op, 'an activation of one pixel', 13, (net, input) => ({
    tensor: net.op(op, 'op', [
      input,
      net.op('Sigmoid', 'gate', [net.conv('side', net.op('GlobalAveragePool', 'gap', [input]), 8, 8)]),
    ]),
  }));
  add(op, 'the smaller one first', 13, (net, input) => ({
    tensor: net.op(op, 'op', [
      net.op('Sigmoid', 'gate', [net.conv('side', net.op('GlobalAveragePool', 'gap', [input]), 8, 8)]),
      input,
    ]),
  }));
  add(op, 'a constant per channel', 13, (net, input) => ({
    tensor: net.op(op, 'op', [input, ...floats('c', [1, 2, 3, 1, 2, 3, 1, 2], [8, 1, 1])(net)]),
  }));
  add(op, 'a scalar', 13, (net, input) => ({ tensor: net.op(op, 'op', [input, ...floats('c', [0.5], [])(net)]) }));
}
for (const op of ['Div', 'PRelu'])
  add(op, 'a constant per channel', 13, (net, input) => ({
    tensor: net.op(op, 'op', [input, ...floats('c', [1, 2, 3, 1, 2, 3, 1, 2], [8, 1, 1])(net)]),
  }));
add('Add', 'the same tensor twice', 13, (net, input) => ({ tensor: net.op('Add', 'op', [input, input]) }));

for (const op of [
  'Sigmoid',
  'LeakyRelu',
  'Tanh',
  'Elu',
  'HardSigmoid',
  'HardSwish',
  'Softplus',
  'Abs',
  'Neg',
  'Sqrt',
  'Exp',
  'Relu',
  'Identity',
]) {
  add(op, 'behind a Conv', 14, (net, input) => ({
    tensor: net.op(op, 'op', [op === 'Sqrt' ? input : net.conv('before', input, 8, 8)]),
  }));
}
addSimple('LeakyRelu', 13, [floatAttr('alpha', 0.3)]);
addSimple('Softmax', 13, [intAttr('axis', 1)]);
addSimple('Softmax', 13, [intAttr('axis', -1)]);
for (const [low, high] of [
  ['0', '6'],
  ['0', ''],
  ['', '1'],
  ['-1', '1'],
  ['0', '0.3'],
  ['', ''],
] as const) {
  add('Clip', `[${low}, ${high}] behind a Conv`, 13, (net, input) => {
    const bound = (text: string, name: string): string =>
      text === '' ? '' : (floats(name, [Number(text)], [])(net)[0] ?? '');
    return { tensor: net.op('Clip', 'op', [net.conv('before', input, 8, 8), bound(low, 'low'), bound(high, 'high')]) };
  });
}
const RECTIFIERS = ['Relu', 'Clip6', 'Clip1'];
const rectify = (net: Net, kind: string, name: string, input: string): string => {
  if (kind === 'Relu') return net.op('Relu', name, [input]);
  net.initializers.push(
    floatTensor(`${name}.low`, [], [0]),
    floatTensor(`${name}.high`, [], [kind === 'Clip6' ? 6 : 1]),
  );
  return net.op('Clip', name, [input, `${name}.low`, `${name}.high`]);
};
for (const first of RECTIFIERS) {
  for (const second of RECTIFIERS) {
    add(first, `then ${second}`, 13, (net, input) => ({
      tensor: rectify(net, second, 'second', rectify(net, first, 'first', net.conv('before', input, 8, 8))),
    }));
    add(first, `then MaxPool, then ${second}`, 13, (net, input) => {
      const pooled = net.op(
        'MaxPool',
        'pool',
        [rectify(net, first, 'first', net.conv('before', input, 8, 8))],
        [kernel],
      );
      return { tensor: rectify(net, second, 'second', pooled) };
    });
    add(first, `and ${second} of one tensor`, 13, (net, input) => {
      const conv = net.conv('before', input, 8, 8);
      return {
        tensor: net.op('Add', 'sum', [rectify(net, first, 'first', conv), rectify(net, second, 'second', conv)]),
      };
    });
    add(first, `three times, then ${second}, read in between`, 13, (net, input) => {
      const one = rectify(net, first, 'one', net.conv('before', input, 8, 8));
      const two = rectify(net, first, 'two', one);
      const three = rectify(net, first, 'three', two);
      return { tensor: net.op('Add', 'sum', [rectify(net, second, 'last', three), two]) };
    });
  }
}

const conv =
  (attributes: readonly Attribute[], dims: readonly number[], channels: number) => (net: Net, input: string) => ({
    tensor: net.op(
      'Conv',
      'op',
      [input, net.constant('op.w', dims), net.constant('op.b', [dims[0] ?? 0])],
      [...attributes],
    ),
    channels,
  });
const THREE = intsAttr('kernel_shape', [3, 3]);
add('Conv', 'auto_pad SAME_UPPER', 13, conv([THREE, stringAttr('auto_pad', 'SAME_UPPER')], [8, 8, 3, 3], 8));
add('Conv', 'auto_pad VALID', 13, conv([stringAttr('auto_pad', 'VALID')], [8, 8, 3, 3], 8));
add(
  'Conv',
  'pads, strides, dilations',
  13,
  conv([intsAttr('pads', [2, 1, 0, 1]), intsAttr('strides', [2, 1]), intsAttr('dilations', [1, 2])], [8, 8, 3, 3], 8),
);
add('Conv', 'groups', 13, conv([intAttr('group', 4)], [12, 2, 3, 3], 12));
add('Conv', 'depthwise', 13, conv([intAttr('group', 8)], [8, 1, 3, 3], 8));
add('Conv', 'depthwise, multiplier 2', 13, conv([intAttr('group', 8)], [16, 1, 3, 3], 16));
add('Conv', 'one channel out', 13, conv([], [1, 8, 1, 1], 1));
add('Conv', 'without bias', 13, (net, input) => ({
  tensor: net.op('Conv', 'op', [input, net.constant('op.w', [8, 8, 1, 1])]),
}));
add('Conv', 'the same weights twice', 13, (net, input) => {
  const weights = net.constant('op.w', [8, 8, 1, 1]);
  return {
    tensor: net.op('Conv', 'b', [
      net.op('Relu', 'between', [net.op('Conv', 'a', [input, weights])]),
      weights,
      net.constant('b.b', [8]),
    ]),
  };
});
for (const rank of [1, 3]) {
  add('Conv', `of ${rank} dimensions`, 13, (net, input) => {
    const shape = rank === 1 ? [-1, 8, 144] : [-1, 8, 3, 4, 12];
    net.initializers.push(int64Tensor('to', [rank + 2], shape), int64Tensor('back', [4], [-1, 8, 12, 12]));
    const weight = net.constant('op.w', [8, 8, ...Array.from({ length: rank }, () => 1)]);
    const wide = net.op('Relu', 'wide', [
      net.op('Conv', 'op', [net.op('Reshape', 'r1', [input, 'to']), weight, net.constant('op.b', [8])]),
    ]);
    return { tensor: net.op('Reshape', 'r2', [wide, 'back']) };
  });
}
add('ConvTranspose', 'strides', 13, (net, input) => ({
  tensor: net.op('ConvTranspose', 'op', [input, net.constant('op.w', [8, 4, 2, 2])], [intsAttr('strides', [2, 2])]),
  channels: 4,
}));

/** A product over the last axis (12 wide); a Conv reads the result as [n, 8, 12, columns]. */
const product = (op: string, text: string, dims: readonly number[], bias: readonly number[] | null) =>
  add(op, text, 13, (net, input) => {
    const made = net.op(op, 'op', [input, net.constant('op.w', dims)]);
    return { tensor: bias ? net.op('Add', 'bias', [made, net.constant('op.b', bias)]) : made };
  });
for (const bias of [null, [5], [1, 5], [1]] as const) {
  const text = bias === null ? '' : ` and a bias of shape [${bias.join(', ')}]`;
  product('MatMul', `2-D weights${text}`, [12, 5], bias);
  product('MatMul', `3-D weights, one matrix${text}`, [1, 12, 5], bias);
  product('MatMul', `4-D weights, one matrix${text}`, [1, 1, 12, 5], bias);
  product('MatMul', `3-D weights, a matrix per channel${text}`, [8, 12, 5], bias);
}
product('MatMul', 'one column', [12, 1], null);
add('MatMul', 'two activations', 13, (net, input) => ({
  tensor: net.op('MatMul', 'op', [
    input,
    net.op('Transpose', 't', [net.conv('side', 'x', 8, 8)], [intsAttr('perm', [0, 1, 3, 2])]),
  ]),
}));
add('MatMul', 'an activation with itself', 13, (net, input) => ({ tensor: net.op('MatMul', 'op', [input, input]) }));
add('MatMul', 'weights on the left', 13, (net, input) => ({
  tensor: net.op('MatMul', 'op', [net.constant('op.w', [12, 12]), input]),
}));

const flat = (net: Net, input: string): string =>
  net.op('Flatten', 'flat', [net.op('GlobalAveragePool', 'gap', [input])]);
const backToPixels = (net: Net, tensor: string, channels: number) => {
  net.initializers.push(int64Tensor('pixels', [4], [-1, channels, 1, 1]));
  return { tensor: net.op('Reshape', 'back', [tensor, 'pixels']), channels };
};
const gemm = (
  text: string,
  attributes: readonly Attribute[],
  dims: readonly number[],
  bias: readonly number[] | null,
) =>
  add('Gemm', text, 13, (net, input) => {
    const made = net.op(
      'Gemm',
      'op',
      [flat(net, input), net.constant('op.w', dims), ...(bias ? [net.constant('op.b', bias)] : [])],
      [...attributes],
    );
    return backToPixels(net, made, 6);
  });
gemm('with bias', [], [8, 6], [6]);
gemm('without bias', [], [8, 6], null);
gemm('transB', [intAttr('transB', 1)], [6, 8], [6]);
gemm('bias [1, n]', [], [8, 6], [1, 6]);
gemm('bias of one value', [], [8, 6], [1]);
gemm('scalar bias', [], [8, 6], []);
gemm('alpha', [floatAttr('alpha', 0.5)], [8, 6], [6]);
gemm('beta', [floatAttr('beta', 2)], [8, 6], [6]);
gemm('beta without bias', [floatAttr('beta', 2)], [8, 6], null);
add('GlobalAveragePool', 'and a Conv', 13, (net, input) => ({ tensor: net.op('GlobalAveragePool', 'gap', [input]) }));
add('GlobalMaxPool', 'and a Conv', 13, (net, input) => ({ tensor: net.op('GlobalMaxPool', 'gap', [input]) }));
add('ReduceMean', 'over pixels', 13, (net, input) => ({
  tensor: net.op('ReduceMean', 'mean', [input], [intsAttr('axes', [2, 3])]),
}));
add('Pad', 'with zeros', 13, (net, input) => ({
  tensor: net.op('Pad', 'pad', [input, ...ints('pads', [0, 0, 1, 1, 0, 0, 1, 1])(net)]),
}));
add('Pad', 'reflect', 13, (net, input) => ({
  tensor: net.op(
    'Pad',
    'pad',
    [input, ...ints('pads', [0, 0, 1, 1, 0, 0, 1, 1])(net)],
    [stringAttr('mode', 'reflect')],
  ),
}));
add('Where', 'of two activations', 13, (net, input) => {
  const side = net.conv('side', 'x', 8, 8);
  return { tensor: net.op('Where', 'op', [net.op('Greater', 'cond', [input, side]), input, side]) };
});
