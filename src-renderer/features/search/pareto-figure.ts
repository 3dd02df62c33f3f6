import type { SearchPlan, SearchResult } from '../../../src-shared/domain/analysis/analysis';
import type { PlotFigure, PlotPanel, PlotSeries } from '../../widgets/plot/figure';
import { type Measure, measureOf, referenceOf, valueOf, worstGroupDrop } from './plan-facts';

/** A plan as a point of the chart: latency on the x axis, accuracy on the y axis. */
export interface PlanPoint {
  /** Index into the result's plans. */
  readonly index: number;
  readonly latencyMs: number;
  readonly value: number;
  /** Change of the group with the largest loss, in percentage points; null without groups. */
  readonly groupChange: number | null;
}

export interface ParetoTitles {
  readonly latency: string;
  readonly value: string;
  readonly groupChange: string;
}

export const ACCURACY_PANEL = 0;
const GROUP_PANEL = 1;
const MARGINS = { leftPx: 64, rightPx: 20, topPx: 12, bottomPx: 40 } as const;
/** Padding around the points, as a share of the range. */
const ROOM = 0.12;

/** Plans with a value in the result's measure. Modelled latencies are left out if there are measured ones. */
export function planPoints(result: SearchResult): readonly PlanPoint[] {
  const measure = measureOf(result);
  const kind = shownLatency(result);
  return result.plans.flatMap((plan, index) => {
    const value = plan.latencyKind === kind ? valueOf(plan.quality, measure) : null;
    const group = worstGroupDrop(plan.quality, result.fp32);
    return value === null
      ? []
      : [{ index, latencyMs: plan.latencyMs, value, groupChange: group === null ? null : -group.drop }];
  });
}

/** The kind of latency in the chart: measured, if any plan was measured. */
export function shownLatency({ plans }: Pick<SearchResult, 'plans'>): SearchPlan['latencyKind'] {
  return plans.some((plan) => plan.latencyKind === 'measured') ? 'measured' : 'modelled';
}

/** Accuracy against latency; below it, if there are groups, the loss of the group with the largest loss. */
export function paretoFigure(result: SearchResult, titles: ParetoTitles): PlotFigure {
  const points = planPoints(result);
  const measure = measureOf(result);
  const hasGroups = points.some((point) => point.groupChange !== null);
  const limit = accuracyLimit(result, measure);
  const reference = measure === 'agreement' ? 100 : valueOf(result.fp32, measure);
  const groupLimit = -result.limits.maxWorstGroupDrop;
  const fp32 = drawnReference(result, points);
  const xRange = roomy([...points.map((point) => point.latencyMs), ...known(fp32)]);
  const lines = [
    levelLine(limit, ACCURACY_PANEL, xRange, 'limit'),
    levelLine(reference, ACCURACY_PANEL, xRange, 'fp32'),
    ...(hasGroups ? [levelLine(groupLimit, GROUP_PANEL, xRange, 'limit')] : []),
  ];
  const panels: PlotPanel[] = [
    {
      title: titles.value,
      isLog: false,
      range: roomy([...points.map((point) => point.value), ...known(limit), ...known(reference)]),
      heightFrom: hasGroups ? 0.42 : 0,
      heightTo: 1,
    },
  ];
  if (hasGroups)
    panels.push({
      title: titles.groupChange,
      isLog: false,
      range: roomy([...points.flatMap((point) => known(point.groupChange)), groupLimit, 0]),
      heightFrom: 0,
      heightTo: 0.34,
    });
  const upright =
    fp32 === null
      ? []
      : panels.map((panel, index): PlotSeries => ({
          x: [fp32, fp32],
          y: [...panel.range],
          shape: 'line',
          color: '--fp32',
          fillOpacity: 0,
          widthPx: 1.5,
          panel: index,
        }));
  return {
    series: [
      ...lines.flatMap((line) => known(line)),
      ...upright,
      frontLine(result, points),
      ...pointSeries(result, points, hasGroups),
    ],
    panels,
    xRange,
    xTitle: titles.latency,
    margins: MARGINS,
  };
}

/** FP32 is left off the chart if it is slower than the slowest plan by more than this factor; the legend shows it. */
const MOST_REACH = 3;

/** FP32's latency for the chart; null if it is of another kind than the plans' latencies, or much larger. */
function drawnReference(result: SearchResult, points: readonly PlanPoint[]): number | null {
  const reference = referenceOf(result, 'fp32', shownLatency(result));
  const slowest = Math.max(...points.map((point) => point.latencyMs));
  return reference !== null && reference.latencyMs <= slowest * MOST_REACH ? reference.latencyMs : null;
}

/** The value of the measure that a plan must reach; null for SQNR, which has no limit in points. */
function accuracyLimit({ fp32, limits }: SearchResult, measure: Measure): number | null {
  if (measure === 'sqnr') return null;
  const reference = measure === 'agreement' ? 100 : valueOf(fp32, measure);
  if (reference === null) return null;
  const isLess = measure === 'measure' && fp32.measure?.higherIsBetter === false;
  return isLess ? reference + limits.maxDrop : reference - limits.maxDrop;
}

function known<T>(value: T | null): readonly T[] {
  return value === null ? [] : [value];
}

function levelLine(
  y: number | null,
  panel: number,
  xRange: readonly [number, number],
  kind: 'limit' | 'fp32',
): PlotSeries | null {
  if (y === null) return null;
  return {
    x: [...xRange],
    y: [y, y],
    shape: 'line',
    color: kind === 'limit' ? '--warning' : '--fp32',
    fillOpacity: 0,
    widthPx: 1.5,
    isDashed: kind === 'limit',
    panel,
  };
}

/** The Pareto front: plans that no other plan beats in both latency and accuracy, sorted by latency. */
function frontLine({ plans }: SearchResult, points: readonly PlanPoint[]): PlotSeries {
  const front = points
    .filter((point) => plans[point.index]?.isPareto === true)
    .sort((a, b) => a.latencyMs - b.latencyMs);
  return {
    x: front.map((point) => point.latencyMs),
    y: front.map((point) => point.value),
    shape: 'line',
    color: '--mixed',
    fillOpacity: 0,
    widthPx: 1,
    panel: ACCURACY_PANEL,
  };
}

function pointSeries(result: SearchResult, points: readonly PlanPoint[], hasGroups: boolean): readonly PlotSeries[] {
  const planOf = (point: PlanPoint): SearchPlan | undefined => result.plans[point.index];
  const series: PlotSeries[] = [];
  const marker = shownLatency(result) === 'measured' ? 'solid' : 'hollow';
  for (const isPareto of [false, true]) {
    const own = points.filter((point) => planOf(point)?.isPareto === isPareto);
    if (own.length > 0) series.push(...markers(own, hasGroups, isPareto ? '--mixed' : '--line-strong', marker));
  }
  const chosen = points.filter((point) => point.index === result.chosen);
  return chosen.length === 0 ? series : [...series, ...markers(chosen, hasGroups, '--accent', 'ring')];
}

function markers(
  points: readonly PlanPoint[],
  hasGroups: boolean,
  color: string,
  marker: NonNullable<PlotSeries['marker']>,
): readonly PlotSeries[] {
  const common = {
    x: points.map((point) => point.latencyMs),
    shape: 'points',
    color,
    fillOpacity: 0,
    widthPx: 1,
    marker,
  } as const;
  const accuracy: PlotSeries = { ...common, y: points.map((point) => point.value), panel: ACCURACY_PANEL };
  return hasGroups
    ? [accuracy, { ...common, y: points.map((point) => point.groupChange ?? Number.NaN), panel: GROUP_PANEL }]
    : [accuracy];
}

/** The range of the values with padding; a single value is centred. */
function roomy(values: readonly number[]): readonly [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const room = high > low ? (high - low) * ROOM : Math.max(Math.abs(high) * ROOM, 1e-3);
  return [low - room, high + room];
}

export interface PlotSizePx {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** The position of a value in the plot, in CSS pixels from the upper left corner. */
export function pixelFromPoint(
  figure: PlotFigure,
  size: PlotSizePx,
  panelIndex: number,
  at: { readonly x: number; readonly y: number },
): { readonly leftPx: number; readonly topPx: number } {
  const { leftPx, rightPx, topPx, bottomPx } = figure.margins;
  const panel = figure.panels[panelIndex];
  const [xLow, xHigh] = figure.xRange;
  const [yLow, yHigh] = panel?.range ?? [0, 1];
  const heightPx = size.heightPx - topPx - bottomPx;
  const share = (at.y - yLow) / (yHigh - yLow);
  const up = (panel?.heightFrom ?? 0) + share * ((panel?.heightTo ?? 1) - (panel?.heightFrom ?? 0));
  return {
    leftPx: leftPx + ((at.x - xLow) / (xHigh - xLow)) * (size.widthPx - leftPx - rightPx),
    topPx: topPx + (1 - up) * heightPx,
  };
}
