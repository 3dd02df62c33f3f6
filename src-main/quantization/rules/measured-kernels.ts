import {
  conversionModel,
  toFloatMs,
  toInt8Ms,
  type ConversionModel,
} from '../../../src-shared/domain/engines/conversion-model';
import type { KernelLookup } from '../../../src-shared/domain/engines/kernel-lookup';
import type { KernelShape } from '../../../src-shared/domain/engines/kernel-times';
import type { MeasuredKernel, MeasuredKernels } from '../../../src-shared/domain/engines/measured-kernels';
import {
  cheapestPlacement,
  placementMs,
  type BorderTensor,
  type PartCost,
} from '../../../src-shared/domain/engines/placement-cost';
import { ownValue, setOwnValue } from '../../../src-shared/base/records';
import { attrInt, attrInts } from '../../onnx/graph/attributes';
import type { Node } from '../../onnx/graph/model';
import type { GraphFacts } from './graph-facts';
import { sizesOf, valuesOf } from './layer-values';
import type { Partition, Partitions } from './partitions';
import type { Refusal } from './refusals';
import { int8Sources, isReadInFloat, type Int8Layers } from './int8-tensors';

/** Operator, attributes, fused layers and sizes of a compute layer; null if its sizes are not known. */
export function kernelShape(
  facts: GraphFacts,
  node: Node,
  { partition, batch }: { readonly partition: Partition | undefined; readonly batch: number },
): KernelShape | null {
  const read = sizesOf(facts, node.input[0] ?? '');
  const written = sizesOf(facts, node.output[0] ?? '');
  const weights = facts.initializer(node.input[1] ?? '')?.dims;
  if (read === undefined || written === undefined || weights === undefined) return null;
  const image = facts.model.graph.input.find(({ name }) => facts.isActivation(name));
  const fixed = (image && sizesOf(facts, image.name)?.[0]) ?? 1;
  // In a model with a fixed batch the first size counts all images.
  const perImage = ([first = 1, ...others]: readonly number[]): number[] =>
    fixed === batch && first % batch === 0 ? [first / batch, ...others] : [first, ...others];
  const dilations = attrInts(node, 'dilations', []);
  return {
    op: node.opType,
    fused: partition?.root === node ? partition.members.map(({ opType }) => opType) : [],
    weights,
    groups: attrInt(node, 'group', 1),
    strides: attrInts(node, 'strides', []),
    dilations: dilations.every((step) => step === 1) ? [] : dilations,
    read: perImage(read),
    written: perImage(written),
    batch,
  };
}

/** The tables of one GPU and TensorRT: that of the user, and the one that came with the program. */
export interface KernelTables {
  readonly own: KernelLookup | null;
  readonly shipped: KernelLookup | null;
  readonly conversions: Parameters<typeof conversionModel>[0];
}

/** What tables know about the compute layers of a model, for each batch size that they have times of. */
export function measurementsOf(
  facts: GraphFacts,
  partitions: Partitions,
  { own, shipped, conversions }: KernelTables,
): MeasuredKernels['batches'] {
  const batches = new Set([...(own?.batches ?? []), ...(shipped?.batches ?? [])]);
  return [...batches]
    .sort((a, b) => a - b)
    .flatMap((batch): MeasuredKernels['batches'] => {
      const layers: Record<string, MeasuredKernel> = {};
      const floatOnly: Record<string, number> = {};
      for (const partition of partitions.list) {
        const shape = kernelShape(facts, partition.root, { partition, batch });
        if (shape === null) continue;
        const found = own?.find(shape) ?? shipped?.find(shape);
        if (found === undefined) {
          const floatMs = own?.floatMs(shape) ?? shipped?.floatMs(shape);
          if (floatMs !== undefined) setOwnValue(floatOnly, partition.root.name, floatMs);
          continue;
        }
        setOwnValue(layers, partition.root.name, {
          floatMs: found.floatMs,
          int8Ms: found.int8Ms,
          ...(found.between === undefined ? {} : { isNear: true }),
          ...(own?.find(shape) === undefined ? { isShipped: true } : {}),
        });
      }
      if (Object.keys(layers).length === 0) return [];
      const isAny = Object.keys(floatOnly).length > 0;
      return [{ batch, conversions: conversionModel(conversions), layers, ...(isAny ? { floatOnly } : {}) }];
    });
}

/**
 * Part of the convolutions in floating point that lose the fusion with x * sigmoid(x) when a network gets Q/DQ: 50 of
 * the 104 of yolox_nano, with TensorRT 10.6 on an H200 (test/evidence/README.md, Detectors).
 */
const UNFUSED_SHARE = 0.5;

/** INT8 computes and moves at most twice as many values in the same time as FP16. */
const MOST_SPEEDUP = 2;

/**
 * Layers in INT8 that measured times take out of it: the placement in which the sum of the times of layers and of the
 * conversions between them is smallest has them in floating point (a minimum cut). Layers without a time stay as the
 * rules have them. A layer leaves INT8 only if it does so at every batch size that was measured. If all INT8 layers
 * together save less than Q/DQ costs elsewhere in the network, all of them leave. For that, a layer that was measured
 * in floating point only is taken to be twice as fast in INT8, and one that was not measured as slow as the slowest.
 */
export function measuredRefusals(
  int8: Int8Layers,
  measured: MeasuredKernels,
  isFixed: (root: Node) => boolean,
): ReadonlyMap<Node, Refusal> {
  const refusals = new Map<Node, Refusal>();
  const kept = new Set<Node>();
  for (const one of measured.batches) {
    const { partitions, labels, savedMs } = cheapestAt(int8, one, isFixed);
    const lost = unfusedIn(
      int8,
      partitions.filter((_, i) => labels[i] === true),
      one.conversions,
    );
    const where = { ...measured, batch: one.batch };
    const isWorse = lost.layers > 0 && savedMs < lost.ms;
    for (const [i, { root }] of partitions.entries()) {
      const times = ownValue(one.layers, root.name);
      if (times !== undefined && labels[i] !== true) refusals.set(root, refusalOf(times, where));
      else if (isWorse) refusals.set(root, networkRefusal(savedMs, lost, where));
      else kept.add(root);
    }
  }
  for (const root of kept) refusals.delete(root);
  return refusals;
}

/** Whether the measured times of all these layers are known, so that no rule needs to estimate them. */
export function areMeasured(measured: MeasuredKernels | undefined, roots: readonly Node[]): boolean {
  return (
    measured?.batches.some(({ layers }) => roots.every(({ name }) => ownValue(layers, name) !== undefined)) ?? false
  );
}

interface Where {
  readonly gpu: string;
  readonly tensorrt: string;
  readonly batch: number;
}

function whereText({ gpu, tensorrt, batch }: Where): string {
  return `${gpu}, TensorRT ${tensorrt}, batch ${batch}`;
}

function refusalOf({ floatMs, int8Ms, isNear, isShipped }: MeasuredKernel, where: Where): Refusal {
  const source = `${isNear === true ? 'a layer of nearly its size was measured' : 'measured'} on ${whereText(where)}`;
  const neighbours = int8Ms < floatMs ? '; the conversions around it would cost more than that' : '';
  const shipped = isShipped === true ? ' (times that came with the program)' : '';
  return {
    code: 'measured-slower',
    reason: `${source}: ${exactMs(int8Ms)} INT8, ${exactMs(floatMs)} FP16${neighbours}${shipped}`,
  };
}

interface Unfused {
  readonly layers: number;
  readonly ms: number;
}

/**
 * What a network of these INT8 layers loses elsewhere: in a network with Q/DQ, TensorRT computes x * sigmoid(x) behind
 * many convolutions in floating point in a kernel of its own, and in one without in that of the convolution.
 */
function unfusedIn({ partitions }: Int8Layers, inInt8: readonly Partition[], { launchMs }: ConversionModel): Unfused {
  const roots = new Set(inInt8.map(({ root }) => root));
  const layers = partitions.list.filter(
    ({ root, members }) => !roots.has(root) && members.some(({ opType }) => opType === 'Sigmoid'),
  ).length;
  return { layers, ms: UNFUSED_SHARE * layers * launchMs };
}

function networkRefusal(savedMs: number, lost: Unfused, where: Where): Refusal {
  const saved = savedMs > 0 ? `at most ${exactMs(savedMs)}` : 'nothing';
  return {
    code: 'measured-slower',
    reason:
      `all INT8 layers together save ${saved} with the conversions between them (${whereText(where)}), and with INT8 in the ` +
      `network, TensorRT computes many of the ${lost.layers} other SiLU activations in kernels of their own: about ` +
      exactMs(lost.ms),
  };
}

/** Both times of a comparison have the same unit, in steps of 0.1 microseconds. */
function exactMs(ms: number): string {
  return `${ms.toFixed(4)} ms`;
}

interface Measured {
  readonly batch: number;
  readonly conversions: ConversionModel;
  readonly layers: Readonly<Record<string, MeasuredKernel>>;
  readonly floatOnly?: Readonly<Record<string, number>> | undefined;
}

interface Cheapest {
  /** The INT8 partitions. */
  readonly partitions: readonly Partition[];
  /** Whether each is cheaper in INT8. */
  readonly labels: readonly boolean[];
  /** What they save at most of the time of floating point alone; infinite if that is not known. */
  readonly savedMs: number;
}

/** The cheapest placement of the INT8 partitions. */
function cheapestAt(
  int8: Int8Layers,
  { batch, conversions, layers, floatOnly = {} }: Measured,
  isFixed: (root: Node) => boolean,
): Cheapest {
  const { facts, roots } = int8;
  const partitions = int8.partitions.list.filter(({ root }) => roots.has(root));
  const costs: PartCost[] = partitions.map(({ root }) => {
    const times = isFixed(root) ? undefined : ownValue(layers, root.name);
    return times ?? { floatMs: Number.POSITIVE_INFINITY, int8Ms: 0 };
  });
  const indexOf = new Map(partitions.map(({ root }, i) => [root, i]));
  const float = (): number => costs.push({ floatMs: 0, int8Ms: Number.POSITIVE_INFINITY }) - 1;
  // Tensor -> the part that computes it, and its readers in INT8 or floating point.
  const tensors = new Map<string, { readonly from: number; readonly to: Set<number> }>();
  const border = (tensor: string, from: () => number): Set<number> => {
    const known = tensors.get(tensor) ?? { from: from(), to: new Set() };
    tensors.set(tensor, known);
    return known.to;
  };
  for (const [i, { root, residual, output }] of partitions.entries()) {
    // TensorRT compiles products with what surrounds them: a normalization in front of one writes INT8 itself.
    if (!root.opType.startsWith('Conv')) continue;
    for (const tensor of [root.input[0] ?? '', ...(residual ? [residual.shortcut] : [])]) {
      const sources = int8Sources(int8, tensor);
      for (const name of sources.floats) border(name, float).add(i);
      for (const source of sources.written) {
        const from = indexOf.get(source);
        const written = from === undefined ? undefined : partitions[from]?.output;
        if (from !== undefined && written !== undefined) border(written, () => from).add(i);
      }
    }
    if (isReadInFloat(int8, output)) border(output, () => i).add(float());
  }
  const borders = [...tensors].map(([tensor, { from, to }]): BorderTensor => {
    const values = batchValues(facts, tensor, batch);
    return { from, to: [...to], toInt8Ms: toInt8Ms(conversions, values), toFloatMs: toFloatMs(conversions, values) };
  });
  const labels = cheapestPlacement(costs, borders);
  const slowestMs = slowestOf(int8, layers, floatOnly);
  const atMost = costs.map((cost, i): PartCost => {
    const root = partitions[i]?.root;
    if (root === undefined || isFixed(root) || ownValue(layers, root.name) !== undefined) return cost;
    const floatMs = ownValue(floatOnly, root.name) ?? slowestMs;
    return { floatMs, int8Ms: floatMs / MOST_SPEEDUP };
  });
  const allFloat = costs.map(() => false);
  const savedMs = placementMs(atMost, borders, allFloat) - placementMs(atMost, borders, labels);
  return { partitions, labels, savedMs };
}

/** The largest time in FP16 if those of at least half of the compute layers are known; infinite if not. */
function slowestOf(
  { partitions }: Int8Layers,
  layers: Measured['layers'],
  floatOnly: Readonly<Record<string, number>>,
): number {
  const known = [...Object.values(layers).map(({ floatMs }) => floatMs), ...Object.values(floatOnly)];
  return 2 * known.length < partitions.list.length ? Number.POSITIVE_INFINITY : Math.max(...known);
}

/** Values of a tensor in one inference; 0 if its sizes are not known. */
function batchValues(facts: GraphFacts, tensor: string, batch: number): number {
  const image = facts.model.graph.input.find(({ name }) => facts.isActivation(name));
  const fixed = (image && sizesOf(facts, image.name)?.[0]) ?? 1;
  return (valuesOf(facts, tensor) ?? 0) * (fixed === 1 ? batch : 1);
}
