import { formatMb, formatMs } from '../../../src-shared/base/units';
import {
  gateAmount,
  gateLimitText,
  gateTitle,
  statisticsText,
  withGatePart,
} from '../../../src-shared/domain/runs/gate-text';
import type { RunResult } from '../../../src-shared/contract/job-results';
import type { GateState, RunRecord, TableRow } from '../../../src-shared/domain/runs/run-record';
import { distinctRows } from '../../../src-shared/domain/runs/run-table';
import { formatSpeed, speedOf } from '../../../src-shared/domain/runs/speed';
import { formatMeasure, formatMeasureDifference, worstGroupText } from '../../../src-shared/domain/tasks/measure-text';
import type { RunOutcome } from './run-outcome';

const MARKS: Readonly<Record<GateState, string>> = { met: '✅ met', missed: '❌ missed', unjudged: '❓ not judged' };

/** The runs as Markdown, for a comment on a pull request or the summary of a CI job. */
export function markdownSummary(outcomes: readonly RunOutcome[]): string {
  const sections = outcomes.map((outcome) =>
    outcome.kind === 'failed'
      ? [`### ❌ ${text(outcome.project)}: the run failed`, '', text(outcome.message)]
      : runSection(outcome.result),
  );
  const combined = outcomes.length < 2 ? [] : [...combinedTable(outcomes), ''];
  return `${[...combined, ...sections.flatMap((lines) => [...lines, ''])].join('\n').trimEnd()}\n`;
}

/** One row for each project: what would ship, its numbers and its gates. */
export function combinedTable(outcomes: readonly RunOutcome[]): string[] {
  return [
    ...tableHead(['project', 'variant', 'measure', 'vs FP32', 'latency', 'gates']),
    ...outcomes.map((outcome) => tableRow(combinedCells(outcome))),
  ];
}

/** The cells of the combined table as plain text. */
export function combinedCells(outcome: RunOutcome): readonly string[] {
  if (outcome.kind === 'failed') return [outcome.project, '', '', '', '', 'failed'];
  const { record } = outcome.result;
  const [variant = ''] = record.shipped;
  const row = record.table.find((candidate) => candidate.variant === variant);
  return [record.project, variant, ...measureCells(row), latencyCell(row), gatesText(record)];
}

function gatesText({ gates }: RunRecord): string {
  if (gates.length === 0) return 'none set';
  const count = (state: GateState): number => gates.filter((gate) => gate.state === state).length;
  const parts = [
    `${count('met')} of ${gates.length} met`,
    ...(count('missed') === 0 ? [] : [`${count('missed')} missed`]),
    ...(count('unjudged') === 0 ? [] : [`${count('unjudged')} not judged`]),
  ];
  return parts.join(', ');
}

function runSection({ record, anomalies: { anomalies, causes }, readiness }: RunResult): string[] {
  const isMet = record.gates.every(({ state }) => state === 'met');
  const mark = record.gates.length === 0 ? '' : isMet ? '✅ ' : '❌ ';
  const skipped = (record.steps ?? []).filter(({ state }) => state === 'skipped');
  return [
    `### ${mark}${text(record.project)}: ${gatesText(record)}`,
    '',
    ...tableHead(['variant', 'measure', 'vs FP32', 'worst group', 'latency', 'speed vs FP32', 'size']),
    ...distinctRows(record.table, record.shipped).map(({ row, names }) =>
      tableRow([
        `${names.join(' = ')}${record.shipped.includes(row.variant) ? ' (ships)' : ''}`,
        ...measureCells(row),
        row.worstGroup === undefined ? '' : worstGroupText(row.worstGroup),
        latencyCell(row),
        row.ratioToFp32 === undefined ? '' : formatSpeed(speedOf(row.ratioToFp32)),
        row.sizeMb === undefined ? '' : formatMb(row.sizeMb),
      ]),
    ),
    ...(record.gates.length === 0 ? [] : ['', ...gateTable(record)]),
    ...(skipped.length === 0
      ? []
      : [
          '',
          ...tableHead(['skipped step', 'reason']),
          ...skipped.map(({ step, reason = '' }) => tableRow([step, reason])),
        ]),
    ...(anomalies.length === 0
      ? []
      : [
          '',
          ...anomalies.map(({ message }) => `- 📈 ${text(message)}`),
          `- Possible causes: ${text(causes.map(({ message }) => message).join('; '))}`,
        ]),
    ...(readiness.state === 'estimated'
      ? ['', `The next run meets all gates with a probability of ${Math.round(100 * readiness.probability)} %.`]
      : []),
    ...(record.warnings.length === 0 ? [] : ['', ...record.warnings.map(({ message }) => `- ⚠️ ${text(message)}`)]),
    '',
    `Run \`${record.runId}\` on ${text(record.machine.gpu ?? record.machine.cpu)}, calib ${text(record.tool.version)}` +
      `${record.baselineId === undefined ? '' : `, compared with \`${record.baselineId}\``}.`,
  ];
}

function gateTable({ gates }: RunRecord): string[] {
  return [
    ...tableHead(['gate', 'variant', 'value', 'limit', 'verdict', 'chance']),
    ...gates.map((gate) => {
      const value = gate.value === null ? (gate.reason ?? '') : gateAmount(gate, gate.value);
      return tableRow([
        withGatePart(gate, gateTitle(gate)),
        gate.variant,
        value,
        gateLimitText(gate),
        MARKS[gate.state],
        statisticsText(gate),
      ]);
    }),
  ];
}

function measureCells(row: TableRow | undefined): [string, string] {
  const { measure, difference } = row ?? {};
  if (measure === undefined) return ['', ''];
  return [
    `${measure.name} ${formatMeasure(measure.name, measure.value)}`,
    difference === undefined ? '' : formatMeasureDifference(measure.name, difference.value),
  ];
}

function latencyCell(row: TableRow | undefined): string {
  return row?.latencyMs === undefined ? '' : formatMs(row.latencyMs);
}

function tableHead(titles: readonly string[]): string[] {
  return [tableRow(titles), `|${titles.map(() => ' --- |').join('')}`];
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map(text).join(' | ')} |`;
}

/** Text in Markdown: names from files can neither end a cell nor become markup or HTML. */
function text(value: string): string {
  return value.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\|<>`*_[\]#]/g, '\\$&');
}
