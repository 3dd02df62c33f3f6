import { formatCount, formatDb, formatFraction, formatReal } from '../../../src-shared/base/units';
import { METHODS } from '../../../src-shared/domain/project/methods';
import { CHART_DEFINITIONS, renderHistogram } from './histogram-chart';
import { html, type Html } from './markup';
import type { ReportHistogram } from './input';
import { GROUP_MARKS, METHOD_MARKS } from './marks';

const MAX_CHARTS = 24;

/**
 * Sorts tensors by the SQNR of the threshold in use, lowest first, then by name. Tensors without a signal come last.
 */
export function byDamage(histograms: readonly ReportHistogram[]): readonly ReportHistogram[] {
  const key = (histogram: ReportHistogram): number =>
    Number.isNaN(histogram.chosen.sqnrDb) ? Number.POSITIVE_INFINITY : histogram.chosen.sqnrDb;
  return [...histograms].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x === y ? (a.name < b.name ? -1 : 1) : x - y;
  });
}

/** The histograms of the tensors with the largest loss. */
export function renderHistograms(histograms: readonly ReportHistogram[]): Html {
  if (histograms.length === 0) return html``;
  const shown = byDamage(histograms).slice(0, MAX_CHARTS);
  const groups = shown.find((histogram) => histogram.groups !== undefined)?.groups ?? [];
  return html`<h2>Activations that hurt most</h2>
<p class="dim">${shown.length === histograms.length ? `All ${formatCount(shown.length)} quantized tensors` : `${shown.length} of ${formatCount(histograms.length)} quantized tensors`}, lowest SQNR first.
|x| to the right, counts upwards on a log scale; exact zeros are a number, not a bar. Solid line: threshold in use; hatched: what it clips.</p>
<div class="legend">${METHODS.filter((method) =>
    shown.some((entry) => entry.method === method || entry.methods[method] !== undefined),
  ).map(
    (method) =>
      html`<span style="--c:${METHOD_MARKS[method].colour}">${METHOD_MARKS[method].letter} ${METHOD_MARKS[method].title}</span>`,
  )}${groups.slice(0, GROUP_MARKS.length).map((group, index) => html`<span style="--c:${GROUP_MARKS[index]}">${group.name} only</span>`)}</div>
${CHART_DEFINITIONS}<div class="multiples">${shown.map(renderHistogram)}</div>`;
}

/** Every tensor with all its thresholds. */
export function renderTensorTable(histograms: readonly ReportHistogram[]): Html {
  if (histograms.length === 0) return html``;
  const methods = METHODS.filter((method) =>
    histograms.some((entry) => entry.method === method || entry.methods[method] !== undefined),
  );
  const row = (histogram: ReportHistogram): Html => html`<tr><td class="wrap">${histogram.name}</td>
<td class="n">${formatReal(histogram.amaxReal)}</td>
${methods.map((method) => {
  const isChosen = method === histogram.method;
  const entry = isChosen ? histogram.chosen : histogram.methods[method];
  const text = entry === undefined ? '–' : formatReal(entry.thresholdReal);
  return html`<td class="n">${isChosen ? html`<b>${text}</b>` : text}</td>`;
})}<td class="n">${formatDb(histogram.chosen.sqnrDb)}</td><td class="n">${formatFraction(histogram.chosen.clippedFraction)}</td></tr>`;
  return html`<details><summary>All ${formatCount(histograms.length)} tensors with their thresholds</summary><div class="scroll"><table>
<tr><th>Tensor</th><th class="n">max |x|</th>${methods.map((method) => html`<th class="n">${METHOD_MARKS[method].title}</th>`)}<th class="n">SQNR</th><th class="n">Clipped</th></tr>
${histograms.map(row)}</table></div><p class="dim">Thresholds in real units; bold: in use. SQNR and clipped share belong to the threshold in use.</p></details>`;
}
