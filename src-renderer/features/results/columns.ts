import {
  formatAccuracy,
  formatCount,
  formatDb,
  formatMb,
  formatMs,
  formatPoints,
  formatSignificant,
} from '../../../src-shared/base/units';
import { worstOutput } from '../../../src-shared/domain/runs/accuracy';
import type { TableRow } from '../../../src-shared/domain/runs/run-record';
import { REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import {
  AGREEMENT,
  formatMeasure,
  formatMeasureDifference,
  measureTitle,
} from '../../../src-shared/domain/tasks/measure-text';
import { speedOf, speedOfRatio } from '../../../src-shared/domain/runs/speed';
import { t } from '../../i18n';
import { speedSpreadText, speedText } from '../../widgets/number-text';

export const COLUMN_IDS = [
  'top1',
  'difference',
  'worstGroup',
  'agreement',
  'sqnr',
  'latency',
  'p99',
  'ratio',
  'throughput',
  'memory',
  'size',
] as const;
export type ColumnId = (typeof COLUMN_IDS)[number];

export interface ResultColumn {
  readonly id: ColumnId;
  readonly best: 'high' | 'low' | 'none';
  /** The value of a row; null if it is unknown or does not apply to the row. */
  readonly value: (row: TableRow) => number | null;
  /** @param row the row of the value, for columns whose text depends on more than the value. */
  readonly format: (value: number, row?: TableRow) => string;
  /** A second line in a lighter colour: interval, name of the group, or spread. An empty text if there is none. */
  readonly detail: (row: TableRow) => string;
  /** The difference of two values of this column, with sign and unit. */
  readonly formatChange: (from: number, to: number) => string;
  /** Changes that are smaller than this count as no change. */
  readonly resolution: number;
  /** True if the value depends on the machine, so that it is compared only between runs on the same hardware. */
  readonly isMachineBound: boolean;
  /**
   * False for a row that must not be marked as the best one, whatever its value; if absent, every row can be marked.
   */
  readonly canBeBest?: (row: TableRow) => boolean;
}

const none = (): string => '';
const NO_BREAK = '\u00a0';

/** The relative change, such as `+3.2 %`. */
export function formatRelativeChange(from: number, to: number): string {
  if (from === 0) return to === 0 ? '0 %' : 'n/a';
  const percent = (100 * (to - from)) / Math.abs(from);
  const text = formatSignificant(percent, Math.abs(percent) < 10 ? 2 : 3);
  return `${percent > 0 ? '+' : ''}${text}${NO_BREAK}%`;
}

const points = (from: number, to: number): string => formatPoints(to - from);

function decibels(from: number, to: number): string {
  const text = formatDb(to - from);
  return to > from && !text.startsWith('0.0') ? `+${text}` : text;
}

function interval(row: TableRow): string {
  if (row.difference === undefined) return '';
  const [low, high] = row.difference.interval95.map((value) => formatPoints(value).replace(' pp', ''));
  return `${low ?? ''} … ${high ?? ''}`;
}

/** A classification has a column of its own for the agreement, which judges it if there are no labels. */
function isClassified({ measure, convention }: TableRow): boolean {
  return convention === undefined && measure?.name === AGREEMENT;
}

function measureText(value: number, row?: TableRow): string {
  return formatMeasure(row?.measure?.name ?? 'top-1', value);
}

/** The output with the shown (lowest) SQNR, if the model has several outputs. */
function lowestOutput({ outputs = [] }: TableRow): string {
  return outputs.length > 1 ? (worstOutput(outputs)?.name ?? '') : '';
}

function p99Detail({ latency }: TableRow): string {
  return latency?.p99 === undefined ? '' : `p99 ${formatMs(latency.p99)}`;
}

const ACCURACY = { best: 'high', formatChange: points, resolution: 0.005, isMachineBound: false } as const;
const COST = { best: 'low', formatChange: formatRelativeChange, isMachineBound: true } as const;

const COLUMNS: Readonly<Record<ColumnId, Omit<ResultColumn, 'id'>>> = {
  top1: {
    ...ACCURACY,
    value: (row) => row.top1 ?? (isClassified(row) ? null : (row.measure?.value ?? null)),
    format: measureText,
    detail: none,
  },
  difference: {
    ...ACCURACY,
    best: 'none',
    value: (row) => row.difference?.value ?? null,
    format: (value, row) => formatMeasureDifference(row?.measure?.name ?? 'top-1', value),
    detail: interval,
  },
  worstGroup: {
    ...ACCURACY,
    value: (row) => row.worstGroup?.measure ?? null,
    format: measureText,
    detail: (row) => row.worstGroup?.name ?? '',
  },
  agreement: {
    ...ACCURACY,
    value: (row) => (row.variant === REFERENCE_VARIANT ? null : (row.agreement ?? null)),
    format: formatAccuracy,
    detail: none,
  },
  sqnr: {
    best: 'high',
    value: (row) => row.outputSqnrDb ?? null,
    format: formatDb,
    detail: lowestOutput,
    formatChange: decibels,
    resolution: 0.05,
    isMachineBound: false,
  },
  latency: { ...COST, value: (row) => row.latencyMs ?? null, format: formatMs, detail: p99Detail, resolution: 0 },
  p99: { ...COST, value: (row) => row.latency?.p99 ?? null, format: formatMs, detail: none, resolution: 0 },
  ratio: {
    ...COST,
    value: (row) => row.ratioToFp32?.median ?? null,
    format: (value, row) => speedText(row?.ratioToFp32 === undefined ? speedOfRatio(value) : speedOf(row.ratioToFp32)),
    // If the variant was both faster and slower than FP32 in different rounds, the text says "equally fast"; the plot
    // below shows the spread.
    detail: (row) =>
      row.ratioToFp32 === undefined || speedOf(row.ratioToFp32).kind === 'same' ? '' : speedSpreadText(row.ratioToFp32),
    resolution: 0,
    // A variant that is not faster than FP32 is not marked, even if it is the fastest of the variants.
    canBeBest: (row) => row.ratioToFp32 !== undefined && speedOf(row.ratioToFp32).kind === 'faster',
  },
  throughput: {
    ...COST,
    best: 'high',
    value: (row) => row.throughputPerSecond ?? null,
    format: (value) => `${formatCount(Number(value.toPrecision(3)))}/s`,
    detail: none,
    resolution: 0,
  },
  memory: { ...COST, value: (row) => row.memoryMb ?? null, format: formatMb, detail: none, resolution: 0 },
  size: {
    ...COST,
    isMachineBound: false,
    value: (row) => row.sizeMb ?? null,
    format: formatMb,
    detail: none,
    resolution: 0,
  },
};

export const RESULT_COLUMNS: readonly ResultColumn[] = COLUMN_IDS.map((id) => ({ id, ...COLUMNS[id] }));

/** The columns of the table on the screen. p99 has no column, because it is shown below the median. */
export function screenColumns(rows: readonly TableRow[]): readonly ResultColumn[] {
  return filledColumns(rows).filter((column) => column.id !== 'p99');
}

/** The columns that have a value in at least one of the rows. */
export function filledColumns(rows: readonly TableRow[]): readonly ResultColumn[] {
  return RESULT_COLUMNS.filter((column) => rows.some((row) => column.value(row) !== null));
}

export interface ColumnScale {
  /** The best value; null if fewer than two rows have a value or all values are equal. */
  readonly best: number | null;
  /** The values for which the bar of a cell is full and empty. */
  readonly full: number;
  readonly empty: number;
}

/**
 * Bars of costs start at 0. Bars of accuracies start slightly (a tenth of the spread) below the worst row, because bars
 * from 0 to 100 % would all look the same.
 */
export function columnScale(column: ResultColumn, rows: readonly TableRow[]): ColumnScale {
  const values = rows.map(column.value).filter((value) => value !== null);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const hasChoice = values.length > 1 && high > low && column.best !== 'none';
  const best = hasChoice ? bestOf(column, rows) : null;
  const isAccuracy = column.formatChange === points;
  if (column.best === 'none') return { best, full: 0, empty: 0 };
  return {
    best,
    full: high,
    empty: isAccuracy ? Math.max(0, low - Math.max(1, (high - low) * 0.1)) : Math.min(0, low),
  };
}

function bestOf(column: ResultColumn, rows: readonly TableRow[]): number | null {
  const values = rows
    .filter((row) => column.canBeBest?.(row) ?? true)
    .map(column.value)
    .filter((value) => value !== null);
  if (values.length === 0) return null;
  return column.best === 'high' ? Math.max(...values) : Math.min(...values);
}

/** The length of a cell's bar, 0..1. */
export function barFraction(scale: ColumnScale, value: number | null): number {
  if (value === null || scale.full <= scale.empty) return 0;
  return Math.min(1, Math.max(0, (value - scale.empty) / (scale.full - scale.empty)));
}

/** The title of a column; the column `top1` is named after the measure of the rows, with the rules that it follows. */
export function columnTitle(id: ColumnId, rows: readonly TableRow[]): string {
  return (id === 'top1' ? otherMeasure(rows) : null) ?? t(`results.column.${id}`);
}

export function columnHint(id: ColumnId, rows: readonly TableRow[]): string {
  const measure = id === 'top1' ? otherMeasure(rows) : null;
  return measure === null ? t(`results.column.${id}.hint`) : t('results.column.measure.hint', { measure });
}

/** The name of the measure, with the rules that it follows; null for classifications. */
function otherMeasure(rows: readonly TableRow[]): string | null {
  const measured = rows.find(({ measure }) => measure !== undefined);
  const name = measured?.measure?.name;
  if (name === undefined || name === 'top-1' || name === AGREEMENT) return null;
  return measureTitle(name, measured?.convention);
}
