import { formatCount, formatMs, formatRate } from '../../../src-shared/base/units';
import { operatingPoints } from '../../../src-shared/domain/runs/operating-points';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { servingAdvice, servingSentence } from '../../../src-shared/domain/runs/serving-advice';
import { html, type Html } from './markup';

/**
 * Latency, throughput and accuracy of every variant at every batch size, with the Pareto front; empty for one point.
 */
export function renderOperatingPoints(record: RunRecord): Html {
  const points = operatingPoints(record);
  if (points.length === 0) return html``;
  const advice = adviceOf(record);
  const hasDevices = points.some(({ entry }) => entry.device !== undefined);
  return html`<h2>Latency against accuracy</h2>
<p class="dim">● on the Pareto front: no other row is at least as fast, has at least its throughput and is at least as accurate.</p>
<div class="scroll"><table><tr><th></th><th>Variant</th>${hasDevices && html`<th>GPU</th>`}<th class="n">Batch</th><th class="n">Streams</th>
<th class="n">Median</th><th class="n">Throughput</th><th>Accuracy</th></tr>
${points.map(({ entry, names, accuracy, isPareto }) => html`<tr><td>${isPareto ? '●' : ''}</td><td>${names.join(' = ')}</td>${hasDevices && html`<td>${entry.device?.name}</td>`}<td class="n">${formatCount(entry.batch)}</td><td class="n">${formatCount(entry.streams)}</td><td class="n">${formatMs(entry.latencyMs.median)}</td><td class="n">${formatRate(entry.throughputPerSecond, 'images')}</td><td>${accuracy}</td></tr>`)}</table></div>
${advice.map((sentence) => html`<p>${sentence}</p>`)}`;
}

/** How to serve the variants that ship within the P99 of the run's gate; empty without that gate. */
function adviceOf({ gates, benchmark, shipped }: RunRecord): readonly string[] {
  const limit = gates.find(({ name, baseline }) => name === 'maxP99LatencyMs' && baseline === undefined)?.limit ?? null;
  const records = benchmark?.variants ?? [];
  const own = records.filter(({ device }) => device?.index === records[0]?.device?.index);
  return limit === null ? [] : shipped.map((variant) => servingSentence(servingAdvice(own, variant, limit)));
}
