import { formatCount, formatMs, formatPercent } from '../../../src-shared/base/units';
import { distinctRows, operatingName } from '../../../src-shared/domain/runs/run-table';
import { isUnstable, MIN_SAMPLES, type LatencySummary } from '../../../src-shared/domain/runs/latency';
import type { BenchmarkVariantRecord, RunRecord } from '../../../src-shared/domain/runs/run-record';
import { renderBatches } from './batch-chart';
import { html, px, type Html } from './markup';
import { variantColour } from './marks';

const LEAST_LABEL_WIDTH = 140;
const CHARACTER_WIDTH = 7;
const PLOT_WIDTH = 560;
const ROW_HEIGHT = 26;

const PERCENTILES = ['p90', 'p95', 'p99'] as const;
type Percentile = (typeof PERCENTILES)[number];

/**
 * Latency per variant: a bar from 0 to the median, paler steps to the percentiles that the samples give, and the
 * numbers.
 */
export function renderLatency(record: RunRecord): Html {
  const { benchmark } = record;
  if (benchmark === null || benchmark.variants.length === 0) return html``;
  const nameOf = (entry: BenchmarkVariantRecord): string => operatingName(entry, entry.variant, benchmark.variants);
  const entries = distinctRows(benchmark.variants, record.shipped).map(({ row, names }) => ({
    ...row,
    variant: names.join(' = '),
  }));
  const scaleMs = Math.max(...entries.map(({ latencyMs }) => farthestMs(latencyMs)));
  const percentiles = PERCENTILES.filter((key) => entries.some(({ latencyMs }) => latencyMs[key] !== undefined));
  const height = entries.length * ROW_HEIGHT + 18;
  const labelWidth = Math.max(LEAST_LABEL_WIDTH, ...entries.map((entry) => CHARACTER_WIDTH * nameOf(entry).length + 8));
  const plot = { scaleMs, labelWidth };
  const width = labelWidth + PLOT_WIDTH + 60;
  return html`<h2>Latency</h2>
<p class="dim">${benchmark.backend} on ${benchmark.device}, ${countOf(benchmark.threads, 'thread')}, variants interleaved in ${countOf(benchmark.rounds, 'round')}.
Solid: up to the median${percentiles.length > 0 && html`; paler: ${percentiles.join(', ')}`}.${omitted(percentiles)}</p>
<svg role="img" aria-label="Latency per variant" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
${entries.map((entry, index) => bar(entry, nameOf(entry), index * ROW_HEIGHT, plot))}${axis(plot, height)}</svg>
${renderBatches(entries)}
<div class="scroll"><table><tr><th>Variant</th><th class="n">Batch</th><th class="n">Median</th><th class="n">Mean</th>
${percentiles.map((key) => html`<th class="n">${key}</th>`)}<th class="n">Min</th><th class="n">Max</th><th class="n">Variation</th>
<th class="n">Samples</th></tr>
${entries.map((entry) => numbers(entry, nameOf(entry), percentiles))}</table></div>
${shapeTimes(entries)}`;
}

/** The medians at the ends of the optimization profiles; empty if every profile allows one shape only. */
function shapeTimes(entries: readonly BenchmarkVariantRecord[]): Html {
  const rows = entries.flatMap(({ variant, shapes = [] }) => shapes.map((shape) => ({ variant, ...shape })));
  if (rows.length === 0) return html``;
  return html`<h3>By shape</h3><div class="scroll"><table><tr><th>Variant</th><th class="n">Profile</th><th>At</th><th>Shapes</th><th class="n">Median</th></tr>
${rows.map(({ variant, profile, at, inputs, latencyMs }) => html`<tr><td>${variant}</td><td class="n">${profile + 1}</td><td>${at}</td><td>${inputs.map(({ name, dims }) => `${name} ${dims.join('x')}`).join(', ')}</td><td class="n">${formatMs(latencyMs.median)}</td></tr>`)}</table></div>`;
}

function countOf(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;
}

/** The highest percentile that there is, else the median. */
function farthestMs({ median, p90 = median, p95 = p90, p99 = p95 }: LatencySummary): number {
  return p99;
}

/** Which percentiles the samples were too few for; empty: none. */
function omitted(shown: readonly Percentile[]): string {
  const missing = PERCENTILES.filter((key) => !shown.includes(key));
  return missing.length === 0
    ? ''
    : ` Omitted for too few samples: ${missing.map((key) => `${key} (below ${MIN_SAMPLES[key]})`).join(', ')}.`;
}

interface Plot {
  readonly scaleMs: number;
  readonly labelWidth: number;
}

function bar(entry: BenchmarkVariantRecord, name: string, y: number, { scaleMs, labelWidth }: Plot): Html {
  const { median } = entry.latencyMs;
  const steps = [
    ['p99', '0.2'],
    ['p95', '0.25'],
    ['p90', '0.35'],
  ] as const;
  const widthOf = (valueMs: number): string => px((PLOT_WIDTH * valueMs) / scaleMs);
  const colour = variantColour(entry.variant);
  const layer = (valueMs: number, opacity: string): Html =>
    html`<rect x="${labelWidth}" y="${y + 6}" width="${widthOf(valueMs)}" height="14" fill="${colour}" opacity="${opacity}"/>`;
  return html`<text class="v" x="0" y="${y + 17}">${name}</text>${steps.map(([key, opacity]) => {
    const valueMs = entry.latencyMs[key];
    return valueMs === undefined ? null : layer(valueMs, opacity);
  })}${layer(median, '1')}
<text class="v" x="${px(labelWidth + (PLOT_WIDTH * median) / scaleMs + 4)}" y="${y + 17}">${formatMs(median)}</text>`;
}

function axis({ scaleMs, labelWidth }: Plot, height: number): Html {
  const step = niceStep(scaleMs / 5);
  const ticks = Array.from({ length: Math.floor(scaleMs / step) + 1 }, (_, index) => index * step);
  return html`${ticks.map((tick) => {
    const x = px(labelWidth + (PLOT_WIDTH * tick) / scaleMs);
    return html`<line x1="${x}" x2="${x}" y1="0" y2="${height - 14}" stroke="var(--line)"/>
<text x="${x}" y="${height - 2}" text-anchor="middle">${formatMs(tick)}</text>`;
  })}`;
}

/** The smallest of 1, 2, 5 times a power of ten that is at least `minimum`. */
export function niceStep(minimum: number): number {
  const power = 10 ** Math.floor(Math.log10(minimum));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= minimum * (1 - 1e-12)) ?? 10;
  return factor * power;
}

function numbers(entry: BenchmarkVariantRecord, name: string, percentiles: readonly Percentile[]): Html {
  const { latencyMs } = entry;
  const cells = [
    latencyMs.median,
    latencyMs.mean,
    ...percentiles.map((key) => latencyMs[key]),
    latencyMs.min,
    latencyMs.max,
  ];
  const variation = formatPercent(entry.coefficientOfVariation * 100);
  return html`<tr><td>${name}</td><td class="n">${formatCount(entry.batch)}</td>${cells.map((value) => html`<td class="n">${value === undefined ? '–' : formatMs(value)}</td>`)}
<td class="n">${isUnstable(entry) ? html`<span class="no" title="above 2.5 %: the machine was not quiet">${variation}</span>` : variation}</td><td class="n">${formatCount(latencyMs.samples)}</td></tr>`;
}
