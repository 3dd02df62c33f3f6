import { worstGroup, type VariantReport } from './accuracy';
import type { BackendId } from './precision';
import type { BenchmarkRecord, BenchmarkVariantRecord, TableRow } from './run-record';

/** The variant that all others are compared with. */
export const REFERENCE_VARIANT = 'fp32';

export interface TableSources {
  readonly validation: { readonly variants: readonly VariantReport[] } | null;
  readonly benchmark: Pick<BenchmarkRecord, 'backend' | 'variants'> | null;
}

/** Joins accuracy and latency by variant: validation's order first, then variants that were only benchmarked. */
export function buildTable({ validation, benchmark }: TableSources): readonly TableRow[] {
  const reports = validation?.variants ?? [];
  const benched = benchmark?.variants ?? [];
  const rows = reports.map((report) => ({
    variant: report.variant,
    backend: report.backend,
    ...latencyFields(benched.find((entry) => entry.variant === report.variant)),
    ...accuracyFields(report),
  }));
  const known = new Set(rows.map((row) => row.variant));
  const rest = benched.filter((entry) => !known.has(entry.variant));
  return [...rows, ...rest.map((entry) => benchOnlyRow(entry, benchmark?.backend ?? 'ort-cpu'))];
}

function benchOnlyRow(entry: BenchmarkVariantRecord, backend: BackendId): TableRow {
  return { variant: entry.variant, backend, ...latencyFields(entry) };
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
  };
}

function accuracyFields(report: VariantReport): Partial<TableRow> {
  const worst = worstGroup(report);
  const groupTop1 = Object.fromEntries(
    Object.entries(report.groups).flatMap(([name, group]) => (group.top1 === undefined ? [] : [[name, group.top1] as const])),
  );
  return {
    ...(report.top1 === undefined ? {} : { top1: report.top1 }),
    ...(report.top5 === undefined ? {} : { top5: report.top5 }),
    ...(worst === null ? {} : { worstGroup: worst, groupTop1 }),
    ...(report.agreement === undefined ? {} : { agreement: report.agreement }),
    ...(report.outputSqnrDb === undefined ? {} : { outputSqnrDb: report.outputSqnrDb }),
    ...(report.comparedToFp32 === undefined ? {} : { comparedToFp32: report.comparedToFp32 }),
  };
}
