import type { MeasuredKernels } from '../../../src-shared/domain/engines/measured-kernels';
import type { AttentionPrecision } from '../../../src-shared/domain/project/precision';
import { attrInt } from '../../onnx/graph/attributes';
import type { Node } from '../../onnx/graph/model';
import { convChannels, matrixSizes, weightOf } from './compute-layers';
import type { GraphFacts } from './graph-facts';
import { losingChains } from './int8-chains';
import { sizesOf } from './layer-values';
import { areMeasured, measuredRefusals } from './measured-kernels';
import { COMPUTE_OPS } from './op-classes';
import type { Partitions } from './partitions';
import { isAboutSpeed, type Refusal } from './refusals';
import { isWorthReadingInInt8, neighbourRefusal } from './tensorrt-neighbours';

/** With fewer channels, summed rows or columns than this, INT8 kernels are slower than FP16 kernels. */
const MIN_CHANNELS = 16;

/**
 * A Gemm or MatMul with fewer weights than this takes a few microseconds in any precision, and INT8 adds conversion
 * kernels around it. If TensorRT may choose itself (implicit INT8), it leaves all of those in cifar_vit in floating
 * point.
 *
 * The border goes by weights, not by rows x columns x depth, because the measurements do not tell the two apart
 * (test/evidence/README.md, Products): no product between 110,592 and 442,368 weights was measured in INT8, and those
 * above, apart from heads, have nearly the same arithmetic: 1.4 to 1.9e9 multiply-accumulates at 784 to 3,152 rows.
 */
const MIN_MATRIX_WEIGHTS = 2 ** 18;

/** What decides about the INT8 of the compute layers of a model. */
export interface RefusalContext {
  readonly facts: GraphFacts;
  readonly partitions: Partitions;
  readonly attention: AttentionPrecision;
  /** Whether the plan leaves INT8 to the rules, asks for it by name, or excludes it. */
  readonly choice: (node: Node) => 'auto' | 'int8' | 'float';
  /** Measured times of layers in FP16 and INT8. */
  readonly measured?: MeasuredKernels | undefined;
}

/**
 * The compute layers that should not get Q/DQ for TensorRT, with the reason. The rules about neighbours are applied
 * until nothing changes, because a layer that leaves INT8 changes what its neighbours read and write.
 */
export function tensorrtRefusals({
  facts,
  partitions,
  attention,
  choice,
  measured,
}: RefusalContext): ReadonlyMap<Node, Refusal> {
  const refusals = new Map<Node, Refusal>();
  const roots = new Set<Node>();
  const int8 = { facts, partitions, roots };
  const isFixed = (node: Node): boolean => choice(node) === 'int8';
  for (const { root } of partitions.list) {
    if (choice(root) === 'float') continue;
    const refusal = tensorrtRefusal(facts, root, attention);
    const isOverruled =
      refusal !== null &&
      isAboutSpeed(refusal) &&
      (choice(root) === 'int8' || (refusal.code === 'few-channels' && isWorthReadingInInt8(int8, root)));
    if (refusal === null || isOverruled) roots.add(root);
    else refusals.set(root, refusal);
  }
  for (let hasChanged = true; hasChanged;) {
    hasChanged = false;
    for (const partition of partitions.list) {
      const { root } = partition;
      if (!roots.has(root) || choice(root) === 'int8') continue;
      const refusal = neighbourRefusal(int8, partition);
      if (refusal === null) continue;
      roots.delete(root);
      refusals.set(root, refusal);
      hasChanged = true;
    }
    if (hasChanged) continue;
    const refused = new Map<Node, Refusal>(measured ? measuredRefusals(int8, measured, isFixed) : []);
    for (const root of losingChains(int8, (chain) => chain.some(isFixed) || areMeasured(measured, chain)))
      if (!refused.has(root)) refused.set(root, ISOLATED);
    for (const [root, refusal] of refused) {
      roots.delete(root);
      refusals.set(root, refusal);
      hasChanged = true;
    }
  }
  return refusals;
}

const ISOLATED: Refusal = {
  code: 'isolated',
  reason: 'reads what layers in floating point wrote: quantizing it costs more than INT8 saves here',
};

/** Why a compute layer by itself should not get Q/DQ for TensorRT; null if it should. */
function tensorrtRefusal(facts: GraphFacts, node: Node, attention: AttentionPrecision): Refusal | null {
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
  // Depthwise convolutions have special kernels, if each input channel has one output channel.
  const hasOwnKernel = isDepthwise && input === output;
  if (groups > 1 && !hasOwnKernel && ![input, output].every((channels) => channels % (groups * GROUP_CHANNELS) === 0)) {
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
  if (k * n < MIN_HEAD_WEIGHTS && isSingleRow(facts, node)) {
    const reason = `one row for each image and ${k * n} weights: reading half the bytes saves less than quantizing the row costs`;
    return { code: 'single-row', reason };
  }
  return null;
}

/** Whether a product has one row for each image; a Gemm of unknown sizes is taken for the head of a classifier. */
function isSingleRow(facts: GraphFacts, node: Node): boolean {
  const rows = sizesOf(facts, node.input[0] ?? '')?.slice(0, -1);
  if (rows === undefined) return node.opType === 'Gemm';
  const image = facts.model.graph.input.find(({ name }) => facts.isActivation(name));
  const batch = image && sizesOf(facts, image.name)?.[0];
  return rows.length > 0 && rows.reduce((product, dim) => product * dim, 1) <= (batch ?? 1);
}

/**
 * A product of one row for each image is bound by reading its weights. INT8 reads half the bytes (1 byte less for each
 * weight, at 3 TB/s), but its input is quantized by a kernel of 3 microseconds.
 */
const MIN_HEAD_WEIGHTS = 2 ** 23;

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
