import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { html, type Html } from './markup';

/**
 * The results of the search and of the tuning, and the diagnosis of groups that lost too much with the measured changes; empty if neither
 * was requested.
 */
export function renderAnalyses({ search, tuning, diagnoses = [] }: RunRecord): Html {
  return html`${search !== undefined && html`<section><h2>Search</h2><p>${search}</p></section>`}
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
