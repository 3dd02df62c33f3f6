import { type BaselineGates, type BaselineLimit, GATE_NAMES, type GateName, type Gates } from '../project/gates';
import { GATE_RULES, type GateValidation, gateValue, type GateValue, type JudgedRun } from './gate-values';
import type { GateResult, GateStatistics, TableRow } from './run-record';

/** Tolerance for the rounding of a difference of two percentages, so that a gate that is met exactly does not fail. */
const TOLERANCE = 1e-9;

/**
 * Judges every gate that is set for every shipped variant. Drops are in the unit of the measure (negative: the variant
 * is better); a gate that cannot be judged is not met and has a reason.
 * @param validation null: the run had none; undefined: unknown.
 */
export function evaluateGates(
  gates: Gates,
  rows: readonly TableRow[],
  shipped: readonly string[],
  validation?: GateValidation | null,
): readonly GateResult[] {
  return judgeRun({ gates }, { rows, validation }, shipped);
}

export interface JudgedBy {
  readonly gates: Gates;
  readonly baselineGates?: BaselineGates | undefined;
  /** The run that `baselineGates` refer to; null: none was named or found. */
  readonly baseline?: Baseline | null;
}

/** An earlier run that a run is compared with. */
export interface Baseline extends JudgedRun {
  readonly runId: string;
  /** Variants meant for deployment. */
  readonly shipped: readonly string[];
  /** Whether it ran on the same hardware with the same inference software. */
  readonly isSameHardware: boolean;
  /** Whether it was validated on the same images. */
  readonly isSameValidation: boolean;
}

/** Judges the absolute limits and the limits against the baseline, for every shipped variant. */
export function judgeRun(by: JudgedBy, run: JudgedRun, shipped: readonly string[]): readonly GateResult[] {
  return shipped.flatMap((variant) => {
    const row = run.rows.find((candidate) => candidate.variant === variant);
    return GATE_NAMES.flatMap((name): GateResult[] => {
      const found: GateValue =
        row === undefined
          ? { kind: 'unknown', code: 'no-variant', reason: `variant ${variant} is not in the table` }
          : gateValue(name, row, run);
      const limit = by.gates[name] ?? null;
      const margin = by.baselineGates?.[name];
      const bound = boundOf(name, row);
      const common = { name, variant, ...measureName(name, row) };
      return [
        ...(limit === null ? [] : [{ ...common, ...judge(bound, limit, found) }]),
        ...(margin === undefined
          ? []
          : [{ ...common, ...judgeByBaseline({ name, bound, margin, variant }, found, by.baseline ?? null) }]),
      ];
    });
  });
}

/** For a metric of which less is better, the least allowed quality is the largest allowed value. */
function boundOf(name: GateName, row: TableRow | undefined): Bound {
  const { bound, judges } = GATE_RULES[name];
  return bound === 'least' && judges === 'measure' && row?.measure?.higherIsBetter === false ? 'most' : bound;
}

type Bound = 'most' | 'least';

function measureName(name: GateName, row: TableRow | undefined): { readonly measure?: string } {
  return GATE_RULES[name].judges === 'measure' && row?.measure !== undefined ? { measure: row.measure.name } : {};
}

type Judged = Omit<GateResult, 'name' | 'variant' | 'measure'>;

function judge(bound: Bound, limit: number, found: GateValue): Judged {
  if (found.kind === 'unknown') return { limit, ...unjudged(found) };
  const { value, statistics, group, className } = found;
  const met = bound === 'most' ? value <= limit + TOLERANCE : value >= limit - TOLERANCE;
  return {
    limit,
    value,
    met,
    state: met ? 'met' : 'missed',
    statistics: againstLimit(statistics, limit),
    ...(group === undefined ? {} : { group }),
    ...(className === undefined ? {} : { className }),
  };
}

function unjudged({ code, reason }: Extract<GateValue, { kind: 'unknown' }>): Omit<Judged, 'limit'> {
  return { value: null, met: false, state: 'unjudged', reason, reasonCode: code };
}

/** The difference of a value from its limit is beyond chance if the interval of the value leaves the limit out. */
function againstLimit(statistics: GateStatistics, limit: number): GateStatistics {
  const { interval95, p } = statistics;
  if (interval95 === undefined || p !== undefined || statistics.test === 'paired-bootstrap') return statistics;
  const [low, high] = interval95;
  return { ...statistics, isBeyondChance: limit < low || limit > high };
}

interface BaselineGate {
  readonly name: GateName;
  readonly bound: Bound;
  readonly margin: BaselineLimit;
  readonly variant: string;
}

function judgeByBaseline(gate: BaselineGate, found: GateValue, baseline: Baseline | null): Judged {
  const { name, bound, margin, variant } = gate;
  const reference = { margin: margin.margin, ...(margin.isPercent ? { isPercent: true as const } : {}) };
  const failed = (code: Extract<GateValue, { kind: 'unknown' }>['code'], reason: string): Judged => ({
    limit: null,
    ...unjudged({ kind: 'unknown', code, reason }),
    baseline: baseline === null ? reference : { ...reference, runId: baseline.runId },
  });
  if (baseline === null) return failed('no-baseline', 'no baseline run was named or found');
  const rule = GATE_RULES[name];
  if (rule.isOfHardware && !baseline.isSameHardware)
    return failed('other-hardware', 'the baseline ran on other hardware or other inference software');
  if (rule.judges !== 'cost' && !baseline.isSameValidation)
    return failed('other-images', 'the baseline was validated on other images');
  const row =
    baseline.rows.find((candidate) => candidate.variant === variant) ??
    baseline.rows.find((candidate) => candidate.variant === baseline.shipped[0]);
  const own: GateValue =
    row === undefined
      ? { kind: 'unknown', code: 'no-variant', reason: 'the baseline shipped no variant' }
      : gateValue(name, row, baseline);
  if (own.kind === 'unknown') return failed('no-baseline-value', `the baseline has no value: ${own.reason}`);
  const limitFor = (value: number): number => {
    const amount = margin.isPercent ? (Math.abs(value) * margin.margin) / 100 : margin.margin;
    return bound === 'most' ? value + amount : value - amount;
  };
  const limit = limitFor(own.value);
  const judged = judge(bound, limit, found);
  return {
    ...judged,
    ...(found.kind === 'unknown' ? {} : { statistics: betweenRuns(found.statistics, own.statistics, limitFor) }),
    baseline: { ...reference, runId: baseline.runId, value: own.value },
  };
}

/**
 * The runs differ by more than the margin and chance if the 95 % intervals of their values, the baseline's with the
 * margin, lie apart.
 */
function betweenRuns(
  own: GateStatistics,
  baseline: GateStatistics,
  limitFor: (value: number) => number,
): GateStatistics {
  if (own.test === 'exact' && baseline.test === 'exact') return own;
  if (own.interval95 === undefined || baseline.interval95 === undefined)
    return { test: 'single', isBeyondChance: false };
  const [low, high] = baseline.interval95.map(limitFor) as [number, number];
  return {
    test: 'separate-intervals',
    interval95: own.interval95,
    ...(own.images === undefined ? {} : { images: own.images }),
    isBeyondChance: own.interval95[0] > high || own.interval95[1] < low,
  };
}

/** True if every gate is met (also if none is set). */
export function areGatesMet(results: readonly GateResult[]): boolean {
  return results.every((result) => result.met);
}
