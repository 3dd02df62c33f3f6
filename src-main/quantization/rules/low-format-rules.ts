import type { LowFormat, Target } from '../../../src-shared/domain/project/precision';
import { attrInt } from '../../onnx/graph/attributes';
import type { Model, Node } from '../../onnx/graph/model';
import { convChannels, matrixSizes, weightOf } from './compute-layers';
import { graphFacts, type GraphFacts } from './graph-facts';
import { COMPUTE_OPS } from './op-classes';
import type { Refusal } from './refusals';

/** Weights along K that share a scale. TensorRT takes blocks of 128 and 64. */
const BLOCK_SIZE = 128;
const SMALL_BLOCK_SIZE = 64;

/** Kernels of FP8 and INT4 exist from this number of channels, rows or columns on. */
const MIN_CHANNELS = 16;

/** Whether a layer is one of those that FP8 and INT4 weights can be used in, at all. */
export function isLowFormatCandidate(node: Node): boolean {
  return COMPUTE_OPS.has(node.opType);
}

/**
 * Why a compute layer cannot use a format below INT8; null if it can. FP8: dense Conv, Gemm and MatMul. INT4 weights:
 * Gemm and MatMul.
 */
export function lowFormatRefusal(facts: GraphFacts, node: Node, format: LowFormat, target: Target): Refusal | null {
  const [data = '', right = ''] = node.input;
  if (!facts.isActivation(data))
    return { code: 'constant-left-operand', reason: 'its first input is no float32 activation' };
  if (node.opType === 'MatMul' && facts.isActivation(right))
    return { code: 'low-format-attention', reason: 'both inputs are activations' };
  const dims = facts.initializer(right)?.dims;
  if (!weightOf(facts, node) || !dims)
    return { code: 'weights-not-constant', reason: 'its weights are not a float32 initializer' };
  if (node.opType === 'Gemm' || node.opType === 'MatMul') return matrixRefusal(node, dims, format, target);
  if (format === 'w4') return { code: 'w4-operator', reason: 'INT4 weights exist for Gemm and MatMul' };
  if (node.opType === 'ConvTranspose') return { code: 'fp8-operator', reason: 'FP8 exists for Conv, Gemm and MatMul' };
  const { input, output, groups } = convChannels(node, dims);
  if (groups > 1) return { code: 'fp8-groups', reason: `${groups} groups; FP8 kernels take convolutions of one group` };
  if (input >= MIN_CHANNELS && output >= MIN_CHANNELS) return null;
  return {
    code: 'low-format-size',
    reason: `${input} input and ${output} output channels; FP8 kernels need at least ${MIN_CHANNELS} of both`,
  };
}

function matrixRefusal(node: Node, dims: readonly number[], format: LowFormat, target: Target): Refusal | null {
  if (node.opType === 'Gemm' && attrInt(node, 'transA', 0) === 1)
    return { code: 'transposed-input', reason: 'its data input is transposed (transA)' };
  const { k, n } = matrixSizes(node, dims);
  if (k < MIN_CHANNELS || n < MIN_CHANNELS) {
    const reason = `a product over ${k} into ${n} columns; kernels need at least ${MIN_CHANNELS} of both`;
    return { code: 'low-format-size', reason };
  }
  if (format === 'fp8') return null;
  if (dims.length > 2) return { code: 'w4-rank', reason: `weights of ${dims.length} dimensions; blocks need 2` };
  if (target !== 'tensorrt' || k % SMALL_BLOCK_SIZE === 0) return null;
  const reason = `a product over ${k}; TensorRT's blocks of ${BLOCK_SIZE} or ${SMALL_BLOCK_SIZE} do not divide it`;
  return { code: 'w4-blocks', reason };
}

/**
 * Weights along K that share a scale: 128. If they do not divide K, TensorRT gets blocks of 64, and for ONNX Runtime
 * the last block is shorter.
 */
export function blockSizeFor(k: number, target: Target): number {
  return target === 'tensorrt' && k % BLOCK_SIZE !== 0 ? SMALL_BLOCK_SIZE : BLOCK_SIZE;
}

/** The names of the layers of a prepared model that would use a format. */
export function lowFormatLayers(model: Model, format: LowFormat, target: Target): readonly string[] {
  const facts = graphFacts(model);
  return facts.nodes
    .filter((node) => isLowFormatCandidate(node) && lowFormatRefusal(facts, node, format, target) === null)
    .map(({ name }) => name);
}

/**
 * The reason that keeps most layers of a model out of a format, as a sentence; null without layers that have weights.
 */
export function lowFormatObstacle(model: Model, format: LowFormat, target: Target): string | null {
  const facts = graphFacts(model);
  const refusals = facts.nodes.flatMap((node) =>
    isLowFormatCandidate(node) ? (lowFormatRefusal(facts, node, format, target) ?? []) : [],
  );
  const count = (code: string): number => refusals.filter((refusal) => refusal.code === code).length;
  const first = refusals.toSorted((a, b) => count(b.code) - count(a.code))[0];
  if (first === undefined) return null;
  const more = count(first.code) - 1;
  return `${first.reason}${more === 0 ? '' : ` (and ${more} more for this reason)`}`;
}
