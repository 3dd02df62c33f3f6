import { attrInt, attrInts, attrString } from '../../onnx/graph/attributes';
import { intAttr, intsAttr, stringAttr } from '../../onnx/graph/make';
import type { Dims } from '../../onnx/graph/static-shapes';
import type { GradientRule, RuleInput } from './gradient-rule';

/** Rules of layers that only move values. */
export const SHAPE_RULES: readonly (readonly [opType: string, rule: GradientRule])[] = [
  ['Reshape', reshaped],
  ['Flatten', reshaped],
  ['Squeeze', reshaped],
  ['Unsqueeze', reshaped],
  ['Transpose', transpose],
  ['Concat', concat],
  ['Split', split],
  ['Slice', slice],
  ['Gather', gather],
  ['Pad', pad],
  ['Expand', expand],
  ['Resize', resize],
  ['DepthToSpace', depthToSpace],
  ['SpaceToDepth', spaceToDepth],
];

function reshaped({ node, gradient, scope }: RuleInput): readonly string[] {
  return [scope.reshape(gradient, scope.dimsOf(node.input[0] ?? ''))];
}

function transpose({ node, gradient, scope }: RuleInput): readonly string[] {
  const { length } = scope.dimsOf(node.input[0] ?? '');
  const perm = attrInts(
    node,
    'perm',
    Array.from({ length }, (_, i) => length - 1 - i),
  );
  const inverse = Array.from({ length }, (_, axis) => perm.indexOf(axis));
  return [scope.op('Transpose', [gradient], [intsAttr('perm', inverse)])];
}

function concat({ node, gradient, scope }: RuleInput): readonly string[] {
  const axis = attrInt(node, 'axis', 0);
  const sizes = node.input.map((name) => scope.dimsOf(name).at(axis) ?? 0);
  return scope.ops('Split', [gradient, scope.ints(sizes)], sizes.length, [intAttr('axis', axis)]);
}

function split({ node, gradients, scope }: RuleInput): readonly string[] {
  const parts = node.output.map((name, i) => gradients[i] ?? scope.zeros(scope.dimsOf(name)));
  return [scope.op('Concat', parts, [intAttr('axis', attrInt(node, 'axis', 0))])];
}

/** Zeros around the gradient where the values were cut off. Starts and axes are constant, and every step is 1. */
function slice({ node, gradient, scope }: RuleInput): readonly string[] | null {
  const [x = '', startsInput = '', , axesInput = '', stepsInput = ''] = node.input;
  const from = scope.dimsOf(x);
  const to = scope.dimsOf(node.output[0] ?? '');
  const starts = scope.intsOf(startsInput);
  const axes = axesInput === '' ? starts && [...starts.keys()] : scope.intsOf(axesInput);
  const steps = stepsInput === '' ? [] : scope.intsOf(stepsInput);
  if (starts === null || axes === null || steps === null || steps.some((step) => step !== 1)) return null;
  const begins = from.map(() => 0);
  for (const [i, given] of axes.entries()) {
    const axis = given < 0 ? given + from.length : given;
    const length = from[axis] ?? 0;
    const start = starts[i] ?? 0;
    begins[axis] = Math.min(length, Math.max(0, start < 0 ? start + length : start));
  }
  const ends = from.map((length, axis) => length - (begins[axis] ?? 0) - (to[axis] ?? 0));
  return [scope.op('Pad', [gradient, scope.ints([...begins, ...ends])])];
}

/** One constant index: a slice of one value along the axis. */
function gather({ node, gradient, scope }: RuleInput): readonly string[] | null {
  const [x = '', indices = ''] = node.input;
  const dims = scope.dimsOf(x);
  const index = scope.intsOf(indices);
  const given = attrInt(node, 'axis', 0);
  const axis = given < 0 ? given + dims.length : given;
  const [at = 0] = index ?? [];
  if (index?.length !== 1) return null;
  const length = dims[axis] ?? 1;
  const begin = at < 0 ? at + length : at;
  const kept = scope.reshape(gradient, replaced(dims, axis, 1));
  const pads = (before: boolean): number[] =>
    dims.map((_, each) => (each === axis ? (before ? begin : length - 1 - begin) : 0));
  return [scope.op('Pad', [kept, scope.ints([...pads(true), ...pads(false)])])];
}

function replaced(dims: Dims, axis: number, size: number): Dims {
  return dims.map((dim, each) => (each === axis ? size : dim));
}

/** Only padding with a constant. Negative padding, which cuts off values, is none of it. */
function pad({ node, gradient, scope }: RuleInput): readonly string[] | null {
  const [x = '', padsInput = '', , axesInput = ''] = node.input;
  const dims = scope.dimsOf(x);
  const pads = scope.intsOf(padsInput);
  const axes = axesInput === '' ? [...dims.keys()] : scope.intsOf(axesInput);
  if (pads === null || axes === null || attrString(node, 'mode', 'constant') !== 'constant') return null;
  if (pads.some((value) => value < 0)) return null;
  const positive = axes.map((axis) => (axis < 0 ? axis + dims.length : axis));
  const begins = positive.map((_, i) => pads[i] ?? 0);
  const ends = positive.map((axis, i) => (begins[i] ?? 0) + (dims[axis] ?? 0));
  return [scope.op('Slice', [gradient, scope.ints(begins), scope.ints(ends), scope.ints(positive)])];
}

function expand({ node, gradient, scope }: RuleInput): readonly string[] {
  return [scope.unbroadcast(gradient, scope.dimsOf(node.output[0] ?? ''), scope.dimsOf(node.input[0] ?? ''))];
}

/** Enlarging by whole factors, where every value is copied to a block: the gradient is the sum over the block. */
function resize({ node, gradient, scope }: RuleInput): readonly string[] | null {
  const from = scope.dimsOf(node.input[0] ?? '');
  const to = scope.dimsOf(node.output[0] ?? '');
  const factors = from.map((dim, axis) => (to[axis] ?? 0) / dim);
  if (!copiesBlocks(node) || factors.some((factor) => !Number.isInteger(factor))) return null;
  const blocks = from.flatMap((dim, axis) => [dim, factors[axis] ?? 1]);
  return [
    scope.sum(
      scope.reshape(gradient, blocks),
      from.map((_, axis) => 2 * axis + 1),
      false,
    ),
  ];
}

/** Whether Resize by a whole factor f sets y[i] = x[floor(i / f)]. */
function copiesBlocks(node: RuleInput['node']): boolean {
  if (attrString(node, 'mode', 'nearest') !== 'nearest') return false;
  const coordinates = attrString(node, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = attrString(node, 'nearest_mode', 'round_prefer_floor');
  if (coordinates === 'asymmetric') return rounding === 'floor';
  return coordinates.includes('half_pixel') && rounding.startsWith('round_prefer');
}

/** DCR order is the inverse of SpaceToDepth, which knows no other. */
function depthToSpace({ node, gradient, scope }: RuleInput): readonly string[] | null {
  if (attrString(node, 'mode', 'DCR') !== 'DCR') return null;
  return [scope.op('SpaceToDepth', [gradient], [intAttr('blocksize', attrInt(node, 'blocksize', 1))])];
}

function spaceToDepth({ node, gradient, scope }: RuleInput): readonly string[] {
  const blocksize = intAttr('blocksize', attrInt(node, 'blocksize', 1));
  return [scope.op('DepthToSpace', [gradient], [blocksize, stringAttr('mode', 'DCR')])];
}
