import type { Gates } from '../project/project';
import { ownValue } from '../../base/records';
import type { Measure } from '../tasks/measure';
import type { GateReason, GateResult, TableRow, ValidationRecord } from './run-record';
import { REFERENCE_VARIANT } from './run-table';

export type GateName = keyof Gates;

/** Tolerance for the rounding of a difference of two percentages, so that a gate that is met exactly does not fail. */
const TOLERANCE = 1e-9;

type Measured =
  | { readonly kind: 'value'; readonly value: number; readonly group?: string; readonly className?: string }
  | { readonly kind: 'unknown'; readonly code: GateReason; readonly reason: string };

interface GateRule {
  readonly name: GateName;
  readonly bound: 'most' | 'least';
  /** Whether the gate judges the measure of the task. */
  readonly isAccuracy: boolean;
  readonly measure: (row: TableRow, context: Context) => Measured;
}

interface Context {
  readonly fp32: TableRow | undefined;
  /** Why a variant has no measure. */
  readonly noMeasure: Measured;
  /** Why a variant has no top-1. */
  readonly noTop1: Measured;
  /** Whether gates on top-1 mean top-1, and not the measure of another task. */
  readonly isClassification: boolean;
}

const unknown = (code: GateReason, reason: string): Measured => ({ kind: 'unknown', code, reason });
const NO_FP32 = unknown('no-fp32', 'FP32 was not validated, so there is nothing to compare with');

const RULES: readonly GateRule[] = [
  { name: 'maxDrop', bound: 'most', isAccuracy: true, measure: measureDrop },
  {
    name: 'maxTop1Drop',
    bound: 'most',
    isAccuracy: true,
    measure: (row, context) =>
      context.isClassification && row.top1 === undefined ? context.noTop1 : measureDrop(row, context),
  },
  { name: 'maxWorstGroupDrop', bound: 'most', isAccuracy: true, measure: worstGroupDrop },
  { name: 'maxClassDrop', bound: 'most', isAccuracy: true, measure: worstClassDrop },
  { name: 'minMeasure', bound: 'least', isAccuracy: true, measure: measureOf },
  {
    name: 'minTop1',
    bound: 'least',
    isAccuracy: true,
    measure: (row, context) =>
      context.isClassification && row.top1 === undefined ? context.noTop1 : measureOf(row, context),
  },
  {
    name: 'maxLatencyMs',
    bound: 'most',
    isAccuracy: false,
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

/** The reason why a run has no measure. */
function noMeasureOf(validation: GateContext | null | undefined): Measured {
  if (validation?.noMeasure === undefined) return noTop1Of(validation);
  return unknown('no-measure', validation.noMeasure.message);
}

function measureOf({ measure }: TableRow, { noMeasure }: Context): Measured {
  return measure === undefined ? noMeasure : { kind: 'value', value: measure.value };
}

function measureDrop({ measure }: TableRow, { fp32, noMeasure }: Context): Measured {
  if (measure === undefined) return noMeasure;
  if (fp32?.measure === undefined) return NO_FP32;
  return { kind: 'value', value: dropBetween(fp32.measure.value, measure.value, measure) };
}

/** How much worse a value is than FP32's. */
function dropBetween(fp32: number, value: number, { higherIsBetter }: Measure): number {
  return higherIsBetter ? fp32 - value : value - fp32;
}

/** The largest drop of any group against the same group of FP32. */
function worstGroupDrop(row: TableRow, context: Context): Measured {
  const { measure, groupMeasure, top1 } = row;
  const groups = Object.entries(groupMeasure ?? {});
  if (measure === undefined) return context.noMeasure;
  if (groups.length === 0) {
    if (context.isClassification && top1 === undefined) return context.noTop1;
    return unknown('no-groups', 'the validation set has no groups');
  }
  const reference = context.fp32?.groupMeasure;
  if (reference === undefined) return NO_FP32;
  let worst: { readonly value: number; readonly group: string } | null = null;
  for (const [group, value] of groups) {
    const drop = dropBetween(ownValue(reference, group) ?? Number.NaN, value, measure);
    if (Number.isNaN(drop)) return unknown('no-fp32', `FP32 has no result for group ${group}`);
    if (worst === null || drop > worst.value) worst = { value: drop, group };
  }
  return worst === null ? NO_FP32 : { kind: 'value', ...worst };
}

function worstClassDrop({ measure, worstClass, variant }: TableRow, { fp32, noMeasure }: Context): Measured {
  if (measure === undefined) return noMeasure;
  if (worstClass !== undefined)
    return { kind: 'value', value: worstClass.drop, className: worstClass.name ?? String(worstClass.label) };
  if (variant === REFERENCE_VARIANT) return { kind: 'value', value: 0 };
  return fp32 === undefined ? NO_FP32 : unknown('no-classes', `the measure ${measure.name} has no values per class`);
}

/**
 * Judges every gate that is set for every shipped variant. Drops are in the unit of the measure (negative: the
 * variant is better); a gate that cannot be judged is not met and has a reason.
 * @param validation null: the run had none; undefined: unknown.
 */
export function evaluateGates(
  gates: Gates,
  rows: readonly TableRow[],
  shipped: readonly string[],
  validation?: GateContext | null,
): readonly GateResult[] {
  const context: Context = {
    fp32: rows.find((row) => row.variant === REFERENCE_VARIANT),
    noMeasure: noMeasureOf(validation),
    noTop1: noTop1Of(validation),
    isClassification: (validation?.task?.kind ?? 'classification') === 'classification',
  };
  return shipped.flatMap((variant) => {
    const row = rows.find((candidate) => candidate.variant === variant);
    return RULES.flatMap((rule) => {
      const limit = gates[rule.name];
      if (limit === null || limit === undefined) return [];
      const measured =
        row === undefined
          ? unknown('no-variant', `variant ${variant} is not in the table`)
          : rule.measure(row, context);
      return [{ ...judge(boundOf(rule, row), variant, limit, measured), ...measureName(rule, row) }];
    });
  });
}

/** For a metric of which less is better, the least allowed quality is the largest allowed value. */
function boundOf(rule: GateRule, row: TableRow | undefined): Pick<GateRule, 'name' | 'bound'> {
  return rule.bound === 'least' && row?.measure?.higherIsBetter === false ? { ...rule, bound: 'most' } : rule;
}

function measureName({ isAccuracy }: GateRule, row: TableRow | undefined): { readonly measure?: string } {
  return isAccuracy && row?.measure !== undefined ? { measure: row.measure.name } : {};
}

function judge(rule: Pick<GateRule, 'name' | 'bound'>, variant: string, limit: number, measured: Measured): GateResult {
  const base = { name: rule.name, limit, variant };
  if (measured.kind === 'unknown')
    return { ...base, value: null, met: false, reason: measured.reason, reasonCode: measured.code };
  const { value, group, className } = measured;
  const met = rule.bound === 'most' ? value <= limit + TOLERANCE : value >= limit - TOLERANCE;
  return {
    ...base,
    value,
    met,
    ...(group === undefined ? {} : { group }),
    ...(className === undefined ? {} : { className }),
  };
}

/** The part of the run's validation that says what was judged, and why there is no measure. */
type GateContext = Pick<ValidationRecord, 'classCount' | 'task' | 'noMeasure'>;

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
