import type { Gates } from '../project/project';
import { ownValue } from '../../base/records';
import type { GateReason, GateResult, TableRow, ValidationRecord } from './run-record';
import { REFERENCE_VARIANT } from './run-table';

export type GateName = keyof Gates;

/** Tolerance for the rounding of a difference of two percentages, so that a gate that is met exactly does not fail. */
const TOLERANCE = 1e-9;

type Measured =
  | { readonly kind: 'value'; readonly value: number; readonly group?: string }
  | { readonly kind: 'unknown'; readonly code: GateReason; readonly reason: string };

interface GateRule {
  readonly name: GateName;
  readonly bound: 'most' | 'least';
  readonly measure: (row: TableRow, task: Task) => Measured;
}

interface Task {
  readonly fp32: TableRow | undefined;
  /** Why a variant has no top-1. */
  readonly noTop1: Measured;
}

const unknown = (code: GateReason, reason: string): Measured => ({ kind: 'unknown', code, reason });
const NO_FP32 = unknown('no-fp32', 'FP32 was not validated, so there is nothing to compare with');

const RULES: readonly GateRule[] = [
  { name: 'maxTop1Drop', bound: 'most', measure: top1Drop },
  { name: 'maxWorstGroupDrop', bound: 'most', measure: worstGroupDrop },
  {
    name: 'minTop1',
    bound: 'least',
    measure: (row, { noTop1 }) => (row.top1 === undefined ? noTop1 : { kind: 'value', value: row.top1 }),
  },
  {
    name: 'maxLatencyMs',
    bound: 'most',
    measure: (row) =>
      row.latencyMs === undefined
        ? unknown('no-benchmark', 'the variant was not benchmarked')
        : { kind: 'value', value: row.latencyMs },
  },
];

/** The reason why a run has no top-1. */
function noTop1Of(validation: GateContext | null | undefined): Measured {
  if (validation === null) return unknown('no-set', 'the run had no validation set');
  if (validation?.classCount === 0)
    return unknown('no-classification', 'no output of the model has the shape [batch, classes], so there is no top-1');
  return unknown('no-labels', 'the validation set has no labels');
}

function top1Drop(row: TableRow, { fp32, noTop1 }: Task): Measured {
  if (row.top1 === undefined) return noTop1;
  if (fp32?.top1 === undefined) return NO_FP32;
  return { kind: 'value', value: fp32.top1 - row.top1 };
}

/** The largest drop of any group against the same group of FP32. */
function worstGroupDrop(row: TableRow, { fp32, noTop1 }: Task): Measured {
  const groups = Object.entries(row.groupTop1 ?? {});
  if (groups.length === 0)
    return row.top1 === undefined ? noTop1 : unknown('no-groups', 'the validation set has no groups');
  const reference = fp32?.groupTop1;
  if (reference === undefined) return NO_FP32;
  let worst: { readonly value: number; readonly group: string } | null = null;
  for (const [group, top1] of groups) {
    const drop = (ownValue(reference, group) ?? Number.NaN) - top1;
    if (Number.isNaN(drop)) return unknown('no-fp32', `FP32 has no result for group ${group}`);
    if (worst === null || drop > worst.value) worst = { value: drop, group };
  }
  return worst === null ? NO_FP32 : { kind: 'value', ...worst };
}

/**
 * Judges every gate that is set for every shipped variant. Drops are FP32 minus variant in percentage points (negative:
 * the variant is better); a gate that cannot be judged is not met and has a reason.
 * @param validation null: the run had none; undefined: unknown.
 */
export function evaluateGates(
  gates: Gates,
  rows: readonly TableRow[],
  shipped: readonly string[],
  validation?: GateContext | null,
): readonly GateResult[] {
  const task: Task = { fp32: rows.find((row) => row.variant === REFERENCE_VARIANT), noTop1: noTop1Of(validation) };
  return shipped.flatMap((variant) => {
    const row = rows.find((candidate) => candidate.variant === variant);
    return RULES.flatMap((rule) => {
      const limit = gates[rule.name];
      if (limit === null) return [];
      const measured =
        row === undefined ? unknown('no-variant', `variant ${variant} is not in the table`) : rule.measure(row, task);
      return [judge(rule, variant, limit, measured)];
    });
  });
}

function judge(rule: GateRule, variant: string, limit: number, measured: Measured): GateResult {
  const base = { name: rule.name, limit, variant };
  if (measured.kind === 'unknown')
    return { ...base, value: null, met: false, reason: measured.reason, reasonCode: measured.code };
  const { value, group } = measured;
  const met = rule.bound === 'most' ? value <= limit + TOLERANCE : value >= limit - TOLERANCE;
  return { ...base, value, met, ...(group === undefined ? {} : { group }) };
}

/** The part of the run's validation that explains why there is no top-1. */
type GateContext = Pick<ValidationRecord, 'classCount'>;

/**
 * A gate without a value is neither met nor missed, because it could not be judged. Such a gate does not let a run
 * pass.
 */
export type GateState = 'met' | 'missed' | 'not-judged';

export function gateState({ value, met }: Pick<GateResult, 'value' | 'met'>): GateState {
  if (value === null) return 'not-judged';
  return met ? 'met' : 'missed';
}

/** True if every gate is met (also if none is set). */
export function areGatesMet(results: readonly GateResult[]): boolean {
  return results.every((result) => result.met);
}
