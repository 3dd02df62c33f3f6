import type { Node } from '../../onnx/graph/model';
import type { GraphFacts } from './graph-facts';
import { int8Sources, isReadInInt8, type Int8Layers } from './int8-tensors';
import { convMacs, valuesOf } from './layer-values';
import type { Partition } from './partitions';
import { BYTES_OF_UNFUSED_SILU, hasUnfusedSilu } from './unfused-silu';

/**
 * Quantizing a value that floating point wrote takes a kernel that reads 2 bytes and writes 1; the INT8 layer then
 * reads 1 byte less than in FP16. A value between two INT8 layers saves a byte when it is written and one when it is
 * read.
 */
const BYTES_TO_QUANTIZE = 2;
const BYTES_SAVED_BETWEEN = 2;
/**
 * An INT8 kernel that writes FP16 writes it in another order than FP16 kernels read; a copy reads and writes it again
 * (EfficientNet-B0: 13 behind the stem, 11 behind the last convolution; ConvNeXt: 11).
 */
const BYTES_TO_LEAVE = 2;

/**
 * What INT8 saves of one multiply-accumulate, in bytes of memory traffic that take as long. On an H200, ConvNeXt's 2x2
 * convolution of 384 into 768 channels takes as long in INT8 with its quantized input as in FP16: 768
 * multiply-accumulates for every value that it reads outweigh 2 bytes.
 */
export const BYTES_PER_MAC = 2 / 768;

/**
 * Convolutions in INT8 that save less than it costs to quantize what they read: chains of INT8 layers are judged as a
 * whole, because only the tensors that enter a chain are quantized by a kernel. The image itself does not count; it is
 * converted to FP16 otherwise. EfficientNet-B0: the gate of a block writes FP16; quantizing it takes 31 microseconds,
 * the two convolutions behind it 36 in INT8 and 42 in FP16. Chains with products are left alone: what stands in front
 * of them (a normalization) writes INT8 itself.
 */
export function losingChains(int8: Int8Layers, isDecided: (roots: readonly Node[]) => boolean): ReadonlySet<Node> {
  const { facts, partitions, roots } = int8;
  const chains = chainsOf(
    partitions.list.filter(({ root }) => roots.has(root)),
    int8,
  );
  const losing = new Set<Node>();
  for (const chain of chains) {
    const own = chain.map(({ root }) => root);
    if (own.some(({ opType }) => !opType.startsWith('Conv')) || isDecided(own)) continue;
    const balance = balanceOf(facts, chain, int8);
    if (balance !== undefined && balance < 0) for (const root of own) losing.add(root);
  }
  return losing;
}

/** INT8 partitions that are connected by tensors which one writes and another reads in INT8. */
function chainsOf(own: readonly Partition[], int8: Int8Layers): Partition[][] {
  const chainOf = new Map<Node, Partition[]>();
  for (const partition of own) {
    // Partitions are listed in topological order: the sources have a chain.
    const before = new Set(
      tensorsRead(partition).flatMap((tensor) =>
        int8Sources(int8, tensor).written.flatMap((root) => {
          const chain = chainOf.get(root);
          return chain ? [chain] : [];
        }),
      ),
    );
    const chain = [...[...before].flat(), partition];
    for (const { root } of chain) chainOf.set(root, chain);
  }
  return [...new Set(chainOf.values())];
}

function tensorsRead({ root, residual }: Partition): string[] {
  return [root.input[0] ?? '', ...(residual ? [residual.shortcut] : [])];
}

/**
 * Bytes that the chain saves, less those that quantizing its inputs, its results and its unfused activations cost;
 * undefined if a size is not known.
 */
function balanceOf(facts: GraphFacts, chain: readonly Partition[], int8: Int8Layers): number | undefined {
  const entering = new Set<string>();
  const between = new Set<string>();
  const leaving = new Set<string>();
  const unfused = new Set<string>();
  let macs: number | undefined = 0;
  for (const partition of chain) {
    const own = convMacs(facts, partition.root);
    macs = own === undefined || macs === undefined ? undefined : macs + own;
    if (!facts.isObserved(partition.output) && !isReadInInt8(int8, partition.output)) leaving.add(partition.output);
    if (hasUnfusedSilu(int8, partition)) unfused.add(partition.output);
    for (const tensor of tensorsRead(partition)) {
      const { written, floats } = int8Sources(int8, tensor);
      for (const name of floats) entering.add(name);
      if (written.length > 0) between.add(tensor);
    }
  }
  const enteringValues = total(facts, entering);
  const betweenValues = total(facts, between);
  const leavingValues = entering.size === 0 ? 0 : total(facts, leaving);
  const unfusedValues = total(facts, unfused);
  if (
    macs === undefined ||
    enteringValues === undefined ||
    betweenValues === undefined ||
    leavingValues === undefined ||
    unfusedValues === undefined
  )
    return undefined;
  return (
    macs * BYTES_PER_MAC +
    betweenValues * BYTES_SAVED_BETWEEN -
    enteringValues * BYTES_TO_QUANTIZE -
    leavingValues * BYTES_TO_LEAVE -
    unfusedValues * BYTES_OF_UNFUSED_SILU
  );
}

function total(facts: GraphFacts, tensors: ReadonlySet<string>): number | undefined {
  let sum = 0;
  for (const tensor of tensors) {
    const values = valuesOf(facts, tensor);
    if (values === undefined) return undefined;
    sum += values;
  }
  return sum;
}
