import { formatAccuracy, formatDb, formatMs, formatProbability, formatRate } from '../../src-shared/base/units';
import { worstOutput } from '../../src-shared/domain/runs/accuracy';
import { gateAmount, gateLimitText, statisticsText, withGatePart } from '../../src-shared/domain/runs/gate-text';
import type { GateReason, GateResult, GateState, RunRecord, TableRow } from '../../src-shared/domain/runs/run-record';
import { isBeyondChance } from '../../src-shared/domain/statistics';
import { distinctRows, isDifferenceClear, type DistinctRow } from '../../src-shared/domain/runs/run-table';
import type { NoMeasure } from '../../src-shared/domain/runs/task-scores';
import {
  AGREEMENT,
  formatMeasure,
  formatMeasureDifference,
  measureTitle,
  worstGroupText,
} from '../../src-shared/domain/tasks/measure-text';
import { formatSpeed, speedOf } from '../../src-shared/domain/runs/speed';
import { withoutEmptyColumns, type Block, type Column } from './output';

/** The table of a run: latency, memory and accuracy of each variant. */
export function runTable(record: RunRecord): Block[] {
  const columns: Column[] = [
    { title: 'variant' },
    ...['latency', 'speed vs FP32', 'throughput', 'memory MB', 'size MB', measureHeader(record.table), 'vs FP32'].map(
      (title): Column => ({ title, align: 'right' }),
    ),
    { title: 'worst group' },
    { title: 'agreement', align: 'right' },
    { title: 'output SQNR', align: 'right' },
  ];
  const rows = distinctRows(record.table, record.shipped);
  return [
    ...noMeasureLines(record.validation),
    withoutEmptyColumns({ columns, rows: rows.map(rowCells) }),
    ...rows.flatMap(chanceLine),
  ];
}

/** Why the variants have no measure; it stands above the table. */
export function noMeasureLines(validation: { readonly noMeasure?: NoMeasure } | null): string[] {
  return validation?.noMeasure === undefined ? [] : [`no measure: ${validation.noMeasure.message}`];
}

/** The title of the column with the measure: `top-1`, `AP (COCO)`. */
export function measureHeader(rows: readonly Pick<TableRow, 'measure' | 'convention'>[]): string {
  const row = rows.find(({ measure }) => measure !== undefined && measure.name !== AGREEMENT);
  return row?.measure === undefined ? 'top-1' : measureTitle(row.measure.name, row.convention);
}

/** The value of the measure; the agreement of a classification has a column of its own. */
export function measureCell({ measure }: Pick<TableRow, 'measure'>): string {
  return measure === undefined || measure.name === AGREEMENT ? '' : formatMeasure(measure.name, measure.value);
}

/** Whether the difference of a variant from FP32 is more than chance explains. */
function chanceLine({ row, names }: DistinctRow<TableRow>): string[] {
  const compared = row.comparedToFp32;
  if (compared === undefined) return intervalLine(row, names);
  const p = formatProbability(compared.mcnemarP);
  const verdict = isBeyondChance(compared) ? 'more' : 'not more';
  return [
    `${names.join(' = ')}: ${verdict} than chance explains (McNemar's exact test, p ` +
      `${p.startsWith('<') ? p : `= ${p}`})`,
  ];
}

/** For measures other than top-1, of which chance is judged by the interval. */
function intervalLine(row: TableRow, names: readonly string[]): string[] {
  const { difference, measure } = row;
  if (difference === undefined || measure === undefined) return [];
  const [low, high] = difference.interval95.map((value) => formatMeasureDifference(measure.name, value));
  const verdict = isDifferenceClear(row) ? 'more' : 'not more';
  return [
    `${names.join(' = ')}: ${verdict} than chance explains (95 % interval ${low ?? ''} to ${high ?? ''}, bootstrap ` +
      'over the images)',
  ];
}

function rowCells({ row, names }: DistinctRow<TableRow>): string[] {
  const { difference, measure } = row;
  return [
    names.join(' = '),
    row.latencyMs === undefined ? '' : formatMs(row.latencyMs),
    row.ratioToFp32 === undefined ? '' : formatSpeed(speedOf(row.ratioToFp32)),
    row.throughputPerSecond === undefined ? '' : formatRate(row.throughputPerSecond, 'images'),
    row.memoryMb?.toFixed(1) ?? '',
    row.sizeMb?.toFixed(2) ?? '',
    measureCell(row),
    difference === undefined ? '' : formatMeasureDifference(measure?.name ?? '', difference.value),
    row.worstGroup === undefined ? '' : worstGroupText(row.worstGroup),
    row.agreement === undefined ? '' : formatAccuracy(row.agreement),
    row.outputSqnrDb === undefined ? '' : `${formatDb(row.outputSqnrDb)}${worstOutputText(row)}`,
  ];
}

/** The output that the SQNR belongs to, if the model has several. */
function worstOutputText({ outputs = [] }: TableRow): string {
  const worst = worstOutput(outputs);
  return outputs.length > 1 && worst !== null ? ` (${worst.name})` : '';
}

/** One line per gate: the state, the value and the limit, and the test behind the verdict. */
export function gateLines(record: Pick<RunRecord, 'gates'>): string[] {
  return record.gates.map((gate) => {
    const chance = statisticsText(gate);
    return (
      `${GATE_WORDS[gate.state]}  ${gate.name}${gateMeasure(gate)} of ${gate.variant}: ${valueText(gate)}, ` +
      `limit ${gateLimitText(gate)}${chance === '' ? '' : ` [${chance}]`}`
    );
  });
}

/** One line per step that was not done. */
export function skippedLines({ steps = [] }: Pick<RunRecord, 'steps'>): string[] {
  return steps.flatMap(({ step, state, reason }) =>
    state === 'skipped' ? [`SKIPPED     ${step}: ${reason ?? 'no reason was recorded'}`] : [],
  );
}

/** The measure that a gate judged, unless its name says it. */
function gateMeasure({ name, measure }: GateResult): string {
  return measure === undefined || (measure === 'top-1' && name.includes('Top1')) ? '' : ` (${measure})`;
}

const GATE_WORDS: Readonly<Record<GateState, string>> = {
  met: 'met       ',
  missed: 'NOT MET   ',
  unjudged: 'NOT JUDGED',
};

/** What the user can do so that a gate can be judged. */
const GATE_HINTS: Readonly<Partial<Record<GateReason, string>>> = {
  'no-set': 'calib set PROJECT --validation DIR names one',
  'no-labels': 'name a set with labels: calib set PROJECT --validation DIR',
  'no-measure': 'calib set PROJECT --task chooses what the model does',
  'no-benchmark': 'ort-cpu times the target onnxruntime only, others take --backend tensorrt',
  'no-baseline': 'name one with --baseline ID or --baseline BRANCH',
  'few-samples': 'more --rounds time more inferences',
};

function valueText(gate: GateResult): string {
  if (gate.value === null) {
    const hint = gate.reasonCode === undefined ? undefined : GATE_HINTS[gate.reasonCode];
    return `${gate.reason ?? 'no value'}${hint === undefined ? '' : ` (${hint})`}`;
  }
  return withGatePart(gate, gateAmount(gate, gate.value));
}
