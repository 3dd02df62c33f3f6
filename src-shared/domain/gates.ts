import type { Gates } from './project';
import type { GateResult, TableRow } from './run-record';
import { REFERENCE_VARIANT } from './run-table';

export type GateName = keyof Gates;

/** Rounding of the subtraction of two percentages must not fail a gate that is met exactly. */
const TOLERANCE = 1e-9;

type Measured =
  | { readonly kind: 'value'; readonly value: number; readonly group?: string }
  | { readonly kind: 'unknown'; readonly reason: string };

interface GateRule {
  readonly name: GateName;
  readonly bound: 'most' | 'least';
  readonly measure: (row: TableRow, fp32: TableRow | undefined) => Measured;
}

const unknown = (reason: string): Measured => ({ kind: 'unknown', reason });
const NO_LABELS = 'the validation set has no labels, or there is no set: calib set PROJECT --validation DIR';
const NO_FP32 = 'FP32 was not validated, so there is nothing to compare with';

const RULES: readonly GateRule[] = [
  { name: 'maxTop1Drop', bound: 'most', measure: top1Drop },
  { name: 'maxWorstGroupDrop', bound: 'most', measure: worstGroupDrop },
  {
    name: 'minTop1',
    bound: 'least',
    measure: (row) => (row.top1 === undefined ? unknown(NO_LABELS) : { kind: 'value', value: row.top1 }),
  },
  {
    name: 'maxLatencyMs',
    bound: 'most',
    measure: (row) => (row.latencyMs === undefined ? unknown('the variant was not benchmarked: ort-cpu times the target onnxruntime only, others take --backend tensorrt') : { kind: 'value', value: row.latencyMs }),
  },
];

function top1Drop(row: TableRow, fp32: TableRow | undefined): Measured {
  if (row.top1 === undefined) return unknown(NO_LABELS);
  if (fp32?.top1 === undefined) return unknown(NO_FP32);
  return { kind: 'value', value: fp32.top1 - row.top1 };
}

/** The largest drop of any group against the same group of FP32. */
function worstGroupDrop(row: TableRow, fp32: TableRow | undefined): Measured {
  const groups = Object.entries(row.groupTop1 ?? {});
  if (groups.length === 0) return unknown(row.top1 === undefined ? NO_LABELS : 'the validation set has no groups');
  const reference = fp32?.groupTop1;
  if (reference === undefined) return unknown(NO_FP32);
  let worst: { readonly value: number; readonly group: string } | null = null;
  for (const [group, top1] of groups) {
    const drop = (reference[group] ?? Number.NaN) - top1;
    if (Number.isNaN(drop)) return unknown(`FP32 has no result for group ${group}`);
    if (worst === null || drop > worst.value) worst = { value: drop, group };
  }
  return worst === null ? unknown(NO_FP32) : { kind: 'value', ...worst };
}

/**
 * Judges every gate that is set for every shipped variant. Drops are FP32 minus variant in percentage points (negative:
 * the variant is better); a gate that cannot be judged is not met and carries the reason.
 */
export function evaluateGates(gates: Gates, rows: readonly TableRow[], shipped: readonly string[]): readonly GateResult[] {
  const fp32 = rows.find((row) => row.variant === REFERENCE_VARIANT);
  return shipped.flatMap((variant) => {
    const row = rows.find((candidate) => candidate.variant === variant);
    return RULES.flatMap((rule) => {
      const limit = gates[rule.name];
      if (limit === null) return [];
      const measured = row === undefined ? unknown(`variant ${variant} is not in the table`) : rule.measure(row, fp32);
      return [judge(rule, variant, limit, measured)];
    });
  });
}

function judge(rule: GateRule, variant: string, limit: number, measured: Measured): GateResult {
  const base = { name: rule.name, limit, variant };
  if (measured.kind === 'unknown') return { ...base, value: null, met: false, reason: measured.reason };
  const { value, group } = measured;
  const met = rule.bound === 'most' ? value <= limit + TOLERANCE : value >= limit - TOLERANCE;
  return { ...base, value, met, ...(group === undefined ? {} : { group }) };
}

/** True when every gate is met (also when none is set). */
export function areGatesMet(results: readonly GateResult[]): boolean {
  return results.every((result) => result.met);
}
