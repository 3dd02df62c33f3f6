import type { AttentionPrecision } from '../../../src-shared/domain/project/precision';
import { attrInt } from '../../onnx/graph/attributes';
import type { Node } from '../../onnx/graph/model';
import { convChannels, matrixSizes, weightOf } from './compute-layers';
import type { GraphFacts } from './graph-facts';
import { COMPUTE_OPS } from './op-classes';

export interface Refusal {
  readonly code: string;
  readonly reason: string;
}

/** Reason codes that are only about speed; a plan that asks for INT8 explicitly overrules them. */
const SPEED_CODES: ReadonlySet<string> = new Set(['few-channels', 'depthwise-channels', 'small-matrix', 'single-row']);

export function isAboutSpeed({ code }: Refusal): boolean {
  return SPEED_CODES.has(code);
}

/** With fewer channels, summed rows or columns than this, INT8 kernels are slower than FP16 kernels. */
const MIN_CHANNELS = 16;

/**
 * A Gemm or MatMul with fewer weights than this takes a few microseconds in any precision, and INT8 adds conversion
 * kernels around it. If TensorRT may choose itself (implicit INT8), it leaves all of those in cifar_vit in floating
 * point.
 */
const MIN_MATRIX_WEIGHTS = 2 ** 18;

/** Why a compute layer should not get Q/DQ for TensorRT; null if it should. */
export function tensorrtRefusal(facts: GraphFacts, node: Node, attention: AttentionPrecision): Refusal | null {
  const data = node.input[0] ?? '';
  if (!facts.isActivation(data))
    return { code: 'constant-left-operand', reason: 'its first input is no float32 activation' };
  const right = node.input[1] ?? '';
  if (node.opType === 'MatMul' && facts.isActivation(right)) {
    if (attention === 'int8') return null;
    return {
      code: 'attention-matmul',
      reason: 'both inputs are activations; TensorRT fuses attention as a whole, which Q/DQ inside would break',
    };
  }
  const dims = facts.initializer(right)?.dims;
  if (!weightOf(facts, node) || !dims)
    return { code: 'weights-not-constant', reason: 'its weights are not a float32 initializer' };
  return node.opType === 'Conv' || node.opType === 'ConvTranspose'
    ? convRefusal(facts, node, dims)
    : matrixRefusal(facts, node, dims);
}

/**
 * INT8 in TensorRT requires the channels per group to be a multiple of this (NvInfer.h, setNbGroups of both layers).
 */
const GROUP_CHANNELS = 4;

function convRefusal(facts: GraphFacts, node: Node, dims: readonly number[]): Refusal | null {
  const { input, output, groups, isDepthwise } = convChannels(node, dims);
  // Measured with TensorRT 10.6 on an H200: 2.8 dB at the output, whereas the same Q/DQ in ONNX Runtime reaches 16.1
  // dB. With one group, the outputs of both agree.
  if (groups > 1 && node.opType === 'ConvTranspose') {
    const reason = `a ConvTranspose of ${groups} groups, which TensorRT computes wrongly in INT8 with a weight scale per channel`;
    return { code: 'grouped-transpose', reason };
  }
  // Depthwise convolutions have special kernels.
  if (groups > 1 && !isDepthwise && ![input, output].every((channels) => channels % (groups * GROUP_CHANNELS) === 0)) {
    const reason = `${groups} groups of ${input / groups} input and ${output / groups} output channels; TensorRT's INT8 takes groups of multiples of ${GROUP_CHANNELS}`;
    return { code: 'group-channels', reason };
  }
  if (isDepthwise) {
    return input % 8 === 0
      ? null
      : { code: 'depthwise-channels', reason: `depthwise with ${input} channels, not a multiple of 8` };
  }
  if (isFirstCompute(facts, node)) return null;
  if (input >= MIN_CHANNELS && output >= MIN_CHANNELS) return null;
  return {
    code: 'few-channels',
    reason: `${input} input and ${output} output channels; INT8 kernels need at least ${MIN_CHANNELS} of both to pay`,
  };
}

function matrixRefusal(facts: GraphFacts, node: Node, dims: readonly number[]): Refusal | null {
  const { k, n } = matrixSizes(node, dims);
  if (node.opType === 'Gemm' && attrInt(node, 'transA', 0) === 1)
    return { code: 'transposed-input', reason: 'its data input is transposed (transA)' };
  if (n === 1 || k < MIN_CHANNELS || n < MIN_CHANNELS) {
    return {
      code: 'small-matrix',
      reason: `a product over ${k} into ${n} columns; INT8 kernels need at least ${MIN_CHANNELS} of both to pay`,
    };
  }
  if (k * n < MIN_MATRIX_WEIGHTS) {
    return {
      code: 'small-matrix',
      reason:
        `a product over ${k} into ${n} columns; below ${MIN_MATRIX_WEIGHTS} weights the conversions cost more ` +
        'than INT8 saves',
    };
  }
  const rows = facts.shape(node.input[0] ?? '')?.slice(0, -1);
  if (rows && rows.length > 0 && rows.every((dim) => dim === 1))
    return { code: 'single-row', reason: 'a product of one row is bound by reading its weights' };
  return null;
}

/** True if no compute layer precedes the node, so that it reads the graph's input. */
function isFirstCompute(facts: GraphFacts, node: Node): boolean {
  const seen = new Set<Node>();
  const pending = [...node.input];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const producer = facts.producer(name);
    if (!producer || seen.has(producer) || facts.isConstant(name)) continue;
    if (COMPUTE_OPS.has(producer.opType)) return false;
    seen.add(producer);
    pending.push(...producer.input);
  }
  return true;
}
