import { formatDuration, formatFixed } from '../../../src-shared/base/units';
import { formatMeasure } from '../../../src-shared/domain/tasks/measure-text';
import type { FixRecord, RunRecord } from '../../../src-shared/domain/runs/run-record';
import { html, type Html } from './markup';

/**
 * The results of the search, the fix and the tuning, and the diagnosis of groups that lost too much with the measured
 * changes; empty if none was requested.
 */
export function renderAnalyses({ search, fix, tuning, diagnoses = [] }: RunRecord): Html {
  return html`${search !== undefined && html`<section><h2>Search</h2><p>${search}</p></section>`}
${fix !== undefined && renderFix(fix)}
${tuning !== undefined && html`<section><h2>Placement on this GPU</h2><p>${tuning}</p></section>`}
${
  diagnoses.length > 0 &&
  html`<section><h2>What got worse, and why</h2>
${diagnoses.map(
  ({ title, variant, summary, actions }) => html`<h3>${title}, ${variant}</h3><p>${summary}</p>
${actions.length > 0 && html`<p>Single changes that were measured, best first:</p><ol>${actions.map((action) => html`<li>${action}</li>`)}</ol>`}`,
)}</section>`
}`;
}

/** What each stage of the fix won. */
function renderFix({ reason, notes, advice, stages }: FixRecord): Html {
  const points = (value: number | undefined): string => (value === undefined ? '' : formatFixed(value, 2));
  const measured = stages.find(({ measure }) => measure !== undefined)?.measure;
  const titles = [measured?.name ?? 'measure', 'drop', 'group drop', 'FP16 layers', 'time'];
  const rows = stages.map(({ stage, outcome, note, measure, drop, worstGroupDrop, fp16Layers, seconds }) => {
    const numbers = [
      measure === undefined ? '' : formatMeasure(measure.name, measure.value),
      points(drop),
      points(worstGroupDrop),
      fp16Layers ?? '',
      formatDuration(seconds),
    ];
    return html`<tr><th scope="row">${stage}</th><td>${outcome}</td>
${numbers.map((text) => html`<td class="number">${text}</td>`)}<td>${note}</td></tr>`;
  });
  return html`<section><h2>Make it pass</h2><p>${reason}</p>
<table><thead><tr><th>stage</th><th></th>${titles.map((title) => html`<th class="number">${title}</th>`)}<th></th></tr>
</thead><tbody>${rows}</tbody></table>
${[...notes, ...advice].map((text) => html`<p>${text}</p>`)}</section>`;
}
