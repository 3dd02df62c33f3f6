import { ownValue } from '../../base/records';
import { GATE_NAMES, type GateName, type Gates } from '../project/gates';
import { mcnemarExactP, SIGNIFICANT_P, wilsonInterval95 } from '../statistics';
import type { Measure } from '../tasks/measure';
import type { VariantReport } from './accuracy';
import type { GateReason, GateStatistics, TableRow, ValidationRecord } from './run-record';
import { REFERENCE_VARIANT } from './run-table';

/** The value that a gate judges, or why there is none. */
export type GateValue =
  | {
      readonly kind: 'value';
      readonly value: number;
      readonly group?: string;
      readonly className?: string;
      /** The test behind the value; a test against the limit is completed when the limit is known. */
      readonly statistics: GateStatistics;
    }
  | { readonly kind: 'unknown'; readonly code: GateReason; readonly reason: string };

/** A run as the gates see it. */
export interface JudgedRun {
  readonly rows: readonly TableRow[];
  /** null: the run had none; undefined: unknown. */
  readonly validation: GateValidation | null | undefined;
  /** Distance of the validation images from the calibration images; undefined if it was not measured. */
  readonly drift?: { readonly value: number; readonly atLeast: number } | undefined;
}

/** The part of a run's validation that says what was judged, and why there is no measure. */
export type GateValidation = Pick<ValidationRecord, 'classCount' | 'task' | 'noMeasure'> &
  Partial<Pick<ValidationRecord, 'images'>> & {
    readonly variants?: readonly Pick<VariantReport, 'variant' | 'groups' | 'classes'>[];
  };

interface Context extends JudgedRun {
  readonly fp32: TableRow | undefined;
  readonly noMeasure: GateValue;
  readonly noTop1: GateValue;
  /** Whether gates on top-1 mean top-1, and not the measure of another task. */
  readonly isClassification: boolean;
}

interface GateRule {
  readonly bound: 'most' | 'least';
  /** The measure of the task, the answers otherwise, what the engine costs, or the images. */
  readonly judges: 'measure' | 'answers' | 'cost' | 'images';
  /** Whether a value is comparable only with values of the same hardware. */
  readonly isOfHardware: boolean;
  readonly valueOf: (row: TableRow, context: Context) => GateValue;
}

const unknown = (code: GateReason, reason: string): GateValue => ({ kind: 'unknown', code, reason });
const known = (value: number, statistics: GateStatistics): GateValue => ({ kind: 'value', value, statistics });

const NO_FP32 = unknown('no-fp32', 'FP32 was not validated, so there is nothing to compare with');
const NO_BENCHMARK = unknown('no-benchmark', 'the variant was not benchmarked');
/** Counted, not measured: chance has no part in it. */
const EXACT: GateStatistics = { test: 'exact', isBeyondChance: true };
/** Measured once, so that the part of chance is not known. */
const SINGLE: GateStatistics = { test: 'single', isBeyondChance: false };

/** A value with the interval that a limit is compared with. */
function withInterval(
  test: GateStatistics['test'],
  interval95: readonly [number, number] | undefined,
  images?: number,
): GateStatistics {
  if (interval95 === undefined) return SINGLE;
  return { test, interval95, isBeyondChance: false, ...(images === undefined ? {} : { images }) };
}

const accuracy = (bound: GateRule['bound'], valueOf: GateRule['valueOf']): GateRule => ({
  bound,
  judges: 'measure',
  isOfHardware: false,
  valueOf,
});
const cost = (bound: GateRule['bound'], valueOf: GateRule['valueOf']): GateRule => ({
  bound,
  judges: 'cost',
  isOfHardware: true,
  valueOf,
});
const top1 =
  (valueOf: GateRule['valueOf']): GateRule['valueOf'] =>
  (row, context) =>
    context.isClassification && row.top1 === undefined ? context.noTop1 : valueOf(row, context);

export const GATE_RULES: Readonly<Record<GateName, GateRule>> = {
  maxDrop: accuracy('most', measureDrop),
  maxTop1Drop: accuracy('most', top1(measureDrop)),
  maxWorstGroupDrop: accuracy('most', worstGroupDrop),
  maxClassDrop: accuracy('most', worstClassDrop),
  minMeasure: accuracy('least', measureOf),
  minTop1: accuracy('least', top1(measureOf)),
  minAgreement: { ...accuracy('least', agreementOf), judges: 'answers' },
  maxLatencyMs: cost('most', ({ latencyMs, latency }) =>
    latencyMs === undefined
      ? NO_BENCHMARK
      : known(latencyMs, withInterval('order-statistics', latency?.medianInterval95)),
  ),
  maxP99LatencyMs: cost('most', ({ latency }) => {
    if (latency === undefined) return NO_BENCHMARK;
    if (latency.p99 === undefined)
      return unknown('few-samples', `a 99th percentile needs 100 timed inferences, found ${latency.samples}`);
    return known(latency.p99, withInterval('order-statistics', latency.p99Interval95));
  }),
  minThroughput: cost('least', throughputOf),
  maxMemoryMb: cost('most', ({ memoryMb, latencyMs }) => {
    if (latencyMs === undefined) return NO_BENCHMARK;
    return memoryMb === undefined
      ? unknown('no-memory', 'the backend does not report its memory')
      : known(memoryMb, SINGLE);
  }),
  maxSizeMb: {
    ...cost('most', ({ sizeMb }) => (sizeMb === undefined ? NO_BENCHMARK : known(sizeMb, EXACT))),
    isOfHardware: false,
  },
  maxBuildSeconds: cost('most', ({ buildSeconds, latencyMs }) => {
    if (latencyMs === undefined) return NO_BENCHMARK;
    return buildSeconds === undefined
      ? unknown('no-build-time', 'the variant needed no build, or the time of its build is not known')
      : known(buildSeconds, SINGLE);
  }),
  minInt8Time: cost('least', ({ int8Time, latencyMs }) => {
    if (latencyMs === undefined) return NO_BENCHMARK;
    return int8Time === undefined
      ? unknown('no-layer-times', 'the engine does not report the times of its layers; TensorRT engines do')
      : known(int8Time, EXACT);
  }),
  maxDrift: {
    bound: 'most',
    judges: 'images',
    isOfHardware: false,
    valueOf: (_, { drift, validation }) => {
      if (drift === undefined)
        return validation === null
          ? unknown('no-set', 'the run had no validation set')
          : unknown('no-drift', 'the drift of the validation images was not measured');
      return known(drift.value, {
        test: 'drift-noise',
        interval95: [drift.atLeast, 2 * drift.value - drift.atLeast],
        isBeyondChance: false,
      });
    },
  },
};

/** Only the limits that a validation alone can judge: no costs and no drift. */
export function withoutCosts(gates: Gates): Gates {
  const isJudged = (name: GateName): boolean => ['measure', 'answers'].includes(GATE_RULES[name].judges);
  const dropped = GATE_NAMES.filter((name) => !isJudged(name) && (gates[name] ?? null) !== null);
  return { ...gates, ...Object.fromEntries(dropped.map((name) => [name, null])) };
}

/** The value of one gate for a row of a run. */
export function gateValue(name: GateName, row: TableRow, run: JudgedRun): GateValue {
  const { validation, rows } = run;
  const noTop1 = noTop1Of(validation);
  return GATE_RULES[name].valueOf(row, {
    ...run,
    fp32: rows.find(({ variant }) => variant === REFERENCE_VARIANT),
    noMeasure: validation?.noMeasure === undefined ? noTop1 : unknown('no-measure', validation.noMeasure.message),
    noTop1,
    isClassification: (validation?.task?.kind ?? 'classification') === 'classification',
  });
}

/** The reason why a run has no top-1. */
function noTop1Of(validation: GateValidation | null | undefined): GateValue {
  if (validation === null) return unknown('no-set', 'the run had no validation set');
  if (validation?.classCount === 0)
    return unknown('no-classification', 'no output of the model has the shape [batch, classes], so there is no top-1');
  return unknown('no-labels', 'the validation set has no labels');
}

function measureOf({ measure, top1: share }: TableRow, { noMeasure, validation }: Context): GateValue {
  if (measure === undefined) return noMeasure;
  const images = validation?.images;
  if (share === undefined || images === undefined) return known(measure.value, SINGLE);
  return known(measure.value, withInterval('wilson', wilsonInterval95(share, images), images));
}

function agreementOf({ agreement }: TableRow, { validation, noMeasure, isClassification }: Context): GateValue {
  if (agreement === undefined)
    return validation === null ? noMeasure : unknown('no-agreement', 'no output can be compared with that of FP32');
  const images = validation?.images;
  if (images === undefined || !isClassification) return known(agreement, SINGLE);
  return known(agreement, withInterval('wilson', wilsonInterval95(agreement, images), images));
}

/** The time of n inferences is their mean; its interval by the normal distribution. */
function throughputOf({ throughputPerSecond, latency }: TableRow): GateValue {
  if (throughputPerSecond === undefined) return NO_BENCHMARK;
  if (latency === undefined || latency.samples < 2) return known(throughputPerSecond, SINGLE);
  const relative = (1.96 * latency.coefficientOfVariation) / Math.sqrt(latency.samples);
  return known(
    throughputPerSecond,
    withInterval('normal-mean', [throughputPerSecond / (1 + relative), throughputPerSecond / (1 - relative)]),
  );
}

function measureDrop(row: TableRow, { fp32, noMeasure, validation }: Context): GateValue {
  const { measure, variant } = row;
  if (measure === undefined) return noMeasure;
  if (fp32?.measure === undefined) return NO_FP32;
  const value = dropBetween(fp32.measure.value, measure.value, measure);
  if (variant === REFERENCE_VARIANT) return known(value, EXACT);
  return known(value, dropStatistics(row, measure, validation?.images));
}

function dropStatistics(
  { comparedToFp32, difference }: TableRow,
  { higherIsBetter }: Measure,
  images: number | undefined,
): GateStatistics {
  if (difference === undefined) return SINGLE;
  const [low, high] = difference.interval95;
  const common = {
    interval95: higherIsBetter ? ([0 - high, 0 - low] as const) : difference.interval95,
    ...(images === undefined ? {} : { images }),
  };
  if (comparedToFp32 === undefined) return { test: 'paired-bootstrap', ...common, isBeyondChance: low > 0 || high < 0 };
  const p = comparedToFp32.mcnemarP;
  return { test: 'mcnemar', p, ...common, isBeyondChance: p < SIGNIFICANT_P };
}

/** How much worse a value is than FP32's. */
function dropBetween(fp32: number, value: number, { higherIsBetter }: Measure): number {
  return higherIsBetter ? fp32 - value : value - fp32;
}

/** Images of a group or a class that only one of FP32 and the variant answers right. */
interface Changes {
  readonly images: number;
  readonly worseImages?: number;
  readonly betterImages?: number;
}

/**
 * McNemar's exact test of the part that lost most. It was chosen among `parts`, so that p is multiplied by their number
 * (Bonferroni).
 */
function partStatistics(changes: Changes | undefined, parts: number): GateStatistics {
  if (changes?.worseImages === undefined || changes.betterImages === undefined) return SINGLE;
  const p = Math.min(1, parts * mcnemarExactP(changes.worseImages, changes.betterImages));
  return { test: 'mcnemar', p, parts, images: changes.images, isBeyondChance: p < SIGNIFICANT_P };
}

/** The largest drop of any group against the same group of FP32. */
function worstGroupDrop(row: TableRow, context: Context): GateValue {
  const { measure, groupMeasure, top1: share, variant } = row;
  const groups = Object.entries(groupMeasure ?? {});
  if (measure === undefined) return context.noMeasure;
  if (groups.length === 0) {
    if (context.isClassification && share === undefined) return context.noTop1;
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
  if (worst === null) return NO_FP32;
  const report = context.validation?.variants?.find((candidate) => candidate.variant === variant);
  return { kind: 'value', ...worst, statistics: partStatistics(ownValue(report?.groups, worst.group), groups.length) };
}

function worstClassDrop(row: TableRow, { fp32, noMeasure, validation }: Context): GateValue {
  const { measure, worstClass, variant } = row;
  if (measure === undefined) return noMeasure;
  if (worstClass !== undefined) {
    const classes = validation?.variants?.find((candidate) => candidate.variant === variant)?.classes ?? [];
    const own = classes.find(({ label }) => label === worstClass.label);
    return {
      kind: 'value',
      value: worstClass.drop,
      className: worstClass.name ?? String(worstClass.label),
      statistics: partStatistics(own, classes.length),
    };
  }
  if (variant === REFERENCE_VARIANT) return known(0, EXACT);
  return fp32 === undefined ? NO_FP32 : unknown('no-classes', `the measure ${measure.name} has no values per class`);
}
