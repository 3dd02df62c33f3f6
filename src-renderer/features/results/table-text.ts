import stringWidth from 'string-width';
import { csvLine } from '../../../src-shared/base/csv';
import type { TableRow } from '../../../src-shared/domain/runs/run-record';
import { filledColumns, type ColumnId } from './columns';

/** Column titles in the user's language; `variant` and `backend` come first. */
export type TitleOf = (column: ColumnId | 'variant' | 'backend') => string;

/** The table as aligned text like on the screen: numbers with units, and intervals after the differences. */
export function tableAsText(rows: readonly TableRow[], titleOf: TitleOf): string {
  const columns = filledColumns(rows);
  const header = [titleOf('variant'), ...columns.map((column) => titleOf(column.id))];
  const lines = rows.map((row) => [
    row.variant,
    ...columns.map((column) => {
      const value = column.value(row);
      if (value === null) return '–';
      // The text table has a separate column for the 99th percentile, so that the latency needs no detail.
      const detail = column.id === 'latency' ? '' : column.detail(row);
      return detail === '' ? column.format(value, row) : `${column.format(value, row)} (${detail})`;
    }),
  ]);
  const all = [header, ...lines];
  const widths = header.map((_, index) => Math.max(...all.map((line) => stringWidth(line[index] ?? ''))));
  return all
    .map((line) =>
      line
        .map((cell, index) => pad(cell, widths[index] ?? 0, index === 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function pad(text: string, width: number, isLeft: boolean): string {
  const fill = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return isLeft ? text + fill : fill + text;
}

const CSV_UNITS: Readonly<Record<ColumnId, string>> = {
  top1: 'top1_percent',
  difference: 'top1_difference_pp',
  worstGroup: 'worst_group_top1_percent',
  agreement: 'agreement_percent',
  sqnr: 'output_sqnr_db',
  latency: 'latency_median_ms',
  p99: 'latency_p99_ms',
  ratio: 'ratio_to_fp32',
  throughput: 'throughput_per_second',
  memory: 'memory_mb',
  size: 'size_mb',
};

/** Names of columns that hold the measure of another task than classification. */
const MEASURE_UNITS: Partial<Readonly<Record<ColumnId, string>>> = {
  top1: 'measure',
  difference: 'measure_difference',
  worstGroup: 'worst_group_measure',
};

/** The table as CSV (RFC 4180): one header line with units in the names, and plain numbers with full precision. */
export function tableAsCsv(rows: readonly TableRow[]): string {
  const columns = filledColumns(rows);
  const hasInterval = rows.some((row) => row.difference !== undefined);
  const isTop1 = rows.some((row) => row.top1 !== undefined);
  const hasGroup = rows.some((row) => row.worstGroup !== undefined);
  const header = [
    'variant',
    'backend',
    ...columns.map((column) => (isTop1 ? CSV_UNITS : { ...CSV_UNITS, ...MEASURE_UNITS })[column.id]),
    ...(hasInterval ? ['interval95_low_pp', 'interval95_high_pp'] : []),
    ...(hasGroup ? ['worst_group'] : []),
  ];
  const lines = rows.map((row) => [
    row.variant,
    row.backend,
    ...columns.map((column) => numberText(column.value(row))),
    ...(hasInterval
      ? [numberText(row.difference?.interval95[0] ?? null), numberText(row.difference?.interval95[1] ?? null)]
      : []),
    ...(hasGroup ? [row.worstGroup?.name ?? ''] : []),
  ]);
  return [header, ...lines].map((line) => `${csvLine(line)}\r\n`).join('');
}

function numberText(value: number | null): string {
  return value === null ? '' : String(value);
}
