import type { Method } from '../../../src-shared/domain/project/methods';
import type { ReportHistogram } from './input';
import { px } from './markup';

export const CHART = { width: 360, height: 118, left: 34, right: 6, top: 18, bottom: 16 } as const;
/** More columns than this cannot be told apart at the chart's width. */
const MAX_COLUMNS = 160;
/** A threshold further out than this times amax is drawn at the right edge. */
const MAX_OVERSHOOT = 1.25;
const LABEL_GAP = 11;

export interface ChartScale {
  /** Real value at the right edge. */
  readonly domainReal: number;
  /** log10 of count + 1 at the top edge. */
  readonly topLog: number;
  readonly xFromReal: (real: number) => number;
  readonly yFromCount: (count: number) => number;
}

/** Neighbouring bins summed so that at most 160 columns are left; the counts of a column are those of its bins. */
export function columnsOf(
  folded: Float64Array,
  usedBins: number,
): { readonly counts: Float64Array; readonly binsPerColumn: number } {
  const binsPerColumn = Math.max(1, Math.ceil(usedBins / MAX_COLUMNS));
  const counts = new Float64Array(Math.ceil(usedBins / binsPerColumn));
  for (let bin = 0; bin < usedBins; bin += 1) {
    const column = Math.floor(bin / binsPerColumn);
    counts[column] = (counts[column] ?? 0) + (folded[bin] ?? 0);
  }
  return { counts, binsPerColumn };
}

/** Bins up to and with the one that holds amax. */
export function usedBinsOf(histogram: Pick<ReportHistogram, 'folded' | 'amaxReal' | 'binWidthReal'>): number {
  return Math.min(histogram.folded.length, Math.floor(histogram.amaxReal / histogram.binWidthReal) + 1);
}

export function chartScale(histogram: ReportHistogram, counts: Float64Array): ChartScale {
  const thresholds = [histogram.chosen, ...Object.values(histogram.methods)].map((entry) => entry.thresholdReal);
  const inReach = thresholds.filter((real) => real <= histogram.amaxReal * MAX_OVERSHOOT);
  const domainReal = Math.max(histogram.amaxReal, ...inReach, Number.MIN_VALUE) * 1.01;
  const topLog = Math.max(1, Math.ceil(Math.log10(counts.reduce((most, count) => Math.max(most, count), 0) + 1)));
  const plotWidth = CHART.width - CHART.left - CHART.right;
  const plotHeight = CHART.height - CHART.top - CHART.bottom;
  return {
    domainReal,
    topLog,
    xFromReal: (real) => CHART.left + Math.min(1, real / domainReal) * plotWidth,
    yFromCount: (count) => CHART.top + (1 - Math.log10(count + 1) / topLog) * plotHeight,
  };
}

/**
 * Stepped outline of the columns from the left edge to the last used one, as SVG path data; `closed` returns to the
 * base line.
 */
export function steppedPath(counts: Float64Array, columnWidthReal: number, scale: ChartScale, closed: boolean): string {
  const base = px(scale.yFromCount(0));
  let path = `M${px(scale.xFromReal(0))} ${base}`;
  let lastY = base;
  counts.forEach((count, column) => {
    const y = px(scale.yFromCount(count));
    if (y !== lastY) path += `V${y}`;
    path += `H${px(scale.xFromReal((column + 1) * columnWidthReal))}`;
    lastY = y;
  });
  return closed ? `${path}V${base}Z` : path;
}

export interface PlacedLabel {
  readonly method: Method;
  /** Of the line. */
  readonly x: number;
  /** Of the letter: moved aside where letters would overlap. */
  readonly labelX: number;
}

/** Letters of threshold lines in order of x, at least 11 units apart and inside the chart. */
export function placeLabels(lines: readonly { readonly method: Method; readonly x: number }[]): readonly PlacedLabel[] {
  const sorted = [...lines].sort((a, b) => a.x - b.x);
  const right = CHART.width - CHART.right - 4;
  const labels: number[] = [];
  for (const [index, line] of sorted.entries()) {
    labels.push(Math.max(line.x, (labels[index - 1] ?? Number.NEGATIVE_INFINITY) + LABEL_GAP));
  }
  let limit = right;
  for (let index = labels.length - 1; index >= 0; index -= 1) {
    const placed = Math.min(labels[index] ?? limit, limit);
    labels[index] = placed;
    limit = placed - LABEL_GAP;
  }
  return sorted.map((line, index) => ({ ...line, labelX: labels[index] ?? line.x }));
}
