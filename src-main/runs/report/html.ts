import { answerSentence, answersOfRun } from '../../../src-shared/domain/runs/questions';
import { renderAccuracy } from './accuracy-section';
import { html, Html } from './markup';
import type { ReportInput } from './input';
import { renderEngines } from './engines-section';
import { renderLatency } from './latency-section';
import { renderOperatingPoints } from './operating-section';
import { renderAnalyses } from './diagnosis-section';
import { renderDecisions } from './precision-section';
import { renderProvenance } from './provenance-section';
import { STYLE } from './style';
import { renderHistograms, renderTensorTable } from './tensor-section';
import { renderVariantTable } from './variant-table';
import { renderGates, renderSkipped, renderVerdict } from './verdict';

export type { ReportHistogram, ReportInput, ReportThreshold } from './input';

/**
 * The report as one self-contained HTML document without scripts and external resources, in the light or dark theme of
 * the reader. All values of the record are escaped. A chart takes about 10 kB; there are at most 24.
 */
export function renderReport({ record, histograms, decisions, engines = null }: ReportInput): string {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${record.project}: ${record.runId}</title><style>${new Html(STYLE)}</style></head><body><main>
<h1>${record.project}</h1>
<p class="meta">Run ${record.runId} · ${record.createdAt.slice(0, 16).replace('T', ' ')} UTC · ${record.options.backend}
· target ${record.options.target} · ${record.machine.gpu ?? record.machine.cpu}</p>
${renderVerdict(record)}${renderVariantTable(record)}${answersOfRun(record).map((answer) => html`<p>${answerSentence(answer)}</p>`)}${renderGates(record)}${renderSkipped(record)}
${record.warnings.length > 0 && html`<ul class="warnings">${record.warnings.map((warning) => html`<li>${warning.message}</li>`)}</ul>`}
${renderAnalyses(record)}${renderAccuracy(record)}${renderOperatingPoints(record)}${renderLatency(record)}${renderEngines(engines)}
${renderHistograms(histograms)}${renderTensorTable(histograms)}${renderDecisions(decisions)}${renderProvenance(record)}
</main></body></html>
`;
  return page.markup;
}
