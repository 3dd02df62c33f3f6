import { formatFixed } from '../../../src-shared/base/units';
import { GATE_NAMES, type Gates } from '../../../src-shared/domain/project/gates';
import { gateAmount } from '../../../src-shared/domain/runs/gate-text';
import { evaluateGates } from '../../../src-shared/domain/runs/gates';
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
  minAgreement: 'agreement',
  maxLatencyMs: 'latency',
  maxP99LatencyMs: null,
  minThroughput: 'throughput',
  maxMemoryMb: 'memory',
  maxSizeMb: 'size',
  maxBuildSeconds: null,
  minInt8Time: null,
  maxDrift: null,
};

const NO_GATES: Gates = { maxTop1Drop: null, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null };

function isGateName(name: string): name is keyof Gates {
  return Object.hasOwn(COLUMN_OF_GATE, name);
}

/** The gates that were in effect when the run was judged. */
export function gatesOfRun(record: Pick<RunRecord, 'gates'>): Gates {
  const found: { -readonly [K in keyof Gates]: Gates[K] } = { ...NO_GATES };
  for (const gate of record.gates)
    if (isGateName(gate.name) && gate.baseline === undefined) found[gate.name] = gate.limit;
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

/** The limit as text, such as `≤ 1.00 pp`, and where it comes from if it is relative to another run. */
export function gateLimit(gate: Pick<GateResult, 'name' | 'limit' | 'measure' | 'baseline'>): string {
  const { name, limit, baseline } = gate;
  const sign = name.startsWith('min') ? '≥' : '≤';
  const absolute = limit === null ? sign : `${sign} ${gateAmount(gate, limit)}`;
  if (baseline === undefined) return absolute;
  const margin = baseline.isPercent ? `${formatFixed(baseline.margin, 1)} %` : gateAmount(gate, baseline.margin);
  return t('results.gate.baseline', {
    limit: absolute,
    value: baseline.value === undefined ? '' : ` ${gateAmount(gate, baseline.value)}`,
    margin: `${name.startsWith('min') ? '−' : '+'} ${margin}`,
  });
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
  const missed = gates.filter((gate) => gate.state === 'missed');
  const unjudged = gates.filter((gate) => gate.state === 'unjudged');
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
