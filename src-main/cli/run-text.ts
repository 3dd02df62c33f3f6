import { formatAccuracy, formatMs, formatPoints, formatRate } from '../../src-shared/base/units';
import type { GateResult, RunRecord, TableRow } from '../../src-shared/domain/run-record';
import { renderTable, type Column } from './text-table';

/** The table of a run for a terminal: what each variant costs and what it answers. */
export function runTableText(record: RunRecord): string {
  const columns: Column[] = [
    { title: 'variant' },
    ...['latency', 'throughput', 'memory MB', 'size MB', 'top-1', 'vs FP32'].map((title): Column => ({ title, align: 'right' })),
    { title: 'worst group' },
    { title: 'agreement', align: 'right' },
  ];
  return renderTable(columns, record.table.map(rowCells));
}

function rowCells(row: TableRow): string[] {
  const compared = row.comparedToFp32;
  return [
    row.variant,
    row.latencyMs === undefined ? '' : formatMs(row.latencyMs),
    row.throughputPerSecond === undefined ? '' : formatRate(row.throughputPerSecond, 'images'),
    row.memoryMb?.toFixed(1) ?? '',
    row.sizeMb?.toFixed(2) ?? '',
    row.top1 === undefined ? '' : formatAccuracy(row.top1),
    compared === undefined ? '' : formatPoints(compared.top1Difference),
    row.worstGroup === undefined ? '' : `${row.worstGroup.name} ${formatAccuracy(row.worstGroup.top1)}`,
    row.agreement === undefined ? '' : formatAccuracy(row.agreement),
  ];
}

export function gatesText(record: RunRecord): string {
  return record.gates.map((gate) => `${gate.met ? 'met    ' : 'NOT MET'}  ${gate.name} of ${gate.variant}: ${valueText(gate)}, limit ${gate.limit}\n`).join('');
}

function valueText(gate: GateResult): string {
  if (gate.value === null) return gate.reason ?? 'unknown';
  return `${gate.value.toFixed(2)}${gate.group === undefined ? '' : ` (${gate.group})`}`;
}
