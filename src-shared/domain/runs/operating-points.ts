import { formatDb, formatPercent } from '../../base/units';
import { formatMeasure } from '../tasks/measure-text';
import type { BenchmarkVariantRecord, RunRecord, TableRow } from './run-record';
import { distinctRows, REFERENCE_VARIANT } from './run-table';

/** A variant at a batch size and a number of streams: what one would deploy. */
export interface OperatingPoint {
  readonly entry: BenchmarkVariantRecord;
  /** Names of the variants that share this row. */
  readonly names: readonly string[];
  /** For display. */
  readonly accuracy: string;
  /** No other point on the same device is at least as good in latency, throughput and accuracy, and better in one. */
  readonly isPareto: boolean;
}

interface Accuracy {
  /** Larger is better. */
  readonly value: number;
  readonly text: string;
}

/**
 * All operating points of a run, the fastest first; empty unless the run has several, and an accuracy that all of its
 * variants share.
 */
export function operatingPoints({
  benchmark,
  table,
  shipped,
}: Pick<RunRecord, 'benchmark' | 'table' | 'shipped'>): OperatingPoint[] {
  const rows = distinctRows(benchmark?.variants ?? [], shipped);
  const of = accuracyOf(table);
  const points = rows.flatMap(({ row: entry, names }) => {
    const row = table.find(({ variant }) => variant === entry.variant);
    const accuracy = row === undefined ? null : of(row);
    return accuracy === null ? [] : [{ entry, names, accuracy }];
  });
  if (points.length < 2 || points.length < rows.length) return [];
  return points
    .map((point) => ({
      ...point,
      accuracy: point.accuracy.text,
      isPareto: !points.some((other) => dominates(other, point)),
    }))
    .sort((a, b) => a.entry.latencyMs.median - b.entry.latencyMs.median);
}

/** The best number that all variants have: the measure, agreement with FP32, or the error of the outputs. */
function accuracyOf(table: readonly TableRow[]): (row: TableRow) => Accuracy | null {
  const others = table.filter(({ variant }) => variant !== REFERENCE_VARIANT);
  const isReference = ({ variant }: TableRow): boolean => variant === REFERENCE_VARIANT;
  if (table.every(({ measure }) => measure !== undefined))
    return ({ measure }) =>
      measure === undefined
        ? null
        : {
            value: measure.higherIsBetter ? measure.value : -measure.value,
            text: `${measure.name} ${formatMeasure(measure.name, measure.value)}`,
          };
  if (others.every(({ agreement }) => agreement !== undefined))
    return (row) => percentOf('agreement', isReference(row) ? 100 : row.agreement);
  return (row) => {
    if (isReference(row)) return { value: Number.POSITIVE_INFINITY, text: '' };
    return row.outputSqnrDb === undefined
      ? null
      : { value: row.outputSqnrDb, text: `SQNR ${formatDb(row.outputSqnrDb)}` };
  };
}

function percentOf(name: string, value: number | undefined): Accuracy | null {
  return value === undefined ? null : { value, text: `${name} ${formatPercent(value)}` };
}

interface Candidate {
  readonly entry: BenchmarkVariantRecord;
  readonly accuracy: Accuracy;
}

function dominates(a: Candidate, b: Candidate): boolean {
  if (a.entry.device?.index !== b.entry.device?.index) return false;
  const gains = [
    b.entry.latencyMs.median - a.entry.latencyMs.median,
    a.entry.throughputPerSecond - b.entry.throughputPerSecond,
    // Equal infinities have no difference.
    a.accuracy.value === b.accuracy.value ? 0 : a.accuracy.value - b.accuracy.value,
  ];
  return gains.every((gain) => gain >= 0) && gains.some((gain) => gain > 0);
}
