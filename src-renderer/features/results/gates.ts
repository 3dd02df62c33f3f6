import { formatAccuracy, formatMs, formatPoints } from '../../../src-shared/base/units';
import { GATE_NAMES, type Gates } from '../../../src-shared/domain/project/project';
import { formatMeasure, formatMeasureDifference } from '../../../src-shared/domain/tasks/measure-text';
import { evaluateGates, gateState } from '../../../src-shared/domain/runs/gates';
import type { GateResult, RunRecord } from '../../../src-shared/domain/runs/run-record';
import { REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { t } from '../../i18n';
import type { ColumnId } from './columns';

/** null: no column shows what the gate judges. */
const COLUMN_OF_GATE: Readonly<Record<keyof Gates, ColumnId | null>> = {
  maxDrop: 'difference',
  maxTop1Drop: 'difference',
  maxWorstGroupDrop: 'worstGroup',
  maxClassDrop: null,
  minMeasure: 'top1',
  minTop1: 'top1',
  maxLatencyMs: 'latency',
};

const NO_GATES: Gates = { maxTop1Drop: null, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null };

function isGateName(name: string): name is keyof Gates {
  return Object.hasOwn(COLUMN_OF_GATE, name);
}

/** The gates that were in effect when the run was judged. */
export function gatesOfRun(record: Pick<RunRecord, 'gates'>): Gates {
  const found: { -readonly [K in keyof Gates]: Gates[K] } = { ...NO_GATES };
  for (const gate of record.gates) if (isGateName(gate.name)) found[gate.name] = gate.limit;
  return found;
}

export function areGatesEqual(a: Gates, b: Gates): boolean {
  return GATE_NAMES.every((name) => (a[name] ?? null) === (b[name] ?? null));
}

export function hasGates(gates: Gates): boolean {
  return !areGatesEqual(gates, NO_GATES);
}

/** Judges every variant except the reference by all gates, so that the table shows which variants would pass. */
export function judgeAll(record: Pick<RunRecord, 'table' | 'validation'>, gates: Gates): readonly GateResult[] {
  const variants = record.table.map((row) => row.variant).filter((variant) => variant !== REFERENCE_VARIANT);
  return evaluateGates(gates, record.table, variants, record.validation);
}

/** The judgement that is shown in a cell of the table. */
export function gateOfCell(results: readonly GateResult[], variant: string, column: ColumnId): GateResult | undefined {
  return results.find(
    (gate) => gate.variant === variant && isGateName(gate.name) && COLUMN_OF_GATE[gate.name] === column,
  );
}

/** The judgement whose limit is shown in the column header. The limit is the same for every variant. */
export function gateOfColumn(results: readonly GateResult[], column: ColumnId): GateResult | undefined {
  return results.find((gate) => isGateName(gate.name) && COLUMN_OF_GATE[gate.name] === column);
}

/** A gate's value or limit with its unit. A drop is positive if the variant is worse. */
function gateAmount({ name, measure }: Pick<GateResult, 'name' | 'measure'>, value: number): string {
  if (name === 'maxLatencyMs') return formatMs(value);
  if (name.startsWith('min')) return measure === undefined ? formatAccuracy(value) : formatMeasure(measure, value);
  return (measure === undefined ? formatPoints(value) : formatMeasureDifference(measure, value)).replace(/^\+/, '');
}

/** The limit as text, such as `≤ 1.00 pp`. */
export function gateLimit(gate: Pick<GateResult, 'name' | 'limit' | 'measure'>): string {
  return `${gate.name.startsWith('min') ? '≥' : '≤'} ${gateAmount(gate, gate.limit)}`;
}

/**
 * `ready`: all gates are met; `open`: no gates are set; `missed`: at least one gate is missed; `unjudged`: no gate is
 * missed, but some could not be judged.
 */
type Verdict =
  | { readonly kind: 'open' }
  | { readonly kind: 'ready'; readonly gates: readonly GateResult[] }
  | {
      readonly kind: 'missed' | 'unjudged';
      readonly gates: readonly GateResult[];
      readonly missed: readonly GateResult[];
      readonly unjudged: readonly GateResult[];
    };

export function verdictOf(results: readonly GateResult[], variant: string): Verdict {
  const gates = results.filter((gate) => gate.variant === variant);
  if (gates.length === 0) return { kind: 'open' };
  const missed = gates.filter((gate) => gateState(gate) === 'missed');
  const unjudged = gates.filter((gate) => gateState(gate) === 'not-judged');
  if (missed.length > 0) return { kind: 'missed', gates, missed, unjudged };
  return unjudged.length === 0 ? { kind: 'ready', gates } : { kind: 'unjudged', gates, missed, unjudged };
}

/** The reason in the user's language if its code is known, otherwise as it was recorded. */
export function reasonText({ reason, reasonCode }: Pick<GateResult, 'reason' | 'reasonCode'>): string {
  return reasonCode === undefined ? (reason ?? '') : t(`results.gate.reason.${reasonCode}`);
}

/** One judgement as a sentence: the gate, the value found or the reason why there is none, and the limit. */
export function gateSentence(gate: GateResult): string {
  const limit = gateLimit(gate);
  const outcome =
    gate.value === null
      ? t('results.gate.unknown', { reason: reasonText(gate), limit })
      : t(gate.met ? 'results.gate.met' : 'results.gate.missed', { value: gateAmount(gate, gate.value), limit });
  return t('results.gate.sentence', {
    name: t(`results.gate.${gate.name}`),
    group: (gate.group ?? gate.className) === undefined ? '' : ` (${gate.group ?? gate.className})`,
    outcome,
  });
}
