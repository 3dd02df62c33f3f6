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
import { withoutEmptyColumns, type Block, type Column } from './output';

/** The table of a run: latency, memory and accuracy of each variant. */
export function runTable(record: RunRecord): Block[] {
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
  return [withoutEmptyColumns({ columns, rows: rows.map(rowCells) }), ...rows.flatMap(chanceLine)];
}

/** Whether the difference of a variant from FP32 is more than chance explains. */
function chanceLine({ row, names }: DistinctRow<TableRow>): string[] {
  const compared = row.comparedToFp32;
  if (compared === undefined) return [];
  const p = formatProbability(compared.mcnemarP);
  const verdict = isBeyondChance(compared) ? 'more' : 'not more';
  return [
    `${names.join(' = ')}: ${verdict} than chance explains (McNemar's exact test, p ` +
      `${p.startsWith('<') ? p : `= ${p}`})`,
  ];
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

/** The output that the SQNR belongs to, if the model has several. */
function worstOutputText({ outputs = [] }: TableRow): string {
  const worst = worstOutput(outputs);
  return outputs.length > 1 && worst !== null ? ` (${worst.name})` : '';
}

/** One line per gate: met or not, the value and the limit. */
export function gateLines(record: RunRecord): string[] {
  return record.gates.map(
    (gate) =>
      `${GATE_WORDS[gateState(gate)]}  ${gate.name} of ${gate.variant}: ${valueText(gate)}, limit ${gate.limit}`,
  );
}

const GATE_WORDS: Readonly<Record<GateState, string>> = {
  met: 'met       ',
  missed: 'NOT MET   ',
  'not-judged': 'NOT JUDGED',
};

/** What the user can do so that a gate can be judged. */
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
