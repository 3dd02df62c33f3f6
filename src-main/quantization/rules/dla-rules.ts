import { attrInt, attrInts, attrString } from '../../onnx/graph/attributes';
import type { Node } from '../../onnx/graph/model';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import type { GraphFacts } from './graph-facts';
import type { Refusal } from './refusals';

/**
 * The limits of DLA on Jetson Orin as NVIDIA documents them: the comments of NvInfer.h of TensorRT 10.6, and the page
 * "DLA Supported Layers and Restrictions", which agrees where both speak. Newer releases lift some.
 */
export const DLA_SOURCE = 'NvInfer.h of TensorRT 10.6; NVIDIA, "DLA Supported Layers and Restrictions"';

export type Dims = readonly number[];

/** What a rule may look at. */
export interface DlaContext {
  readonly facts: GraphFacts;
  /** Sizes of tensors; a symbolic batch counts as 1. */
  readonly shapes: ReadonlyMap<string, Dims>;
}

const MAX_SIZE = 8192;
const MAX_BATCH = 4096;
const IMAGE_RANK = 4;

/** Why DLA does not run a layer; null if it does. */
export function dlaRefusal(node: Node, context: DlaContext): Refusal | null {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return unsupported(node);
  const rule = RULES.get(node.opType);
  if (rule === undefined) return unsupported(node);
  return sizeRefusal(node, context) ?? rule(node, context);
}

/** Whether DLA computes a layer in FP16 although INT8 was asked for. */
export function isFp16Only(node: Node): boolean {
  return node.opType === 'Softmax' || node.opType === 'LRN';
}

/** Tensors of a layer that must have one scale in INT8: both sides of a pooling, and the operands of an addition. */
export function equalScales(node: Node, { facts }: DlaContext): readonly string[] {
  const activations = node.input.filter((name) => facts.isActivation(name));
  if (node.opType === 'MaxPool' || node.opType === 'AveragePool' || node.opType === 'GlobalAveragePool')
    return [...activations, node.output[0] ?? ''];
  return ELEMENTWISE.has(node.opType) && activations.length > 1 ? [...new Set(activations)] : [];
}

type Rule = (node: Node, context: DlaContext) => Refusal | null;

const ELEMENTWISE = new Set(['Add', 'Sub', 'Mul', 'Max', 'Min']);

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['Conv', convRefusal],
  ['ConvTranspose', deconvRefusal],
  ['Gemm', gemmRefusal],
  ['MaxPool', poolRefusal],
  ['AveragePool', poolRefusal],
  ['GlobalAveragePool', globalPoolRefusal],
  ['Relu', () => null],
  ['Clip', clipRefusal],
  ['LeakyRelu', () => null],
  ['Sigmoid', () => null],
  ['Tanh', () => null],
  ['Abs', () => null],
  [
    'PRelu',
    (node, { facts }) => (facts.isConstant(node.input[1] ?? '') ? null : refusal('slope', 'its slope is computed')),
  ],
  ['BatchNormalization', () => null],
  ['LRN', lrnRefusal],
  ['Concat', concatRefusal],
  ['Resize', resizeRefusal],
  ['Softmax', softmaxRefusal],
  ...[...ELEMENTWISE].map((op): [string, Rule] => [op, elementwiseRefusal]),
]);

function refusal(code: string, reason: string): Refusal {
  return { code: `dla-${code}`, reason };
}

function unsupported({ opType }: Node): Refusal {
  return refusal('operator', `DLA has no ${opType}`);
}

function sizeRefusal(node: Node, { facts, shapes }: DlaContext): Refusal | null {
  for (const name of [...node.input, ...node.output]) {
    if (name === '' || facts.isConstant(name)) continue;
    if (!facts.isActivation(name)) return refusal('type', `"${name}" is no tensor of float32`);
    const dims = shapes.get(name);
    if (dims === undefined) return refusal('open-size', `the size of "${name}" is open; DLA needs every size fixed`);
    if (dims.length !== IMAGE_RANK && node.opType !== 'Gemm' && node.opType !== 'Softmax')
      return refusal('rank', `"${name}" has ${dims.length} dimensions; DLA takes batch, channels, height and width`);
    if ((dims[0] ?? 1) > MAX_BATCH || dims.slice(1).some((size) => size > MAX_SIZE))
      return refusal('size', `"${name}" is larger than DLA takes (batch ${MAX_BATCH}, others ${MAX_SIZE})`);
  }
  return null;
}

/** A rule for all values of a list of sizes. */
function outside(what: string, values: Dims, [low, high]: readonly [number, number]): Refusal | null {
  const found = values.find((value) => value < low || value > high);
  return found === undefined
    ? null
    : refusal(what.replaceAll(' ', '-'), `its ${what} ${values.join('x')} is outside of ${low} to ${high}`);
}

function kernelOf(node: Node, { shapes }: DlaContext): Dims {
  return attrInts(node, 'kernel_shape', null) ?? shapes.get(node.input[1] ?? '')?.slice(2) ?? [];
}

function padsOf(node: Node): Dims {
  return attrInts(node, 'pads', [0, 0, 0, 0]);
}

function convRefusal(node: Node, context: DlaContext): Refusal | null {
  const { facts, shapes } = context;
  const weights = shapes.get(node.input[1] ?? '');
  if (!facts.isConstant(node.input[1] ?? '') || weights === undefined)
    return refusal('weights', 'its weights are computed');
  const kernel = kernelOf(node, context);
  const pads = padsOf(node);
  return (
    outside('kernel size', kernel, [1, 32]) ??
    outside('stride', attrInts(node, 'strides', [1, 1]), [1, 8]) ??
    outside('dilation', attrInts(node, 'dilations', [1, 1]), [1, 32]) ??
    outside('padding', pads, [0, 31]) ??
    outside('number of output channels', [weights[0] ?? 0], [1, MAX_SIZE]) ??
    outside('number of groups', [attrInt(node, 'group', 1)], [1, MAX_SIZE]) ??
    (pads.some((pad, i) => pad >= (kernel[i % 2] ?? 0) && pad > 0)
      ? refusal('padding', `its padding ${pads.join('x')} is not smaller than its kernel ${kernel.join('x')}`)
      : null)
  );
}

function deconvRefusal(node: Node, context: DlaContext): Refusal | null {
  const weights = context.shapes.get(node.input[1] ?? '');
  const groups = attrInt(node, 'group', 1);
  if (groups !== 1) return refusal('groups', `it has ${groups} groups; DLA takes a deconvolution of one group`);
  if (padsOf(node).some((pad) => pad !== 0)) return refusal('padding', 'DLA takes a deconvolution without padding');
  if (attrInts(node, 'dilations', [1, 1]).some((dilation) => dilation !== 1))
    return refusal('dilation', 'DLA takes a deconvolution without dilation');
  return (
    outside('kernel size', kernelOf(node, context), [1, 32]) ??
    outside('stride', attrInts(node, 'strides', [1, 1]), [1, 32]) ??
    outside('number of output channels', [weights?.[1] ?? 0], [1, MAX_SIZE])
  );
}

/** A fully connected layer is a convolution of one position. */
function gemmRefusal(node: Node, { facts, shapes }: DlaContext): Refusal | null {
  const weights = shapes.get(node.input[1] ?? '');
  if (!facts.isConstant(node.input[1] ?? '') || weights === undefined)
    return refusal('weights', 'its weights are computed');
  if (attrInt(node, 'transA', 0) === 1) return refusal('transposed', 'its data input is transposed');
  return outside('number of outputs', [weights[attrInt(node, 'transB', 0) === 1 ? 0 : 1] ?? 0], [1, MAX_SIZE]);
}

function poolRefusal(node: Node, context: DlaContext): Refusal | null {
  const isPadded = padsOf(node).some((pad) => pad > 0);
  if (node.opType === 'AveragePool' && isPadded && attrInt(node, 'count_include_pad', 0) === 0)
    return refusal('exclusive-padding', 'its average leaves the padding out, which DLA does not do');
  if (attrInts(node, 'dilations', [1, 1]).some((dilation) => dilation !== 1))
    return refusal('dilation', 'DLA takes a pooling without dilation');
  return (
    outside('window', kernelOf(node, context), [1, 8]) ??
    outside('stride', attrInts(node, 'strides', [1, 1]), [1, 16]) ??
    outside('padding', padsOf(node), [0, 7])
  );
}

function globalPoolRefusal(node: Node, { shapes }: DlaContext): Refusal | null {
  return outside('window', shapes.get(node.input[0] ?? '')?.slice(2) ?? [], [1, 8]);
}

/** DLA clips at 0 below. */
function clipRefusal(node: Node, { facts }: DlaContext): Refusal | null {
  const low = facts.initializer(node.input[1] ?? '');
  const lowReal = low === undefined ? undefined : tensorAsFloat32(low)[0];
  return lowReal === 0 ? null : refusal('clip', 'DLA clips between 0 and an upper bound only');
}

function lrnRefusal(node: Node): Refusal | null {
  const size = attrInt(node, 'size', 0);
  return [3, 5, 7, 9].includes(size) ? null : refusal('window', `its window is ${size}; DLA takes 3, 5, 7 and 9`);
}

function concatRefusal(node: Node): Refusal | null {
  const axis = attrInt(node, 'axis', 1);
  if (node.input.length < 2) return refusal('inputs', 'DLA joins at least two tensors');
  return axis === 1 || axis === 1 - IMAGE_RANK
    ? null
    : refusal('axis', `it joins along axis ${axis}; DLA joins channels`);
}

function elementwiseRefusal(node: Node, { facts, shapes }: DlaContext): Refusal | null {
  const activations = node.input.filter((name) => facts.isActivation(name));
  if (activations.length < 2) return null;
  const [a = [], b = []] = activations.map((name) => shapes.get(name) ?? []);
  return a.join('x') === b.join('x')
    ? null
    : refusal('broadcast', `its operands have the sizes ${a.join('x')} and ${b.join('x')}`);
}

/** Upper limits of the scale of height and width. */
const RESIZE_LIMITS: ReadonlyMap<string, number> = new Map([
  ['nearest', 32],
  ['linear', 4],
]);

function resizeRefusal(node: Node, { facts, shapes }: DlaContext): Refusal | null {
  const mode = attrString(node, 'mode', 'nearest');
  const limit = RESIZE_LIMITS.get(mode);
  if (limit === undefined) return refusal('mode', `DLA has no resize of mode ${mode}`);
  if (!facts.isConstant(node.input[2] ?? '') && !facts.isConstant(node.input[3] ?? ''))
    return refusal('open-size', 'its scale is computed');
  const transformation = attrString(node, 'coordinate_transformation_mode', 'half_pixel');
  const allowed = mode === 'nearest' ? ['asymmetric', 'half_pixel'] : ['half_pixel'];
  if (!allowed.includes(transformation))
    return refusal('coordinates', `DLA has no ${mode} resize with the coordinates ${transformation}`);
  const before = shapes.get(node.input[0] ?? '') ?? [];
  const after = shapes.get(node.output[0] ?? '') ?? [];
  const scales = after.map((size, axis) => size / (before[axis] ?? 1));
  const [batch = 1, channels = 1, ...sides] = scales;
  if (batch !== 1 || channels !== 1) return refusal('scale', 'it changes batch or channels');
  const found = sides.find((scale) => !Number.isInteger(scale) || scale < 1 || scale > limit);
  return found === undefined ? null : refusal('scale', `its scale ${found} is no whole number from 1 to ${limit}`);
}

function softmaxRefusal(node: Node, { shapes }: DlaContext): Refusal | null {
  const dims = shapes.get(node.input[0] ?? '') ?? [];
  const axis = attrInt(node, 'axis', -1);
  const at = axis < 0 ? axis + dims.length : axis;
  if (at === 0) return refusal('axis', 'it runs along the batch');
  const others = dims.filter((_, i) => i !== 0 && i !== at);
  return outside('axis length', [dims[at] ?? 0], [1, others.every((size) => size === 1) ? MAX_SIZE : 1024]);
}
