import { attrFloat, attrInt, attrInts, attrString } from '../../onnx/graph/attributes';
import { intAttr, intsAttr } from '../../onnx/graph/make';
import type { Node } from '../../onnx/graph/model';
import type { Dims } from '../../onnx/graph/static-shapes';
import type { GradientScope } from './gradient-scope';
import type { GradientRule, RuleInput } from './gradient-rule';

/** Rules of convolutions and matrix products. */
export const PRODUCT_RULES: readonly (readonly [opType: string, rule: GradientRule])[] = [
  ['Conv', conv],
  ['ConvTranspose', convTranspose],
  ['Gemm', gemm],
  ['MatMul', matMul],
];

/** How a window moves over the spatial axes. */
export interface WindowMoves {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding at the beginning of each axis. */
  readonly begins: readonly number[];
  /** Padding at the end of each axis that the positions of the windows actually reach. */
  readonly ends: readonly number[];
  /** Values at the end of each axis that no window reaches. */
  readonly unused: readonly number[];
}

/**
 * The moves of the windows of a Conv or a pooling layer, with explicit padding for every auto_pad.
 * @param from sizes of the padded tensor, and `to` of the tensor with one value per window; both with batch and
 *   channels. A ConvTranspose is the same with both exchanged.
 */
export function windowMoves(node: Node, kernel: readonly number[], from: Dims, to: Dims): WindowMoves {
  const ones = kernel.map(() => 1);
  const strides = attrInts(node, 'strides', ones);
  const dilations = attrInts(node, 'dilations', ones);
  const autoPad = attrString(node, 'auto_pad', 'NOTSET');
  const pads = attrInts(node, 'pads', undefined);
  // What the windows cover beyond the values of an axis.
  const excess = kernel.map((size, axis) => {
    const reach = ((to[axis + 2] ?? 1) - 1) * (strides[axis] ?? 1) + (size - 1) * (dilations[axis] ?? 1) + 1;
    return reach - (from[axis + 2] ?? 1);
  });
  const begins = kernel.map((_, axis) => {
    const whole = Math.max(0, excess[axis] ?? 0);
    if (autoPad === 'SAME_UPPER') return Math.floor(whole / 2);
    if (autoPad === 'SAME_LOWER') return Math.ceil(whole / 2);
    return autoPad === 'VALID' ? 0 : (pads?.[axis] ?? 0);
  });
  const rests = kernel.map((_, axis) => (excess[axis] ?? 0) - (begins[axis] ?? 0));
  return {
    strides,
    dilations,
    begins,
    ends: rests.map((rest) => Math.max(0, rest)),
    unused: rests.map((rest) => Math.max(0, -rest)),
  };
}

/**
 * The gradient of the tensor that windows moved over: a transposed convolution, which adds up what overlaps. ONNX
 * Runtime's kernels for ConvTranspose with groups are slow; a convolution of the same result, with a mirrored kernel,
 * is used where no or only a few zeros have to be inserted for it.
 * @param kernel of sizes `shape`: output channels, input channels of a group, spatial axes.
 */
export function spread(
  scope: GradientScope,
  gradient: string,
  kernel: string,
  { moves, group, shape, from }: Windows & { readonly from: Dims },
): string {
  const { strides, dilations, begins, ends, unused } = moves;
  const spatial = shape.slice(2);
  const reach = spatial.map((size, axis) => (size - 1) * (dilations[axis] ?? 1));
  const pads = [
    ...reach.map((own, axis) => own - (begins[axis] ?? 0)),
    ...reach.map((own, axis) => own - (ends[axis] ?? 0) + (unused[axis] ?? 0)),
  ];
  const isStrided = strides.some((stride) => stride !== 1);
  if ((isStrided && group === 1) || pads.some((pad) => pad < 0)) {
    return scope.op(
      'ConvTranspose',
      [gradient, kernel],
      [
        intsAttr('strides', strides),
        intsAttr('dilations', dilations),
        intsAttr('pads', [...begins, ...ends]),
        intsAttr('output_padding', unused),
        intAttr('group', group),
      ],
    );
  }
  const dense = isStrided ? withZerosBetween(scope, gradient, from, strides) : gradient;
  return scope.op(
    'Conv',
    [dense, mirrored(scope, kernel, { shape, group })],
    [intsAttr('dilations', dilations), intsAttr('pads', pads), intAttr('group', group)],
  );
}

interface Windows {
  readonly moves: WindowMoves;
  readonly group: number;
  /** Sizes of the kernel. */
  readonly shape: Dims;
}

/** The kernel that leads back: input and output channels of each group exchanged, spatial axes reversed. */
function mirrored(scope: GradientScope, kernel: string, { shape, group }: Pick<Windows, 'shape' | 'group'>): string {
  const [outputs = 1, inputs = 1, ...spatial] = shape;
  const own = outputs / group;
  let exchanged = kernel;
  if (own !== 1 || inputs !== 1) {
    const split = scope.reshape(kernel, [group, own, inputs, ...spatial]);
    const perm = [0, 2, 1, ...spatial.map((_, axis) => axis + 3)];
    exchanged = scope.reshape(scope.op('Transpose', [split], [intsAttr('perm', perm)]), [
      group * inputs,
      own,
      ...spatial,
    ]);
  }
  const all = (value: number): string => scope.ints(spatial.map(() => value));
  const axes = scope.ints(spatial.map((_, axis) => axis + 2));
  return scope.op('Slice', [exchanged, all(-1), all(Number.MIN_SAFE_INTEGER), axes, all(-1)]);
}

/** Inserts stride - 1 zeros between neighbouring values. */
function withZerosBetween(scope: GradientScope, name: string, dims: Dims, strides: readonly number[]): string {
  const [batch = 1, channels = 1, ...spatial] = dims;
  const split = scope.reshape(name, [batch, channels, ...spatial.flatMap((size) => [size, 1])]);
  const pads = [0, 0, ...spatial.flatMap((_, axis) => [0, (strides[axis] ?? 1) - 1])];
  const padded = scope.op('Pad', [split, scope.ints([...pads.map(() => 0), ...pads])]);
  const joined = scope.reshape(padded, [batch, channels, ...spatial.map((size, axis) => size * (strides[axis] ?? 1))]);
  const ends = spatial.map((size, axis) => (size - 1) * (strides[axis] ?? 1) + 1);
  return scope.op('Slice', [
    joined,
    scope.ints(spatial.map(() => 0)),
    scope.ints(ends),
    scope.ints(spatial.map((_, axis) => axis + 2)),
  ]);
}

function gather(
  scope: GradientScope,
  inputs: readonly string[],
  { moves, group }: { readonly moves: WindowMoves; readonly group: number },
): string {
  const { strides, dilations, begins, ends } = moves;
  return scope.op('Conv', inputs, [
    intsAttr('strides', strides),
    intsAttr('dilations', dilations),
    intsAttr('pads', [...begins, ...ends]),
    intAttr('group', group),
  ]);
}

/** Sum over batch and positions, per channel. */
function biasGradient(scope: GradientScope, gradient: string, output: Dims): string {
  return scope.sum(
    gradient,
    [...output.keys()].filter((axis) => axis !== 1),
    false,
  );
}

function conv({ node, gradient, scope, isWanted }: RuleInput): readonly (string | null)[] {
  const [x = '', weights = ''] = node.input;
  const from = scope.dimsOf(x);
  const to = scope.dimsOf(node.output[0] ?? '');
  const kernel = scope.dimsOf(weights);
  const group = attrInt(node, 'group', 1);
  const moves = windowMoves(node, kernel.slice(2), from, to);
  return [
    isWanted(0) ? spread(scope, gradient, weights, { moves, group, shape: kernel, from: to }) : null,
    isWanted(1) ? weightGradient(scope, { x, gradient }, { from, kernel, group, moves }) : null,
    isWanted(2) ? biasGradient(scope, gradient, to) : null,
  ];
}

/**
 * dW[o, i, k] = sum over n and p of dY[n, o, p] X[n, i, p stride + k dilation]: a convolution in which batch and
 * channels are exchanged, the gradient is the kernel, and stride and dilation change places. With groups, the channels
 * of the exchanged tensors are those of the groups times the batch.
 */
function weightGradient(
  scope: GradientScope,
  { x, gradient }: { readonly x: string; readonly gradient: string },
  shape: {
    readonly from: Dims;
    readonly kernel: Dims;
    readonly group: number;
    readonly moves: WindowMoves;
  },
): string {
  const { from, kernel, group, moves } = shape;
  const spatial = kernel.slice(2);
  const axes = spatial.map((_, i) => i);
  const [batch = 1] = from;
  const [, inputs = 1] = kernel;
  const split = scope.reshape(x, [batch, group, inputs, ...from.slice(2)]);
  const exchanged = scope.op('Transpose', [split], [intsAttr('perm', [2, 1, 0, ...axes.map((axis) => axis + 3)])]);
  const data = scope.reshape(exchanged, [inputs, group * batch, ...from.slice(2)]);
  const filter = scope.op('Transpose', [gradient], [intsAttr('perm', [1, 0, ...axes.map((axis) => axis + 2)])]);
  const found = gather(scope, [data, filter], {
    moves: { ...moves, strides: moves.dilations, dilations: moves.strides },
    group,
  });
  // Values that no window reached give further entries, which belong to no weight.
  const cropped = scope.op('Slice', [
    found,
    scope.ints(axes.map(() => 0)),
    scope.ints(spatial),
    scope.ints(axes.map((axis) => axis + 2)),
  ]);
  const restored = scope.op('Transpose', [cropped], [intsAttr('perm', [1, 0, ...axes.map((axis) => axis + 2)])]);
  return scope.reshape(restored, kernel);
}

function convTranspose({ node, gradient, scope, isWanted }: RuleInput): readonly (string | null)[] | null {
  const [x = '', weights = ''] = node.input;
  const from = scope.dimsOf(x);
  const to = scope.dimsOf(node.output[0] ?? '');
  const kernel = scope.dimsOf(weights);
  if (isWanted(1) || attrInts(node, 'output_shape', undefined) !== undefined) return null;
  const group = attrInt(node, 'group', 1);
  const moves = windowMoves(node, kernel.slice(2), to, from);
  const isSame = attrString(node, 'auto_pad', 'NOTSET').startsWith('SAME');
  if (isSame) return null;
  return [
    isWanted(0) ? gather(scope, [gradient, weights], { moves, group }) : null,
    null,
    isWanted(2) ? biasGradient(scope, gradient, to) : null,
  ];
}

/** Y = alpha A' B' + beta C, where ' may be a transposition. */
function gemm({ node, gradient, scope, isWanted }: RuleInput): readonly (string | null)[] {
  const [a = '', b = '', c] = node.input;
  const isA = attrInt(node, 'transA', 0) !== 0;
  const isB = attrInt(node, 'transB', 0) !== 0;
  const alpha = attrFloat(node, 'alpha', 1);
  const beta = attrFloat(node, 'beta', 1);
  const scaled = (name: string, factor: number): string =>
    factor === 1 ? name : scope.op('Mul', [name, scope.scalar(factor)]);
  const product = (left: string, right: string, isLeft: boolean, isRight: boolean): string =>
    scaled(
      scope.op('Gemm', [left, right], [intAttr('transA', isLeft ? 1 : 0), intAttr('transB', isRight ? 1 : 0)]),
      alpha,
    );
  return [
    isWanted(0) ? (isA ? product(b, gradient, isB, true) : product(gradient, b, false, !isB)) : null,
    isWanted(1) ? (isB ? product(gradient, a, true, isA) : product(a, gradient, !isA, false)) : null,
    c !== undefined && isWanted(2)
      ? scaled(scope.unbroadcast(gradient, scope.dimsOf(node.output[0] ?? ''), scope.dimsOf(c)), beta)
      : null,
  ];
}

/** Both inputs have at least two axes; leading axes are broadcast. */
function matMul({ node, gradient, scope, isWanted }: RuleInput): readonly (string | null)[] | null {
  const [a = '', b = ''] = node.input;
  const [ofA, ofB] = [scope.dimsOf(a), scope.dimsOf(b)];
  if (ofA.length < 2 || ofB.length < 2) return null;
  const leading = scope.dimsOf(node.output[0] ?? '').slice(0, -2);
  return [
    isWanted(0)
      ? scope.unbroadcast(scope.op('MatMul', [gradient, swapped(scope, b, ofB)]), [...leading, ...ofA.slice(-2)], ofA)
      : null,
    isWanted(1)
      ? scope.unbroadcast(scope.op('MatMul', [swapped(scope, a, ofA), gradient]), [...leading, ...ofB.slice(-2)], ofB)
      : null,
  ];
}

/** The last two axes exchanged. */
function swapped(scope: GradientScope, name: string, dims: Dims): string {
  const axes = [...dims.keys()];
  return scope.op('Transpose', [name], [intsAttr('perm', [...axes.slice(0, -2), dims.length - 1, dims.length - 2])]);
}
