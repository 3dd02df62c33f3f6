import { formatMs } from '../../../src-shared/base/units';
import { formatMeasure, formatMeasureDifference } from '../../../src-shared/domain/tasks/measure-text';
import { ownValue } from '../../../src-shared/base/records';
import type { GateResult, RunRecord } from '../../../src-shared/domain/runs/run-record';
import { gateState } from '../../../src-shared/domain/runs/gates';
import { html, type Html } from './markup';

/** The description of a gate. */
const GATE_TITLES: Readonly<Record<string, string>> = {
  maxDrop: 'Drop against FP32',
  minMeasure: 'Least value',
  maxClassDrop: 'Largest drop of a class',
  maxTop1Drop: 'Top-1 drop against FP32',
  maxWorstGroupDrop: 'Largest drop of a group',
  minTop1: 'Top-1',
  maxLatencyMs: 'Median latency',
};

export function gateTitle({ name, measure }: Pick<GateResult, 'name' | 'measure'>): string {
  const title = ownValue(GATE_TITLES, name) ?? name;
  return measure === undefined || measure === 'top-1' ? title : `${title} (${measure})`;
}

/** A gate's value or limit with its unit. */
export function gateAmount({ name, measure = 'top-1' }: Pick<GateResult, 'name' | 'measure'>, value: number): string {
  if (name === 'maxLatencyMs') return formatMs(value);
  if (name.startsWith('min')) return formatMeasure(measure, value);
  return formatMeasureDifference(measure, value).replace(/^\+/, '');
}

function sentence(gate: GateResult): string {
  const part = gate.group ?? gate.className;
  const subject = `${gateTitle(gate)}${part === undefined ? '' : ` (${part})`}`;
  const relation = gate.name.startsWith('min') ? 'at least' : 'at most';
  const limit = `${relation} ${gateAmount(gate, gate.limit)}`;
  if (gate.value === null) return `${subject}: cannot be judged, ${gate.reason ?? 'no value'} (limit: ${limit})`;
  return `${subject}: ${gateAmount(gate, gate.value)}, allowed is ${limit}`;
}

/** One line per shipped variant: ready to ship, or the reasons why not. */
export function renderVerdict(record: RunRecord): Html {
  if (record.shipped.length === 0)
    return html`<p class="verdict">No variant was marked for shipping, so nothing was judged.</p>`;
  return html`${record.shipped.map((variant) => variantVerdict(record, variant))}`;
}

function variantVerdict(record: RunRecord, variant: string): Html {
  const gates = record.gates.filter((gate) => gate.variant === variant);
  if (gates.length === 0) {
    return html`<p class="verdict"><b>${variant}</b> was measured; no gates are set, so nothing was judged.</p>`;
  }
  const missed = gates.filter((gate) => gateState(gate) === 'missed');
  const unjudged = gates.filter((gate) => gateState(gate) === 'not-judged');
  if (missed.length === 0 && unjudged.length === 0) {
    return html`<p class="verdict good"><b>Ready: ${variant}</b> meets ${gates.length === 1 ? 'its gate' : `all ${gates.length} gates`}.
<small>${gates.map((gate) => html`${sentence(gate)}<br>`)}</small></p>`;
  }
  const open = [...missed, ...unjudged];
  const lines = html`<small>${open.map((gate) => html`${sentence(gate)}<br>`)}</small>`;
  const counted = `${unjudged.length} of ${gates.length} gates cannot be judged`;
  if (missed.length === 0)
    return html`<p class="verdict"><b>Not judged: ${variant}</b>; ${counted}.
${lines}</p>`;
  return html`<p class="verdict bad"><b>Not ready: ${variant}</b> misses ${missed.length} of ${gates.length} gates${unjudged.length > 0 && `; ${counted}`}.
${lines}</p>`;
}

export function renderGates(record: RunRecord): Html {
  if (record.gates.length === 0) return html``;
  return html`<h2>Gates</h2><div class="scroll"><table class="tight">
<tr><th>Gate</th><th>Variant</th><th class="n">Found</th><th class="n">Limit</th><th>Met</th><th></th></tr>
${record.gates.map(gateRow)}</table></div>`;
}

const STATES = {
  met: html`<span class="ok">✓ met</span>`,
  missed: html`<span class="no">✗ missed</span>`,
  'not-judged': html`<span class="open">? not judged</span>`,
} as const;

function gateRow(gate: GateResult): Html {
  const sign = gate.name.startsWith('min') ? '≥' : '≤';
  const part = gate.group === undefined ? '' : `group ${gate.group}`;
  const note = gate.reason ?? (gate.className === undefined ? part : `class ${gate.className}`);
  return html`<tr><td>${gateTitle(gate)}</td><td>${gate.variant}</td>
<td class="n">${gate.value === null ? '–' : gateAmount(gate, gate.value)}</td>
<td class="n">${sign} ${gateAmount(gate, gate.limit)}</td>
<td>${STATES[gateState(gate)]}</td><td class="dim wrap">${note}</td></tr>`;
}
