import { attrInt, attrInts } from '../../onnx/graph/attributes';
import { elementCount } from '../../onnx/graph/element-types';
import { intAttr, stringAttr } from '../../onnx/graph/make';
import type { Dims } from '../../onnx/graph/static-shapes';
import type { GradientScope } from './gradient-scope';
import type { GradientRule, RuleInput } from './gradient-rule';
import { spread, windowMoves, type WindowMoves } from './product-rules';

/** Rules of pooling layers and of means and sums over axes. */
export const POOLING_RULES: readonly (readonly [opType: string, rule: GradientRule])[] = [
  ['MaxPool', maxPool],
  ['AveragePool', averagePool],
  ['GlobalAveragePool', globalAveragePool],
  ['GlobalMaxPool', globalMaxPool],
  ['ReduceMean', (input) => reduction(input, true)],
  ['ReduceSum', (input) => reduction(input, false)],
];

/** The gradient of a window goes to its largest value, whose position MaxPool itself tells. */
function maxPool({ node, gradient, scope }: RuleInput): readonly string[] | null {
  if (attrInt(node, 'storage_order', 0) !== 0) return null;
  const [x = ''] = node.input;
  const dims = scope.dimsOf(x);
  const [, indices = ''] = scope.ops('MaxPool', [x], 2, node.attribute);
  const flat = [elementCount(dims)];
  const positions = scope.op('Reshape', [indices, scope.ints([-1])]);
  const values = scope.op('Reshape', [gradient, scope.ints([-1])]);
  const sums = scope.op(
    'ScatterElements',
    [scope.zeros(flat), positions, values],
    [intAttr('axis', 0), stringAttr('reduction', 'add')],
  );
  return [scope.reshape(sums, dims)];
}

/** The gradient of a window, divided by the number of its values, goes to each of them. */
function averagePool({ node, gradient, scope }: RuleInput): readonly string[] {
  const [x = ''] = node.input;
  const from = scope.dimsOf(x);
  const to = scope.dimsOf(node.output[0] ?? '');
  const kernel = attrInts(node, 'kernel_shape', []);
  const moves = windowMoves(node, kernel, from, to);
  const [, channels = 1] = from;
  const isPadCounted = attrInt(node, 'count_include_pad', 0) !== 0;
  const pads = attrInts(node, 'pads', undefined);
  const shares = windowShares(
    { kernel, moves, from, to },
    isPadCounted ? (pads ?? [...moves.begins, ...moves.ends]) : null,
  );
  const divided = scope.op('Mul', [gradient, scope.floats([1, 1, ...to.slice(2)], shares)]);
  const shape = [channels, 1, ...kernel];
  const ones = scope.op('Expand', [scope.scalar(1), scope.ints(shape)]);
  return [spread(scope, divided, ones, { moves, group: channels, shape, from: to })];
}

/**
 * One divided by the number of values of each window, per position.
 * @param pads padding at the beginnings and the ends of the axes that counts as values; null: none does.
 */
function windowShares(
  {
    kernel,
    moves,
    from,
    to,
  }: {
    readonly kernel: readonly number[];
    readonly moves: WindowMoves;
    readonly from: Dims;
    readonly to: Dims;
  },
  pads: readonly number[] | null,
): Float32Array {
  const counts = kernel.map((size, axis) => {
    const length = from[axis + 2] ?? 1;
    const low = pads === null ? 0 : -(pads[axis] ?? 0);
    const high = pads === null ? length : length + (pads[kernel.length + axis] ?? 0);
    return Array.from({ length: to[axis + 2] ?? 1 }, (_, at) => {
      const start = at * (moves.strides[axis] ?? 1) - (moves.begins[axis] ?? 0);
      const positions = Array.from({ length: size }, (__, i) => start + i * (moves.dilations[axis] ?? 1));
      return positions.filter((position) => position >= low && position < high).length;
    });
  });
  const windows = counts.reduce<number[]>((all, own) => all.flatMap((count) => own.map((each) => count * each)), [1]);
  return Float32Array.from(windows, (count) => 1 / Math.max(1, count));
}

function globalAveragePool({ node, gradient, scope }: RuleInput): readonly string[] {
  const dims = scope.dimsOf(node.input[0] ?? '');
  const share = scope.scalar(1 / elementCount(dims.slice(2)));
  return [scope.op('Expand', [scope.op('Mul', [gradient, share]), scope.ints(dims)])];
}

/** Equal maxima share the gradient of none: each gets all of it, which is rare in activations. */
function globalMaxPool({ node, gradient, scope }: RuleInput): readonly string[] {
  const isLargest = scope.op('Equal', [node.input[0] ?? '', node.output[0] ?? '']);
  return [scope.op('Where', [isLargest, gradient, scope.scalar(0)])];
}

/** The axes are constant. */
function reduction({ node, gradient, scope }: RuleInput, isMean: boolean): readonly (string | null)[] | null {
  const [x = '', axesInput = ''] = node.input;
  const dims = scope.dimsOf(x);
  const axes = reducedAxes(scope, axesInput, dims, attrInt(node, 'noop_with_empty_axes', 0) !== 0);
  if (axes === null) return null;
  const kept = scope.reshape(
    gradient,
    dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim)),
  );
  const share = 1 / elementCount(axes.map((axis) => dims[axis] ?? 1));
  const scaled = isMean ? scope.op('Mul', [kept, scope.scalar(share)]) : kept;
  return [scope.op('Expand', [scaled, scope.ints(dims)])];
}

function reducedAxes(scope: GradientScope, input: string, dims: Dims, isNothing: boolean): readonly number[] | null {
  const all = [...dims.keys()];
  if (input === '') return isNothing ? [] : all;
  const given = scope.intsOf(input);
  if (given === null) return null;
  if (given.length === 0) return isNothing ? [] : all;
  return given.map((axis) => (axis < 0 ? axis + dims.length : axis));
}
