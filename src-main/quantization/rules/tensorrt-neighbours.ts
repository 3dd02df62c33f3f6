import { attrInts } from '../../onnx/graph/attributes';
import type { Node } from '../../onnx/graph/model';
import { convChannels } from './compute-layers';
import { decomposedChains } from './decomposed-chains';
import type { GraphFacts } from './graph-facts';
import { BYTES_PER_MAC } from './int8-chains';
import { isReadInInt8, isWrittenInInt8, type Int8Layers } from './int8-tensors';
import { isSinglePosition, sizesOf, valuesOf } from './layer-values';
import { RESHAPE_OPS, SELECT_OPS } from './op-classes';
import type { Partition } from './partitions';
import type { Refusal } from './refusals';
import { BYTES_OF_UNFUSED_SILU, hasUnfusedSilu } from './unfused-silu';

/**
 * Rules of speed that depend on what stands around a layer. All were measured with TensorRT 10.6 on an H200 at batch
 * size 16 unless stated otherwise (test/evidence, h200-kernels.json and h200-detectors.json); times are those of the
 * kernels in microseconds.
 */

/** A smaller image is padded and quantized in no more time than FP16 takes to convert it (3 channels of 209x209). */
const MIN_IMAGE_VALUES = 2 ** 17;

/**
 * From this size on, a layer with few output channels is worth INT8, because the tensor in front of it is then INT8.
 */
const LARGE_TENSOR_VALUES = 2 ** 20;

/** Why INT8 does not pay, or is not possible, for a layer between its neighbours; null if it does. */
export function neighbourRefusal(int8: Int8Layers, partition: Partition): Refusal | null {
  const { facts } = int8;
  const { root } = partition;
  const input = root.input[0] ?? '';
  const refusal = isWrittenInInt8(int8, input) ? null : behindDepthwise(int8, input);
  if (refusal) return refusal;
  return root.opType === 'Conv' || root.opType === 'ConvTranspose'
    ? convRefusal(int8, partition)
    : productRefusal(facts, partition);
}

function convRefusal(int8: Int8Layers, partition: Partition): Refusal | null {
  const { facts } = int8;
  const { root, members, output } = partition;
  const dims = facts.initializer(root.input[1] ?? '')?.dims ?? [];
  const { isDepthwise } = convChannels(root, dims);
  if (isDepthwise) return depthwiseRefusal({ members, isRead: isReadInInt8(int8, output), taps: dims.slice(2) });
  if (isPatchEmbedding(facts, root, dims)) {
    // ViT-S/16: 69 + 66 + 11 in INT8, 11 + 42 + 6 in FP16; ConvNeXt and Swin, 4x4: 99 and 29.
    const reason = `windows of ${dims.slice(2).join('x')} that do not overlap, on an image of ${dims[1] ?? 0} channels: INT8 pads it to 32 channels`;
    return { code: 'patch-embedding', reason };
  }
  if (isImageLayer(facts, root, dims) && !isReadInInt8(int8, output)) {
    // EfficientNet-B0, 3x3: 95 + 27 + 13 in INT8 (14 + 18 where INT8 is written), 12 + 16 in FP16.
    const reason = `on an image of ${dims[1] ?? 0} channels with no INT8 layer behind it: the INT8 kernels for images write INT8 only, the others pad it to 32 channels`;
    return { code: 'isolated', reason };
  }
  if (isSinglePosition(facts, root) && !isWrittenInInt8(int8, root.input[0] ?? '')) {
    const reason = 'one position for each channel, as in a squeeze-and-excite branch: bound by starting the kernel';
    return { code: 'single-row', reason };
  }
  if (isUnfusedSiluDearer(int8, partition)) {
    const reason = `INT8 would compute its SiLU in a kernel of its own, because INT8 layers do not read it alone or an Add follows: that costs more than INT8 saves in ${macsPerValue(dims)} multiply-accumulates for each value`;
    return { code: 'unfused-silu', reason };
  }
  return null;
}

/**
 * A Conv whose SiLU is a kernel of its own in INT8, and which saves less than that takes. All 9 such sizes that were
 * measured take 1.07 to 1.8 times as long in INT8 as in FP16 (cells_detector at batch size 16, yolox_nano at 1); they
 * have up to 864 multiply-accumulates for each value. By the bytes of memory traffic, it is so up to 1536.
 */
function isUnfusedSiluDearer(int8: Int8Layers, partition: Partition): boolean {
  const { root } = partition;
  const dims = int8.facts.initializer(root.input[1] ?? '')?.dims ?? [];
  return (
    root.opType === 'Conv' &&
    macsPerValue(dims) * BYTES_PER_MAC < BYTES_OF_UNFUSED_SILU &&
    hasUnfusedSilu(int8, partition)
  );
}

/** Multiply-accumulates for each value that a Conv writes. @param dims of its weight */
function macsPerValue(dims: readonly number[]): number {
  return dims.slice(1).reduce((product, dim) => product * dim, 1);
}

/**
 * TensorRT's depthwise INT8 kernels read and write INT8 (MobileNetV1, 3x3 with Relu). Without one, TensorRT dequantizes
 * the input and, in every run, the weights, in front of the same kernel as in FP16 (ConvNeXt, 7x7: 8 + 10 + 10 in front
 * of 45; EfficientNet, 3x3 and 5x5 with SiLU behind: 18 for the weights, 12 to 27 for the input). SiLU in front of an
 * INT8 layer was not measured in INT8; in FP16, TensorRT builds no engine then (`behindDepthwise`).
 */
function depthwiseRefusal({
  members,
  isRead,
  taps,
}: {
  readonly members: readonly Node[];
  readonly isRead: boolean;
  readonly taps: readonly number[];
}): Refusal | null {
  if (taps.some((tap) => tap > 5))
    return { code: 'depthwise-kernel', reason: `depthwise of ${taps.join('x')}: TensorRT has INT8 kernels up to 5x5` };
  const other = members.find(isOtherThanClipping);
  if (other) {
    const reason = `depthwise with ${other.opType} behind it: TensorRT's INT8 kernels take only Relu and Clip`;
    return { code: 'depthwise-kernel', reason };
  }
  if (isRead) return null;
  return {
    code: 'depthwise-kernel',
    reason: "no INT8 layer reads its result, and TensorRT's depthwise INT8 kernels write INT8 only",
  };
}

const DEPTHWISE_MEMBERS: ReadonlySet<string> = new Set(['Relu', 'Clip', 'Add', 'MaxPool', ...RESHAPE_OPS]);

/**
 * The INT8 kernel that reads a depthwise convolution in floating point with SiLU or the like behind it. TensorRT 10.6
 * makes the conversion to INT8 a part of that kernel, and then has none: yolox_nano, 3x3 with SiLU in FP16 in front of
 * a 1x1 convolution, "Could not find any implementation for node Conv_44 + PWN(Sigmoid_45, Mul_46)".
 */
function behindDepthwise({ facts, partitions }: Int8Layers, tensor: string): Refusal | null {
  const producer = facts.producer(tensor);
  const before = producer && partitions.of(producer);
  if (!before?.root.opType.startsWith('Conv')) return null;
  const dims = facts.initializer(before.root.input[1] ?? '')?.dims ?? [];
  if (!convChannels(before.root, dims).isDepthwise || !before.members.some(isOtherThanClipping)) return null;
  const reason = `reads what the depthwise layer ${before.root.name} writes in floating point; TensorRT has no kernel that computes its activation and writes INT8`;
  return { code: 'behind-depthwise', reason };
}

function isOtherThanClipping({ opType }: Node): boolean {
  return !DEPTHWISE_MEMBERS.has(opType);
}

/** A Conv with few channels that reads an input of the graph. */
function readsImage(facts: GraphFacts, root: Node, dims: readonly number[]): boolean {
  return root.opType === 'Conv' && facts.producer(root.input[0] ?? '') === undefined && (dims[1] ?? 0) < 16;
}

function isImageLayer(facts: GraphFacts, root: Node, dims: readonly number[]): boolean {
  return readsImage(facts, root, dims) && (valuesOf(facts, root.input[0] ?? '') ?? 0) >= MIN_IMAGE_VALUES;
}

/** Windows that do not overlap, on the image itself: the stem of a vision transformer. */
function isPatchEmbedding(facts: GraphFacts, root: Node, dims: readonly number[]): boolean {
  const taps = dims.slice(2);
  const strides = attrInts(root, 'strides', undefined) ?? taps.map(() => 1);
  return (
    readsImage(facts, root, dims) && taps.some((tap) => tap > 1) && taps.every((tap, i) => (strides[i] ?? 1) >= tap)
  );
}

/** Images, tokens, features. */
const USUAL_RANK = 3;

/**
 * Products of a transformer. In FP16 TensorRT computes GELU in the kernel of the product before it (ViT-S: 21, in INT8
 * 25) and writes queries, keys and values where the attention kernel reads them (12; in INT8 12 and 7 for a kernel that
 * splits them). The product behind GELU would read what FP16 wrote. Where the data has more than three dimensions
 * (ConvNeXt) GELU is a kernel of its own, and INT8 wins on both sides of it (15 and 15 in FP16, 14 and 12 in INT8).
 */
function productRefusal(facts: GraphFacts, { output, root }: Partition): Refusal | null {
  const written = root.output[0] ?? '';
  const rank = (sizesOf(facts, written) ?? facts.shape(written))?.length ?? USUAL_RANK;
  if (rank === USUAL_RANK && (feedsGelu(facts, output) || readsGelu(facts, root.input[0] ?? '')))
    return { code: 'beside-gelu', reason: 'TensorRT computes GELU in the FP16 kernel of the product before it' };
  if (feedsAttention(facts, output)) {
    const reason = 'its result is split into what attention reads, which the FP16 kernel does itself';
    return { code: 'before-attention', reason };
  }
  return null;
}

function feedsGelu(facts: GraphFacts, tensor: string): boolean {
  const chains = decomposedChains(facts);
  return facts.uses(tensor).some(({ node }) => node.opType === 'Gelu' || chains.get(node) === 'gelu');
}

function readsGelu(facts: GraphFacts, tensor: string): boolean {
  const producer = facts.producer(tensor);
  return producer !== undefined && (producer.opType === 'Gelu' || decomposedChains(facts).get(producer) === 'gelu');
}

/**
 * Whether a product of two activations, or an Attention, reads a tensor, directly or through layers that only arrange.
 */
function feedsAttention(facts: GraphFacts, tensor: string): boolean {
  const seen = new Set<string>();
  const pending = [tensor];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const { node } of facts.uses(name)) {
      if (node.opType === 'Attention') return true;
      if (node.opType === 'MatMul' && node.input.every((input) => facts.isActivation(input))) return true;
      if (ARRANGING_OPS.has(node.opType)) pending.push(...node.output);
      // A scale of the queries, or a bias.
      else if ((node.opType === 'Mul' || node.opType === 'Div' || node.opType === 'Add') && hasConstant(facts, node))
        pending.push(...node.output);
    }
  }
  return false;
}

const ARRANGING_OPS: ReadonlySet<string> = new Set([...RESHAPE_OPS, ...SELECT_OPS]);

function hasConstant(facts: GraphFacts, node: Node): boolean {
  return node.input.some((name) => facts.isConstant(name));
}

/**
 * A layer with few output channels behind a large tensor: in INT8 it reads what the layer before it then writes in INT8
 * (U-Net, 32 channels into 4 at 256x256: 55 against 32 for itself, but the layer before it takes 78 instead of 100 and
 * 53 for changing the layout of FP16).
 */
export function isWorthReadingInInt8(int8: Int8Layers, root: Node): boolean {
  const input = root.input[0] ?? '';
  return (
    root.opType === 'Conv' && (valuesOf(int8.facts, input) ?? 0) >= LARGE_TENSOR_VALUES && isWrittenInInt8(int8, input)
  );
}
