import type { GateResult, RunRecord } from '../../../src-shared/domain/runs/run-record';
import {
  gateAmount,
  gateLimitText,
  gatePart,
  gateTitle,
  statisticsText,
  withGatePart,
} from '../../../src-shared/domain/runs/gate-text';
import { html, type Html } from './markup';

function sentence(gate: GateResult): string {
  const subject = withGatePart(gate, gateTitle(gate));
  const limit = gateLimitText(gate);
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
  const missed = gates.filter((gate) => gate.state === 'missed');
  const unjudged = gates.filter((gate) => gate.state === 'unjudged');
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
  unjudged: html`<span class="open">? not judged</span>`,
} as const;

function gateRow(gate: GateResult): Html {
  const note = gate.reason ?? [gatePart(gate), statisticsText(gate)].filter((text) => text !== '').join('; ');
  return html`<tr><td>${gateTitle(gate)}</td><td>${gate.variant}</td>
<td class="n">${gate.value === null ? '–' : gateAmount(gate, gate.value)}</td>
<td class="n">${gateLimitText(gate)}</td>
<td>${STATES[gate.state]}</td><td class="dim wrap">${note}</td></tr>`;
}

/** The steps that were not done, with the reasons; nothing if all were. */
export function renderSkipped({ steps = [] }: RunRecord): Html {
  const skipped = steps.filter(({ state }) => state === 'skipped');
  if (skipped.length === 0) return html``;
  return html`<h2>Skipped</h2><table class="tight">${skipped.map(
    ({ step, reason }) => html`<tr><th>${step}</th><td class="wrap">${reason ?? ''}</td></tr>`,
  )}</table>`;
}
