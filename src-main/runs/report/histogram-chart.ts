import { formatCount, formatDb, formatFraction, formatReal } from '../../../src-shared/base/units';
import { METHODS, type Method } from '../../../src-shared/domain/project/methods';
import {
  CHART,
  chartScale,
  columnsOf,
  placeLabels,
  steppedPath,
  usedBinsOf,
  type ChartScale,
} from './histogram-geometry';
import { html, px, type Html } from './markup';
import type { ReportHistogram, ReportThreshold } from './input';
import { GROUP_MARKS, METHOD_MARKS } from './marks';

/** Shared by all charts of a page: the hatch of what is clipped. */
export const CHART_DEFINITIONS = html`<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>
<pattern id="clipped" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<line x1="0" y1="0" x2="0" y2="5" stroke="var(--bad)" stroke-width="1.6"/></pattern>
</defs></svg>`;

/** The methods that have a threshold, in the fixed order; the one in use is there even if `methods` lacks it. */
function thresholdsOf(
  histogram: ReportHistogram,
): readonly { readonly method: Method; readonly entry: ReportThreshold }[] {
  return METHODS.flatMap((method) => {
    const entry = method === histogram.method ? histogram.chosen : histogram.methods[method];
    return entry === undefined ? [] : [{ method, entry }];
  });
}

/** One small multiple: stepped log histogram of |x|, threshold lines with letters, and what each method costs. */
export function renderHistogram(histogram: ReportHistogram): Html {
  const total = histogram.folded.reduce((sum, count) => sum + count, 0) + histogram.zeroCount;
  const zeros = total > 0 ? formatFraction(histogram.zeroCount / total) : 'n/a';
  return html`<figure><figcaption><b title="${histogram.name}">${histogram.name}</b>
<small>exact zeros ${zeros} of ${formatCount(total)} values</small></figcaption>
${chart(histogram)}${methodTable(histogram)}</figure>`;
}

function chart(histogram: ReportHistogram): Html {
  const usedBins = usedBinsOf(histogram);
  const { counts, binsPerColumn } = columnsOf(histogram.folded, usedBins);
  const columnWidthReal = binsPerColumn * histogram.binWidthReal;
  const scale = chartScale(histogram, counts);
  const area = steppedPath(counts, columnWidthReal, scale, true);
  const groups = (histogram.groups ?? [])
    .slice(0, GROUP_MARKS.length)
    .map(
      (group, index) =>
        html`<path d="${steppedPath(columnsOf(group.folded, usedBins).counts, columnWidthReal, scale, false)}" fill="none" stroke="${GROUP_MARKS[index]}"><title>${group.name}</title></path>`,
    );
  return html`<svg role="img" aria-label="Histogram of |x| of ${histogram.name}" viewBox="0 0 ${CHART.width} ${CHART.height}" width="${CHART.width}" height="${CHART.height}">
${countAxis(scale)}<path d="${area}" fill="var(--area)" stroke="var(--area-line)" stroke-width="0.7"/>${clippedTail(histogram, scale)}${groups}${valueAxis(scale)}${thresholdLines(histogram, scale)}</svg>`;
}

/** Hatches the plot beyond the threshold in use. */
function clippedTail(histogram: ReportHistogram, scale: ChartScale): Html {
  const { thresholdReal } = histogram.chosen;
  if (thresholdReal >= histogram.amaxReal) return html``;
  const x = scale.xFromReal(thresholdReal);
  const width = scale.xFromReal(histogram.amaxReal) - x;
  return html`<rect x="${px(x)}" y="${CHART.top}" width="${px(width)}" height="${CHART.height - CHART.top - CHART.bottom}" fill="url(#clipped)" opacity="0.3"/>`;
}

function countAxis(scale: ChartScale): Html {
  const stride = Math.max(1, Math.ceil(scale.topLog / 3));
  const powers = Array.from({ length: Math.floor(scale.topLog / stride) }, (_, index) => (index + 1) * stride);
  return html`${powers.map((power) => {
    const y = px(scale.yFromCount(10 ** power - 1));
    return html`<line x1="${CHART.left}" x2="${CHART.width - CHART.right}" y1="${y}" y2="${y}" stroke="var(--line)"/>
<text x="${CHART.left - 4}" y="${Number(y) + 4}" text-anchor="end">${powerLabel(power)}</text>`;
  })}`;
}

/** 10^power in at most four characters: `100`, `10 k`, `1 M`. */
function powerLabel(power: number): string {
  const prefix = ['', ' k', ' M', ' G', ' T', ' P'][Math.floor(power / 3)] ?? '';
  return `${10 ** (power % 3)}${prefix}`;
}

function valueAxis(scale: ChartScale): Html {
  const base = px(scale.yFromCount(0));
  const y = CHART.height - 3;
  return html`<line x1="${CHART.left}" x2="${CHART.width - CHART.right}" y1="${base}" y2="${base}" stroke="var(--dim)"/>
<text x="${CHART.left}" y="${y}">0</text><text x="${px(scale.xFromReal(scale.domainReal / 2.02))}" y="${y}" text-anchor="middle">${formatReal(scale.domainReal / 2.02)}</text>
<text x="${CHART.width - CHART.right}" y="${y}" text-anchor="end">|x| ${formatReal(scale.domainReal / 1.01)}</text>`;
}

function thresholdLines(histogram: ReportHistogram, scale: ChartScale): Html {
  const lines = thresholdsOf(histogram).map(({ method, entry }) => ({
    method,
    x: scale.xFromReal(entry.thresholdReal),
  }));
  const bottom = px(scale.yFromCount(0));
  return html`${placeLabels(lines).map(({ method, x, labelX }) => {
    const { colour, letter } = METHOD_MARKS[method];
    const isChosen = method === histogram.method;
    return html`<path d="M${px(labelX)} 12L${px(x)} ${CHART.top}V${bottom}" fill="none" stroke="${colour}" stroke-width="${isChosen ? 2 : 1}"${isChosen ? '' : html` stroke-dasharray="3 2"`}/>
<text class="letter" x="${px(labelX)}" y="10" text-anchor="middle" style="fill:${colour}">${letter}</text>`;
  })}`;
}

function methodTable(histogram: ReportHistogram): Html {
  return html`<table><tr><th>Method</th><th class="n">Threshold</th><th class="n">SQNR</th><th class="n">Clipped</th></tr>
${thresholdsOf(histogram).map(
  ({ method, entry }) => html`<tr${method === histogram.method ? html` class="chosen"` : ''}><td>
<span class="tag" style="background:${METHOD_MARKS[method].colour}">${METHOD_MARKS[method].letter}</span>${METHOD_MARKS[method].title}</td>
<td class="n">${formatReal(entry.thresholdReal)}</td><td class="n">${formatDb(entry.sqnrDb)}</td>
<td class="n">${formatFraction(entry.clippedFraction)}</td></tr>`,
)}</table>`;
}
