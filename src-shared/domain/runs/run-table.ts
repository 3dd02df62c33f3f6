import { isBeyondChance } from '../statistics';
import { worstGroup, type VariantReport } from './accuracy';
import type { BackendId } from '../project/precision';
import type { BenchmarkRecord, BenchmarkVariantRecord, TableRow } from './run-record';

/** The variant that all others are compared with. */
export const REFERENCE_VARIANT = 'fp32';

export interface TableSources {
  readonly validation: { readonly variants: readonly VariantReport[] } | null;
  readonly benchmark: Pick<BenchmarkRecord, 'backend' | 'variants'> | null;
}

/** Joins accuracy and latency by variant: in the order of the validation, then variants that were only benchmarked. */
export function buildTable({ validation, benchmark }: TableSources): readonly TableRow[] {
  const reports = validation?.variants ?? [];
  const benched = benchmark?.variants ?? [];
  const rows = reports.map((report) => ({
    variant: report.variant,
    backend: report.backend,
    ...(report.sameAs === undefined ? {} : { sameAs: report.sameAs }),
    ...latencyFields(benched.find((entry) => entry.variant === report.variant)),
    ...accuracyFields(report),
  }));
  const known = new Set(rows.map((row) => row.variant));
  const rest = benched.filter((entry) => !known.has(entry.variant));
  return [...rows, ...rest.map((entry) => benchOnlyRow(entry, benchmark?.backend ?? 'ort-cpu'))];
}

function benchOnlyRow(entry: BenchmarkVariantRecord, backend: BackendId): TableRow {
  return {
    variant: entry.variant,
    backend,
    ...(entry.sameAs === undefined ? {} : { sameAs: entry.sameAs }),
    ...latencyFields(entry),
  };
}

function latencyFields(entry: BenchmarkVariantRecord | undefined): Partial<TableRow> {
  if (entry === undefined) return {};
  return {
    latencyMs: entry.latencyMs.median,
    latency: entry.latencyMs,
    ...(entry.ratioToFp32 === undefined ? {} : { ratioToFp32: entry.ratioToFp32 }),
    throughputPerSecond: entry.throughputPerSecond,
    ...(entry.memoryMb === undefined ? {} : { memoryMb: entry.memoryMb }),
    sizeMb: entry.sizeMb,
    ...(entry.buildSeconds === undefined ? {} : { buildSeconds: entry.buildSeconds }),
    ...(entry.int8Time === undefined ? {} : { int8Time: entry.int8Time }),
  };
}

function accuracyFields(report: VariantReport): Partial<TableRow> {
  const worst = worstGroup(report);
  const groupMeasure = Object.entries(report.groups).flatMap(([name, group]) =>
    group.measure === undefined ? [] : [[name, group.measure] as const],
  );
  const groupTop1 = Object.fromEntries(
    Object.entries(report.groups).flatMap(([name, group]) =>
      group.top1 === undefined ? [] : [[name, group.top1] as const],
    ),
  );
  return {
    ...(report.top1 === undefined ? {} : { top1: report.top1 }),
    ...(report.top5 === undefined ? {} : { top5: report.top5 }),
    ...(report.measure === undefined ? {} : { measure: report.measure }),
    ...(report.convention === undefined ? {} : { convention: report.convention }),
    ...(report.againstFp32 === undefined ? {} : { againstFp32: report.againstFp32 }),
    ...(report.difference === undefined ? {} : { difference: report.difference }),
    ...(worst === null ? {} : { worstGroup: worst, groupMeasure: Object.fromEntries(groupMeasure) }),
    ...(worst?.top1 === undefined ? {} : { groupTop1 }),
    ...worstClassField(report),
    ...(report.agreement === undefined ? {} : { agreement: report.agreement }),
    ...(report.outputSqnrDb === undefined ? {} : { outputSqnrDb: report.outputSqnrDb }),
    ...(report.outputs.length === 0 ? {} : { outputs: report.outputs.map(({ name, sqnrDb }) => ({ name, sqnrDb })) }),
    ...(report.comparedToFp32 === undefined ? {} : { comparedToFp32: report.comparedToFp32 }),
  };
}

/** The class that lost most; absent for FP32 and without classes. */
function worstClassField({ measure, perClass, classes }: VariantReport): Pick<TableRow, 'worstClass'> {
  const dropOf = (difference: number): number => (measure?.higherIsBetter === false ? difference : 0 - difference);
  const drops = (perClass ?? classes).flatMap(({ label, name, difference }) =>
    difference === undefined ? [] : [{ label, ...(name === undefined ? {} : { name }), drop: dropOf(difference) }],
  );
  const [first, ...others] = drops;
  if (first === undefined) return {};
  return { worstClass: others.reduce((worst, own) => (own.drop > worst.drop ? own : worst), first) };
}

/**
 * Whether a variant differs from FP32 by more than chance explains: McNemar's exact test for right and wrong answers;
 * else whether the interval of the difference leaves 0 out.
 */
export function isDifferenceClear({
  comparedToFp32,
  difference,
}: Pick<TableRow, 'comparedToFp32' | 'difference'>): boolean {
  if (comparedToFp32 !== undefined) return isBeyondChance(comparedToFp32);
  if (difference === undefined) return false;
  const [low, high] = difference.interval95;
  return low > 0 || high < 0;
}

/** One model of the table, with all the variant names under which it was requested. */
export interface DistinctRow<T> {
  /** The row of the name that is to be shipped; if there is none, of the first name. */
  readonly row: T;
  /**
   * The name of the variant that determines colour and badge: a mixed plan whose layers all run in INT8 is shown as
   * INT8.
   */
  readonly kind: string;
  /** In the table's order; includes the row's own name. */
  readonly names: readonly string[];
}

/** The identity of a row: one variant, timed with one batch size and number of streams, on one device of several. */
interface VariantRow {
  readonly variant: string;
  readonly sameAs?: string;
  readonly batch?: number;
  readonly streams?: number;
  readonly device?: { readonly index: number };
}

/** A variant with its batch size and its number of streams where the others differ in them: `int8 × 8, 2 streams`. */
export function operatingName(
  { batch, streams }: { readonly batch: number; readonly streams: number },
  name: string,
  all: readonly { readonly batch: number; readonly streams: number }[],
  streamsText: (count: number) => string = (count) => `${count} ${count === 1 ? 'stream' : 'streams'}`,
): string {
  const hasSeveral = (of: 'batch' | 'streams'): boolean => new Set(all.map((entry) => entry[of])).size > 1;
  return `${name}${hasSeveral('batch') ? ` × ${batch}` : ''}${hasSeveral('streams') ? `, ${streamsText(streams)}` : ''}`;
}

/** Rows without duplicates, for views: a variant that equals another one is shown in that variant's row. */
export function distinctRows<T extends VariantRow>(
  rows: readonly T[],
  shipped: readonly string[],
): readonly DistinctRow<T>[] {
  const repeats = (row: T, first: T): boolean =>
    row.sameAs === first.variant &&
    row.batch === first.batch &&
    row.streams === first.streams &&
    row.device?.index === first.device?.index;
  return rows
    .filter((row) => !rows.some((first) => repeats(row, first)))
    .map((first) => {
      const all = [first, ...rows.filter((row) => repeats(row, first))];
      const names = all.map(({ variant }) => variant);
      return {
        row: all.find(({ variant }) => shipped.includes(variant)) ?? first,
        kind: names.find((name) => !name.startsWith('mixed')) ?? first.variant,
        names,
      };
    });
}
