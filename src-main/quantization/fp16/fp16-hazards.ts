import type { Fp16Hazard } from '../../../src-shared/domain/project/precision';
import { attrInt } from '../../onnx/graph/attributes';
import { DataType, type Node } from '../../onnx/graph/model';
import { weightOf } from '../rules/compute-layers';
import { constantValues } from '../rules/constant-values';
import type { GraphFacts } from '../rules/graph-facts';
import { FP16_MAX } from '../rules/number-formats';
import { COMPUTE_OPS } from '../rules/op-classes';
import { underflowHazards } from './fp16-underflow';
import type { RangeFacts } from '../rules/range-facts';

const AVERAGES = new Set(['ReduceMean', 'GlobalAveragePool']);

/** From this value on, FP16 values have a distance of 0.5 or more. */
const COARSE_FROM = 512;

/**
 * Problems that a layer would have in FP16, worst first; empty if its values fit. They follow from the histograms and
 * the weights, before anything is built: a value above 65504 becomes infinity, and infinity times 0 or minus infinity
 * becomes NaN. fp16-underflow.ts handles values that are too small.
 *
 * The bound of an accumulation is max|x| times the largest sum of |w| over the output channels. A kernel that
 * accumulates in FP16 can reach it in an intermediate sum even if the output itself fits.
 */
export function fp16Hazards(facts: GraphFacts, node: Node, ranges: RangeFacts): readonly Fp16Hazard[] {
  const known = knownHazards.get(ranges) ?? new WeakMap<Node, readonly Fp16Hazard[]>();
  knownHazards.set(ranges, known);
  const found = known.get(node) ?? findHazards(facts, node, ranges);
  known.set(node, found);
  return found;
}

/** Analyses place Q/DQ for hundreds of plans with the same ranges. */
const knownHazards = new WeakMap<RangeFacts, WeakMap<Node, readonly Fp16Hazard[]>>();

function findHazards(facts: GraphFacts, node: Node, ranges: RangeFacts): readonly Fp16Hazard[] {
  const hazards = [
    ...weightHazards(facts, node, ranges),
    ...activationHazards(facts, node, ranges),
    ...underflowHazards(facts, node, ranges),
  ];
  if (!hazards.some(({ code }) => code === 'fp16-refused-activation'))
    hazards.push(...accumulationHazards(facts, node, ranges));
  return hazards.toSorted((a, b) => Number(a.code === 'fp16-coarse') - Number(b.code === 'fp16-coarse'));
}

/** Why a layer must not run in FP16; undefined if it may. */
export function fp16Refusal(facts: GraphFacts, node: Node, ranges: RangeFacts): Fp16Hazard | undefined {
  return fp16Hazards(facts, node, ranges).find(({ code }) => code !== 'fp16-coarse');
}

function weightHazards(facts: GraphFacts, node: Node, ranges: RangeFacts): Fp16Hazard[] {
  // The bounds of a Clip may be the largest float; infinity in FP16 is equivalent.
  if (node.opType === 'Clip') return [];
  return node.input.flatMap((tensor) => {
    if (facts.elementType(tensor) !== DataType.FLOAT || !facts.isConstant(tensor)) return [];
    const amaxReal = facts.initializer(tensor) ? ranges.weightAmax(tensor) : amaxOf(constantValues(facts, tensor));
    if (!(amaxReal > FP16_MAX)) return [];
    return [
      {
        code: 'fp16-refused-weight',
        tensor,
        amaxReal,
        reason: `max|w| of ${tensor} is ${amaxReal.toPrecision(4)}, above 65504, the largest FP16 value`,
      } as const,
    ];
  });
}

function amaxOf(values: Float64Array | null): number {
  return values?.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 0;
}

function activationHazards(facts: GraphFacts, node: Node, ranges: RangeFacts): Fp16Hazard[] {
  const tensors = new Set([...node.input, ...node.output].filter((name) => facts.isActivation(name)));
  return [...tensors].flatMap((tensor): Fp16Hazard[] => {
    const amaxReal = ranges.activationAmax(tensor);
    if (amaxReal === undefined || !(amaxReal > COARSE_FROM)) return [];
    const found = `max|x| of ${tensor} is ${amaxReal.toPrecision(4)}`;
    if (amaxReal > FP16_MAX)
      return [
        {
          code: 'fp16-refused-activation',
          tensor,
          amaxReal,
          reason: `${found}, above 65504, the largest FP16 value: it becomes infinity`,
        },
      ];
    return [
      {
        code: 'fp16-coarse',
        tensor,
        amaxReal,
        reason: `${found}; above ${COARSE_FROM} FP16 values are 0.5 or more apart`,
      },
    ];
  });
}

function accumulationHazards(facts: GraphFacts, node: Node, ranges: RangeFacts): Fp16Hazard[] {
  const [data = '', right = ''] = node.input;
  const amax = ranges.activationAmax(data);
  if (amax === undefined) return [];
  const amaxReal = AVERAGES.has(node.opType)
    ? averagedSum(facts, node, ranges)
    : node.opType === 'ReduceL2'
      ? squaredSum(node, ranges)
      : termBound(facts, node, right, ranges) * amax;
  if (!(amaxReal > FP16_MAX)) return [];
  const reason = `partial sums of ${node.name} can reach ${amaxReal.toPrecision(4)}, above 65504, the largest FP16 value`;
  return [{ code: 'fp16-refused-accumulation', tensor: node.output[0] ?? '', amaxReal, reason }];
}

/**
 * The factor between max|x| and the largest intermediate sum; 0 for layers without a sum or with a sum of unknown
 * length.
 */
function termBound(facts: GraphFacts, node: Node, right: string, ranges: RangeFacts): number {
  if (COMPUTE_OPS.has(node.opType)) {
    const weight = weightOf(facts, node);
    // The weight of a ConvTranspose has the groups on its first axis and the output channels of a group on its second.
    if (weight)
      return ranges.weightAbsSum(
        weight.initializer,
        weight.axis,
        node.opType === 'ConvTranspose' ? attrInt(node, 'group', 1) : 1,
      );
    const inner = facts.shape(node.input[0] ?? '')?.at(-1);
    return typeof inner === 'number' ? inner * (ranges.activationAmax(right) ?? 0) : 0;
  }
  return node.opType === 'ReduceSum' ? summedElements(facts, node) : 0;
}

/**
 * The largest sum that an average computes before it divides. If no term is negative, it is the largest average times
 * the number of terms. Otherwise it is unknown (0): the bound max|x| times the number of terms is far too high in
 * practice (by it, the last pooling layer of SqueezeNet would overflow, but it does not).
 */
function averagedSum(facts: GraphFacts, node: Node, ranges: RangeFacts): number {
  const averageAmax = ranges.activationAmax(node.output[0] ?? '');
  return averageAmax !== undefined && ranges.isNonNegative(node.input[0] ?? '')
    ? summedElements(facts, node) * averageAmax
    : 0;
}

/** A lower bound of the sum of squares in a norm: the square of the largest norm, or of the largest value. */
function squaredSum(node: Node, ranges: RangeFacts): number {
  const [input = ''] = node.input;
  const [output = ''] = node.output;
  return (ranges.activationAmax(output) ?? ranges.activationAmax(input) ?? 0) ** 2;
}

/** The number of elements that a reduction sums for one output element; 0 if the shapes do not determine it. */
function summedElements(facts: GraphFacts, node: Node): number {
  const before = facts.shape(node.input[0] ?? '');
  const after = facts.shape(node.output[0] ?? '');
  if (!before) return 0;
  if (node.opType === 'GlobalAveragePool') return product(before.slice(2));
  if (attrInt(node, 'keepdims', 1) !== 1 || after?.length !== before.length) return 0;
  return product(before.filter((dim, axis) => dim !== after[axis]));
}

function product(dims: readonly (number | null)[]): number {
  return dims.every((dim) => dim !== null) ? dims.reduce<number>((total, dim) => total * (dim ?? 1), 1) : 0;
}
