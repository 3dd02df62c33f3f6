import { formatAccuracy, formatCount, formatDb, formatMb, formatMs } from '../../../src-shared/base/units';
import type { RunRecord, TableRow } from '../../../src-shared/domain/runs/run-record';
import { worstOutput } from '../../../src-shared/domain/runs/accuracy';
import {
  AGREEMENT,
  formatMeasure,
  formatMeasureDifference,
  measureTitle,
} from '../../../src-shared/domain/tasks/measure-text';
import { distinctRows, REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { formatSpeed, formatSpeedSpread, speedOf } from '../../../src-shared/domain/runs/speed';
import { html, type Html } from './markup';
import { variantColour } from './marks';

interface TableColumn {
  readonly title: string;
  /** Null if unknown or meaningless for this row. */
  readonly value: (row: TableRow) => number | null;
  readonly show: (row: TableRow, value: number) => Html | string;
  readonly best: 'high' | 'low' | 'none';
  /** False for a row that must not be highlighted; all rows can be if absent. */
  readonly canBeBest?: (row: TableRow) => boolean;
}

/** Stands for the name of the measure in the title of its column. */
const MEASURE = 'Top-1';

const isReference = (row: TableRow): boolean => row.variant === REFERENCE_VARIANT;

const COLUMNS: readonly TableColumn[] = [
  {
    title: MEASURE,
    value: ({ measure }) => (measure === undefined || measure.name === AGREEMENT ? null : measure.value),
    show: showMeasure,
    best: 'high',
  },
  {
    title: 'Against FP32 (95 %)',
    value: (row) => row.difference?.value ?? null,
    show: showDifference,
    best: 'none',
  },
  {
    title: 'Worst group',
    value: (row) => row.worstGroup?.measure ?? null,
    show: (row, value) => html`<small>${row.worstGroup?.name}</small> ${showMeasure(row, value)}`,
    best: 'high',
  },
  { title: 'Top-5', value: (row) => row.top5 ?? null, show: (_, value) => formatAccuracy(value), best: 'high' },
  {
    title: 'Agreement',
    value: (row) => (isReference(row) ? null : (row.agreement ?? null)),
    show: (_, value) => formatAccuracy(value),
    best: 'high',
  },
  { title: 'Output SQNR', value: (row) => row.outputSqnrDb ?? null, show: showSqnr, best: 'high' },
  { title: 'Latency', value: (row) => row.latencyMs ?? null, show: (_, value) => formatMs(value), best: 'low' },
  { title: 'p99', value: (row) => row.latency?.p99 ?? null, show: (_, value) => formatMs(value), best: 'low' },
  {
    title: 'Speed against FP32',
    value: (row) => row.ratioToFp32?.median ?? null,
    show: showSpeed,
    best: 'low',
    // If all variants are slower than FP32, none is highlighted.
    canBeBest: (row) => row.ratioToFp32 !== undefined && speedOf(row.ratioToFp32).kind === 'faster',
  },
  {
    title: 'Per second',
    value: (row) => row.throughputPerSecond ?? null,
    show: (_, value) => formatCount(Number(value.toPrecision(3))),
    best: 'high',
  },
  { title: 'Memory', value: (row) => row.memoryMb ?? null, show: (_, value) => formatMb(value), best: 'low' },
  { title: 'Size', value: (row) => row.sizeMb ?? null, show: (_, value) => formatMb(value), best: 'low' },
];

function measureHeader(rows: readonly TableRow[]): string {
  const row = rows.find(({ measure }) => measure !== undefined && measure.name !== AGREEMENT);
  if (row?.measure === undefined || row.measure.name === 'top-1') return MEASURE;
  return measureTitle(row.measure.name, row.convention);
}

function showMeasure({ measure }: TableRow, value: number): string {
  return formatMeasure(measure?.name ?? 'top-1', value);
}

function showDifference(row: TableRow, value: number): Html {
  const [low, high] = row.difference?.interval95 ?? [value, value];
  const show = (number: number): string => formatMeasureDifference(row.measure?.name ?? 'top-1', number);
  return html`${show(value)} <small>${show(low).replace(' pp', '')} … ${show(high).replace(' pp', '')}</small>`;
}

/** Adds the name of the worst output if there are several. */
function showSqnr({ outputs = [] }: TableRow, value: number): Html {
  return html`${formatDb(value)}${outputs.length > 1 && html` <small>${worstOutput(outputs)?.name}</small>`}`;
}

function showSpeed({ ratioToFp32 }: TableRow): Html {
  if (ratioToFp32 === undefined) return html``;
  const speed = speedOf(ratioToFp32);
  const spread = speed.kind === 'same' ? '' : formatSpeedSpread(ratioToFp32);
  return html`${formatSpeed(speed)}${spread !== '' && html`<br><small>${spread}</small>`}`;
}

/** The best value of a column; null if fewer than two rows have a value. */
function bestOf(column: TableColumn, rows: readonly TableRow[]): number | null {
  const values = rows.map(column.value).filter((value) => value !== null);
  if (column.best === 'none' || values.length < 2) return null;
  const worthy = rows
    .filter((row) => column.canBeBest?.(row) ?? true)
    .map(column.value)
    .filter((value) => value !== null);
  if (worthy.length === 0) return null;
  return column.best === 'high' ? Math.max(...worthy) : Math.min(...worthy);
}

/** The main table: one row per variant, the best value of each column in bold, without empty columns. */
export function renderVariantTable(record: RunRecord): Html {
  const distinct = distinctRows(record.table, record.shipped);
  const rows = distinct.map(({ row }) => row);
  const columns = COLUMNS.filter((column) => rows.some((row) => column.value(row) !== null)).map((column) => ({
    ...column,
    bestValue: bestOf(column, rows),
  }));
  const areBackendsMixed = new Set(rows.map((row) => row.backend)).size > 1;
  const cell = (column: (typeof columns)[number], row: TableRow): Html => {
    const value = column.value(row);
    if (value === null) return html`<td class="n dim">–</td>`;
    const shown = column.show(row, value);
    return html`<td class="n">${value === column.bestValue ? html`<b>${shown}</b>` : shown}</td>`;
  };
  return html`<h2>Variants</h2><div class="scroll"><table class="close">
<tr><th>Variant</th>${areBackendsMixed && html`<th>Backend</th>`}${columns.map((column) => html`<th class="n">${column.title === MEASURE ? measureHeader(rows) : column.title}</th>`)}</tr>
${distinct.map(
  ({ row, kind, names }) => html`<tr${record.shipped.includes(row.variant) ? html` class="shipped"` : ''}>
<td><span class="tag" style="background:${variantColour(kind)}">${badge(kind)}</span>${names.join(' = ')}</td>${areBackendsMixed && html`<td class="dim">${row.backend}</td>`}
${columns.map((column) => cell(column, row))}</tr>`,
)}</table></div>
<p class="dim">Bold: best of its column. ${record.shipped.length > 0 ? `Marked at the left: to be shipped (${record.shipped.join(', ')}). ` : ''}${areBackendsMixed ? '' : `Backend: ${rows[0]?.backend ?? record.options.backend}. `}Latency is the
median of one inference; sizes are decimal (1 MB = 1,000,000 bytes).</p>`;
}

function badge(variant: string): string {
  if (variant.startsWith('int8')) return '8';
  if (variant.startsWith('fp16')) return '16';
  return variant.startsWith('fp32') ? '32' : 'mix';
}
