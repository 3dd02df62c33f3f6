import type { Fp16Hazard } from '../../../src-shared/domain/project/precision';
import { attrInt } from '../../onnx/graph/attributes';
import { DataType, type Node } from '../../onnx/graph/model';
import { constantValues } from '../rules/constant-values';
import type { GraphFacts } from '../rules/graph-facts';
import { asFp16, FP16_MAX } from '../rules/number-formats';
import { RESHAPE_OPS, SELECT_OPS } from '../rules/op-classes';

/** The largest relative change of a divisor, an additive epsilon or a bound that is accepted. */
export const MAX_CONSTANT_CHANGE = 0.01;

/** Values above this stay in the normal range of FP16 even if they are squared. */
const SMALL_FLOOR = 2 ** -7;

const PASSING: ReadonlySet<string> = new Set([
  ...RESHAPE_OPS,
  ...SELECT_OPS,
  'Identity',
  'Abs',
  'Neg',
  'Concat',
  'Min',
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
]);

/** |fp16(v) - v| / |v|: 1 for a value that becomes 0, infinite for one that becomes infinite, 0 for 0. */
export function fp16Change(value: number): number {
  return value === 0 ? 0 : Math.abs(asFp16(value) - value) / Math.abs(value);
}

/** Describes in a sentence what happens to a value in FP16. */
export function fp16Fate(value: number): string {
  if (Math.abs(value) > FP16_MAX) return 'is above 65504, the largest FP16 value';
  return asFp16(value) === 0 ? 'becomes 0 in FP16' : `changes by ${(fp16Change(value) * 100).toPrecision(2)} % in FP16`;
}

const floorsByFacts = new WeakMap<GraphFacts, ReadonlyMap<Node, Fp16Hazard>>();

/**
 * Layers that depend on a small constant (a floor) which keeps a value away from 0, such as the epsilon of a
 * normalization or the lower bound in front of a logarithm. The constant is followed to the layers that divide by it or
 * compute its root, logarithm or reciprocal. These layers and those in between must not run in FP16 if FP16 changes the
 * constant, because the result could be 0 / 0 = NaN, even if no calibration image caused it.
 */
export function lostFloors(facts: GraphFacts): ReadonlyMap<Node, Fp16Hazard> {
  const known = floorsByFacts.get(facts);
  if (known) return known;
  const search = new FloorSearch(facts);
  for (const node of facts.nodes) {
    for (const [slot, constant] of node.input.entries()) {
      if (!setsFloor(node, slot)) continue;
      for (const value of smallValues(facts, node, constant)) search.start(node, { constant, value });
    }
  }
  floorsByFacts.set(facts, search.found);
  return search.found;
}

interface Origin {
  /** The constant, and which of its values is followed. */
  readonly constant: string;
  readonly value: number;
}

/** A tensor that can have the value, and its distance from the constant in layers. */
interface FloorRead {
  readonly tensor: string;
  readonly value: number;
  readonly origin: Origin;
  readonly hops: number;
}

function setsFloor({ opType }: Node, slot: number): boolean {
  if (opType === 'Clip') return slot === 1;
  if (opType === 'Where') return slot > 0;
  return opType === 'Max' || opType === 'Add' || opType === 'Sub';
}

/**
 * The smallest and the largest of the relevant values; the values in between change less. A constant that is added
 * counts as an epsilon only if all its values are small; a bias also has large values.
 */
function smallValues(facts: GraphFacts, { opType }: Node, constant: string): readonly number[] {
  const values = [...(constantValues(facts, constant) ?? [])].map(Math.abs);
  const small = values.filter((value) => value > 0 && value < SMALL_FLOOR);
  const isBound = opType === 'Clip' || opType === 'Max';
  if (small.length === 0 || (!isBound && values.some((value) => value >= SMALL_FLOOR))) return [];
  return [...new Set([small.reduce((a, b) => Math.min(a, b)), small.reduce((a, b) => Math.max(a, b))])];
}

/** Maximum number of layers between the constant and the division; an epsilon is never further away. */
const MAX_HOPS = 32;

const isLost = (value: number): boolean => fp16Change(value) > MAX_CONSTANT_CHANGE;

class FloorSearch {
  readonly found = new Map<Node, Fp16Hazard>();
  private readonly visited = new Map<string, boolean>();

  constructor(private readonly facts: GraphFacts) {}

  start(node: Node, origin: Origin): void {
    const [output = ''] = node.output;
    if (this.follow({ tensor: output, value: origin.value, origin, hops: 0 }) && isLost(origin.value))
      this.mark(node, origin.constant, origin.value, origin);
  }

  /** True if a layer that reads the tensor, or a tensor computed from it, is sensitive to a value that FP16 changes. */
  private follow(read: FloorRead): boolean {
    const { tensor, value, hops } = read;
    if (hops > MAX_HOPS) return false;
    const key = `${value} ${tensor}`;
    const known = this.visited.get(key);
    if (known !== undefined) return known;
    this.visited.set(key, false);
    const isSensitive = this.facts.uses(tensor).map(({ node, slot }) => this.enter(node, slot, read));
    const result = isSensitive.includes(true);
    this.visited.set(key, result);
    return result;
  }

  private enter(node: Node, slot: number, read: FloorRead): boolean {
    const { tensor, value, origin, hops } = read;
    const step = this.stepOf(node, slot, value);
    if (step === null) return false;
    const [output = ''] = node.output;
    const isBelow = step.next !== null && this.follow({ tensor: output, value: step.next, origin, hops: hops + 1 });
    const isWorst = step.next !== null && Math.abs(step.next) > FP16_MAX;
    const isHit = (step.isSensitive && (isLost(value) || isWorst)) || isBelow;
    if (!isHit) return false;
    if (isLost(value)) this.mark(node, tensor, value, origin);
    else if (step.next !== null && isLost(step.next)) this.mark(node, output, step.next, origin);
    return true;
  }

  /**
   * What a layer does with a floor: its output value (null if it cannot be determined) and whether the layer itself is
   * sensitive to the value. Null for layers without an effect.
   */
  private stepOf(
    node: Node,
    slot: number,
    value: number,
  ): { readonly isSensitive: boolean; readonly next: number | null } | null {
    const other = this.scalar(node.input[1 - slot] ?? '');
    const isOverflow = value > FP16_MAX;
    switch (node.opType) {
      case 'Sqrt':
        return { isSensitive: true, next: Math.sqrt(value) };
      case 'Reciprocal':
        return { isSensitive: true, next: isLost(value) ? 1 / value : null };
      case 'Log':
        return { isSensitive: true, next: null };
      case 'Pow':
        return slot === 0 && other !== null
          ? {
              isSensitive: !(Number.isInteger(other) && other > 0),
              next: other > 0 || isLost(value) ? value ** other : null,
            }
          : null;
      case 'Div':
        if (slot === 0) return { isSensitive: isOverflow, next: other === null ? null : value / Math.abs(other) };
        return { isSensitive: true, next: other !== null && isLost(value) ? Math.abs(other) / value : null };
      case 'Mul':
        // A reciprocal that is infinite in FP16 turns 0 into NaN; the chain ends here.
        return isOverflow && other === null
          ? { isSensitive: true, next: null }
          : { isSensitive: false, next: value * Math.abs(other ?? 1) };
      case 'Add':
      case 'Sub':
        return { isSensitive: isOverflow, next: isOverflow ? null : value + Math.abs(other ?? 0) };
      case 'Cast':
        return attrInt(node, 'to', 0) === DataType.FLOAT ? { isSensitive: false, next: value } : null;
      default:
        return PASSING.has(node.opType) ? { isSensitive: false, next: value } : null;
    }
  }

  private scalar(tensor: string): number | null {
    const values = constantValues(this.facts, tensor);
    return values?.length === 1 ? (values[0] ?? null) : null;
  }

  private mark(node: Node, tensor: string, value: number, { constant, value: origin }: Origin): void {
    if (this.found.has(node)) return;
    const found =
      tensor === constant
        ? `constant ${constant} (${printed(origin)}) keeps a divisor, root or logarithm from 0 and`
        : `${tensor} can be ${printed(value)}, by the constant ${constant} (${printed(origin)}), which`;
    this.found.set(node, {
      code: 'fp16-refused-constant',
      tensor,
      amaxReal: value,
      reason: `${found} ${fp16Fate(value)}`,
    });
  }
}

export function printed(value: number): string {
  return String(Number(value.toPrecision(4)));
}
