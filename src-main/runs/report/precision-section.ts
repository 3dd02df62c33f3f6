import { formatCount } from '../../../src-shared/base/units';
import { LAYER_FORMATS, type LayerFormat, type PlacementDecision } from '../../../src-shared/domain/project/precision';
import { html, type Html } from './markup';

const BADGES: Readonly<Record<LayerFormat, string>> = { int8: '8', fp16: '16', fp32: '32', fp8: 'F8', w4: 'W4' };

/** The precision of each layer with its reason; layers that are not INT8 are shown first. */
export function renderDecisions(decisions: readonly PlacementDecision<LayerFormat>[]): Html {
  if (decisions.length === 0) return html``;
  const layersIn = (precision: LayerFormat): number =>
    new Set(decisions.filter((entry) => entry.precision === precision).map((entry) => entry.layer)).size;
  const kept = decisions.filter((entry) => entry.precision !== 'int8');
  const int8 = decisions.filter((entry) => entry.precision === 'int8');
  const summary = LAYER_FORMATS.map((precision) => ({ precision, layers: layersIn(precision) })).filter(
    (entry) => entry.layers > 0,
  );
  return html`<h2>Precision</h2><p>${summary.map(({ precision, layers }) => html`${badge(precision)}${formatCount(layers)} ${layers === 1 ? 'layer' : 'layers'} in ${precision} &nbsp; `)}</p>
${folded(`Layers that are not INT8, and why (${formatCount(kept.length)})`, kept, kept.length <= 40)}
${folded(`INT8 layers, and why (${formatCount(int8.length)})`, int8, false)}`;
}

function badge(precision: LayerFormat): Html {
  return html`<span class="tag" style="background:var(--${precision})">${BADGES[precision]}</span>`;
}

function folded(title: string, decisions: readonly PlacementDecision<LayerFormat>[], isOpen: boolean): Html {
  if (decisions.length === 0) return html``;
  return html`<details${isOpen ? html` open` : ''}><summary>${title}</summary><div class="scroll"><table>
<tr><th>Layer</th><th>Op</th><th>Precision</th><th>Reason</th></tr>
${decisions.map(
  (
    entry,
  ) => html`<tr><td class="wrap">${entry.layer}</td><td>${entry.op}</td><td>${badge(entry.precision)}${entry.precision}</td>
<td class="wrap">${entry.reason}${entry.tensor === undefined ? '' : html` <small>${entry.tensor}</small>`}</td></tr>`,
)}</table></div></details>`;
}
