import {
  formatAccuracy,
  formatDb,
  formatMs,
  formatPoints,
  formatProbability,
  formatRate,
} from '../../src-shared/base/units';
import { worstOutput } from '../../src-shared/domain/runs/accuracy';
import { gateState, type GateState } from '../../src-shared/domain/runs/gates';
import type { GateReason, GateResult, RunRecord, TableRow } from '../../src-shared/domain/runs/run-record';
import { isBeyondChance } from '../../src-shared/domain/statistics';
import { distinctRows, type DistinctRow } from '../../src-shared/domain/runs/run-table';
import { formatSpeed, speedOf } from '../../src-shared/domain/runs/speed';
import { renderFilledTable, type Column } from './text-table';

/** The table of a run for a terminal: what each variant costs and what it answers. */
export function runTableText(record: RunRecord): string {
  const columns: Column[] = [
    { title: 'variant' },
    ...['latency', 'speed vs FP32', 'throughput', 'memory MB', 'size MB', 'top-1', 'vs FP32'].map((title): Column => ({
      title,
      align: 'right',
    })),
    { title: 'worst group' },
    { title: 'agreement', align: 'right' },
    { title: 'output SQNR', align: 'right' },
  ];
  const rows = distinctRows(record.table, record.shipped);
  return `${renderFilledTable(columns, rows.map(rowCells))}${rows.map(chanceText).join('')}`;
}

/** Whether the shipped variant's difference is more than chance explains, as its test says. */
function chanceText({ row, names }: DistinctRow<TableRow>): string {
  const compared = row.comparedToFp32;
  if (compared === undefined) return '';
  const p = formatProbability(compared.mcnemarP);
  return `${names.join(' = ')}: ${isBeyondChance(compared) ? 'more' : 'not more'} than chance explains (McNemar's exact test, p ${p.startsWith('<') ? p : `= ${p}`})\n`;
}

function rowCells({ row, names }: DistinctRow<TableRow>): string[] {
  const compared = row.comparedToFp32;
  return [
    names.join(' = '),
    row.latencyMs === undefined ? '' : formatMs(row.latencyMs),
    row.ratioToFp32 === undefined ? '' : formatSpeed(speedOf(row.ratioToFp32)),
    row.throughputPerSecond === undefined ? '' : formatRate(row.throughputPerSecond, 'images'),
    row.memoryMb?.toFixed(1) ?? '',
    row.sizeMb?.toFixed(2) ?? '',
    row.top1 === undefined ? '' : formatAccuracy(row.top1),
    compared === undefined ? '' : formatPoints(compared.top1Difference),
    row.worstGroup === undefined ? '' : `${row.worstGroup.name} ${formatAccuracy(row.worstGroup.top1)}`,
    row.agreement === undefined ? '' : formatAccuracy(row.agreement),
    row.outputSqnrDb === undefined ? '' : `${formatDb(row.outputSqnrDb)}${worstOutputText(row)}`,
  ];
}

/** Which of several outputs the SQNR is that of. */
function worstOutputText({ outputs = [] }: TableRow): string {
  const worst = worstOutput(outputs);
  return outputs.length > 1 && worst !== null ? ` (${worst.name})` : '';
}

export function gatesText(record: RunRecord): string {
  return record.gates
    .map(
      (gate) =>
        `${GATE_WORDS[gateState(gate)]}  ${gate.name} of ${gate.variant}: ${valueText(gate)}, limit ${gate.limit}\n`,
    )
    .join('');
}

const GATE_WORDS: Readonly<Record<GateState, string>> = {
  met: 'met       ',
  missed: 'NOT MET   ',
  'not-judged': 'NOT JUDGED',
};

/** What makes a gate judgeable. */
const GATE_HINTS: Readonly<Partial<Record<GateReason, string>>> = {
  'no-set': 'calib set PROJECT --validation DIR names one',
  'no-labels': 'name a set with labels: calib set PROJECT --validation DIR',
  'no-benchmark': 'ort-cpu times the target onnxruntime only, others take --backend tensorrt',
};

function valueText(gate: GateResult): string {
  if (gate.value === null) {
    const hint = gate.reasonCode === undefined ? undefined : GATE_HINTS[gate.reasonCode];
    return `${gate.reason ?? 'no value'}${hint === undefined ? '' : ` (${hint})`}`;
  }
  return `${gate.value.toFixed(2)}${gate.group === undefined ? '' : ` (${gate.group})`}`;
}
