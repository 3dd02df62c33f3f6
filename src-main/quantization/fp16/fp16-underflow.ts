import type { Fp16Hazard } from '../../../src-shared/domain/project/precision';
import { attrFloat, attrInt } from '../../onnx/graph/attributes';
import { DataType, type Node } from '../../onnx/graph/model';
import { weightOf } from '../rules/compute-layers';
import { constantValues } from '../rules/constant-values';
import type { GraphFacts } from '../rules/graph-facts';
import { fp16Change, fp16Fate, lostFloors, MAX_CONSTANT_CHANGE, printed } from './fp16-floors';
import type { RangeFacts } from '../rules/range-facts';
import { asFp16, FP16_SMALLEST_NORMAL } from '../rules/number-formats';
import { COMPUTE_OPS } from '../rules/op-classes';

/** The largest error of weights that is accepted, relative to the largest output of the layer. */
const MAX_OUTPUT_SHARE = 0.01;

/** Operators with an additive epsilon as attribute, and its default value. */
const EPSILON_ATTRIBUTES: ReadonlyMap<string, readonly [attribute: string, byDefault: number]> = new Map([
  ['LayerNormalization', ['epsilon', 1e-5]],
  ['RMSNormalization', ['epsilon', 1e-5]],
  ['BatchNormalization', ['epsilon', 1e-5]],
  ['InstanceNormalization', ['epsilon', 1e-5]],
  ['GroupNormalization', ['epsilon', 1e-5]],
  // No attribute: the operator is defined as a function that adds 1e-9 to the standard deviation.
  ['MeanVarianceNormalization', ['', 1e-9]],
  ['LRN', ['bias', 1]],
]);

/** Operators that sum the squares of their input. */
const SUMS_OF_SQUARES: ReadonlySet<string> = new Set(['ReduceL2', 'ReduceSumSquare', 'LpNormalization']);

/**
 * Problems of a layer with values that are too small for FP16: values up to 2^-25 become 0 (2^-25 itself is a tie,
 * which rounds to even), and values below 2^-14 lose bits. Returns the first finding of each kind.
 */
export function underflowHazards(facts: GraphFacts, node: Node, ranges: RangeFacts): Fp16Hazard[] {
  const floor = lostFloors(facts).get(node);
  const constants = constantHazards(facts, node, ranges);
  return [
    ...(constants.length === 0 && floor ? [floor] : constants),
    ...epsilonHazards(node),
    ...weightLosses(facts, node, ranges),
    ...tinyActivations(facts, node, ranges),
  ];
}

type Role = 'bound' | 'divisor' | 'exponent' | 'factor' | 'value';

/** The role of a constant input of a layer; null if its single values do not matter or another rule covers it. */
function roleOf({ opType }: Node, slot: number): Role | null {
  if (COMPUTE_OPS.has(opType)) return null;
  switch (opType) {
    case 'Clip':
    case 'Max':
    case 'Min':
      return 'bound';
    case 'Div':
      return slot === 1 ? 'divisor' : 'factor';
    case 'Pow':
      return slot === 1 ? 'exponent' : 'value';
    case 'Mul':
    case 'PRelu':
      return 'factor';
    case 'Resize':
    case 'Upsample':
      return null;
    default:
      return 'value';
  }
}

const ROLE_WORDS: Readonly<Record<Exclude<Role, 'value'>, string>> = {
  bound: 'a bound',
  divisor: 'a divisor',
  exponent: 'an exponent',
  factor: 'a factor',
};

function constantHazards(facts: GraphFacts, node: Node, ranges: RangeFacts): Fp16Hazard[] {
  for (const [slot, tensor] of node.input.entries()) {
    const role = facts.elementType(tensor) === DataType.FLOAT ? roleOf(node, slot) : null;
    const values = role === null ? null : constantValues(facts, tensor);
    const lost = role && values ? lostValue(facts, node, { role, values }, ranges) : null;
    if (role === null || lost === null) continue;
    const word = role === 'value' ? '' : `, ${ROLE_WORDS[role]},`;
    return [
      {
        code: 'fp16-refused-constant',
        tensor,
        amaxReal: Math.abs(lost),
        reason: `constant ${tensor} (${printed(lost)})${word} ${fp16Fate(lost)}`,
      },
    ];
  }
  return [];
}

/**
 * The value of a constant that FP16 must not change. For bounds, divisors and exponents it can be any value, for
 * factors one that is visible in the output. For other constants all values must change, since a zero among larger
 * values is harmless.
 */
function lostValue(
  facts: GraphFacts,
  node: Node,
  constant: { readonly role: Role; readonly values: Float64Array },
  ranges: RangeFacts,
): number | null {
  const { role, values } = constant;
  const largest = values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  const worst = values.reduce(
    (found, value) => (isSmall(value) && fp16Change(value) > fp16Change(found) ? value : found),
    0,
  );
  if (role === 'value') return isSmall(largest) && asFp16(largest) === 0 ? largest : null;
  if (fp16Change(worst) <= MAX_CONSTANT_CHANGE) return null;
  if (role !== 'factor' || values.length === 1) return worst;
  const loss = values.reduce(
    (most, value) => (isSmall(value) ? Math.max(most, Math.abs(asFp16(value) - value)) : most),
    0,
  );
  const data = node.input.find((name) => facts.isActivation(name));
  return outputShare(node, { loss, sum: Math.abs(largest), data }, ranges) > MAX_OUTPUT_SHARE ? worst : null;
}

function isSmall(value: number): boolean {
  return value !== 0 && Math.abs(value) < FP16_SMALLEST_NORMAL;
}

/**
 * Normalizations with the attribute stash_type (by default 1, float32) compute their statistics and add the epsilon in
 * float32, so that rounding the epsilon to FP16 does not matter. An epsilon that becomes 0 is refused nevertheless,
 * because some runtimes compute everything in the type of the input.
 */
function addsEpsilonInFloat32(node: Node): boolean {
  const byDefault = node.opType === 'LayerNormalization' || node.opType === 'RMSNormalization' ? 1 : 0;
  return attrInt(node, 'stash_type', byDefault) === DataType.FLOAT;
}

function epsilonHazards(node: Node): Fp16Hazard[] {
  const [attribute, byDefault] = EPSILON_ATTRIBUTES.get(node.opType) ?? ['', 1];
  const epsilon = attribute === '' ? byDefault : attrFloat(node, attribute, byDefault);
  if (fp16Change(epsilon) <= MAX_CONSTANT_CHANGE) return [];
  if (addsEpsilonInFloat32(node) && asFp16(epsilon) !== 0) return [];
  const name = attribute === '' ? 'its epsilon' : `attribute ${attribute}`;
  return [
    {
      code: 'fp16-refused-constant',
      tensor: node.output[0] ?? '',
      amaxReal: epsilon,
      reason: `${name} (${printed(epsilon)}) ${fp16Fate(epsilon)}`,
    },
  ];
}

/**
 * Finds weights of a compute layer whose loss is visible in the output. Single tiny weights, and the weights of a
 * channel that is always 0, are not.
 */
function weightLosses(facts: GraphFacts, node: Node, ranges: RangeFacts): Fp16Hazard[] {
  const weight = COMPUTE_OPS.has(node.opType) ? weightOf(facts, node) : null;
  if (!weight) return [];
  const { values, sum } = ranges.weightLoss(weight.initializer, weight.axis);
  const share = outputShare(node, { loss: values, sum }, ranges);
  if (share <= MAX_OUTPUT_SHARE) return [];
  const reason = `weights of ${weight.initializer} lie below 2^-14, where FP16 loses bits: that can change ${percent(share)} of the layer's largest output`;
  return [
    {
      code: 'fp16-refused-underflow',
      tensor: weight.initializer,
      amaxReal: ranges.weightAmax(weight.initializer),
      reason,
    },
  ];
}

/**
 * The error that a loss of weights can cause, relative to max|output|: loss * max|input| / max|output|. Without
 * calibrated values of both, the largest sum of |w| replaces max|output| / max|input|.
 * @param weights largest loss and largest sum of the output channels; `data` is the input that the weights multiply (by
 *   default the first).
 */
export function outputShare(
  node: Node,
  weights: { readonly loss: number; readonly sum: number; readonly data?: string | undefined },
  ranges: RangeFacts,
): number {
  const { loss, sum, data = node.input[0] ?? '' } = weights;
  const input = ranges.activationAmax(data);
  const output = ranges.activationAmax(node.output[0] ?? '');
  if (input !== undefined && output !== undefined && output > 0) return (loss * input) / output;
  return sum > 0 ? loss / sum : 0;
}

function tinyActivations(facts: GraphFacts, node: Node, ranges: RangeFacts): Fp16Hazard[] {
  const tensors = new Set([...node.input, ...node.output].filter((name) => facts.isActivation(name)));
  for (const tensor of tensors) {
    const share = ranges.subnormalShare(tensor);
    if (!(share > 0.5)) continue;
    const reason = `${percent(share)} of the values of ${tensor} other than 0 are below 2^-14 (6.1e-5), where FP16 loses bits, and below 2^-25 they become 0`;
    return [{ code: 'fp16-refused-underflow', tensor, amaxReal: ranges.activationAmax(tensor) ?? 0, reason }];
  }
  return SUMS_OF_SQUARES.has(node.opType) ? tinySquares(node, ranges) : [];
}

function tinySquares(node: Node, ranges: RangeFacts): Fp16Hazard[] {
  const tensor = node.input[0] ?? '';
  const amax = ranges.activationAmax(tensor);
  if (amax === undefined || amax === 0 || amax ** 2 >= FP16_SMALLEST_NORMAL) return [];
  return [
    {
      code: 'fp16-refused-underflow',
      tensor,
      amaxReal: amax,
      reason: `max|x| of ${tensor} is ${printed(amax)}: its squares are below 2^-14 (6.1e-5), where FP16 loses bits`,
    },
  ];
}

export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
