import type { FixPlan, FixResult } from '../../../src-shared/domain/analysis/fix';
import type { PlotFigure, PlotSeries } from '../../widgets/plot/figure';

const MARGINS = { leftPx: 60, rightPx: 16, topPx: 8, bottomPx: 40 } as const;
/** Padding around the points, as a share of the range. */
const ROOM = 0.12;

interface Point {
  readonly plan: FixPlan;
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

/** Accuracy against cost of the plans of a fix: the latency, of one kind only, or the number of FP16 layers. */
export function fixFigure(
  result: FixResult,
  titles: { readonly cost: string; readonly value: string },
): PlotFigure | null {
  const points = pointsOf(result);
  if (points.length < 2) return null;
  const fp32 = result.fp32.measure?.value ?? null;
  const xRange = roomy(points.map(({ x }) => x));
  const yRange = roomy([...points.map(({ y }) => y), ...(fp32 === null ? [] : [fp32])]);
  const isMeasured = costKind(result) === 'measured';
  const dots = (own: readonly Point[], color: string, marker: NonNullable<PlotSeries['marker']>): PlotSeries[] =>
    own.length === 0 ? [] : [{ ...lineOf(own), shape: 'points', color, fillOpacity: 0, widthPx: 1, marker, panel: 0 }];
  const front = points.filter(({ plan }) => plan.isPareto).sort((a, b) => a.x - b.x);
  const kind = isMeasured ? 'solid' : 'hollow';
  return {
    series: [
      ...(fp32 === null
        ? []
        : [
            {
              x: [...xRange],
              y: [fp32, fp32],
              shape: 'line',
              color: '--fp32',
              fillOpacity: 0,
              widthPx: 1.5,
              panel: 0,
            } as const,
          ]),
      { ...lineOf(front), shape: 'line', color: '--mixed', fillOpacity: 0, widthPx: 1, panel: 0 },
      ...dots(
        points.filter(({ plan }) => !plan.isPareto),
        '--line-strong',
        kind,
      ),
      ...dots(front, '--mixed', kind),
      ...dots(
        points.filter(({ index }) => index === result.chosen),
        '--accent',
        'ring',
      ),
    ],
    panels: [{ title: titles.value, isLog: false, range: yRange, heightFrom: 0, heightTo: 1 }],
    xRange,
    xTitle: titles.cost,
    margins: MARGINS,
  };
}

/** What the x axis shows. */
export function costKind({ plans }: Pick<FixResult, 'plans'>): 'measured' | 'modelled' | 'layers' {
  if (plans.some(({ latencyKind }) => latencyKind === 'measured')) return 'measured';
  return plans.some(({ latencyKind }) => latencyKind === 'modelled') ? 'modelled' : 'layers';
}

function pointsOf(result: FixResult): Point[] {
  const kind = costKind(result);
  return result.plans.flatMap((plan, index): readonly Point[] => {
    const x = kind === 'layers' ? plan.fp16Layers.length : plan.latencyKind === kind ? plan.latencyMs : undefined;
    const y = plan.measure?.value ?? plan.outputSqnrDb;
    return x === undefined || y === undefined ? [] : [{ plan, index, x, y }];
  });
}

function lineOf(points: readonly Point[]): Pick<PlotSeries, 'x' | 'y'> {
  return { x: points.map(({ x }) => x), y: points.map(({ y }) => y) };
}

/** The range of the values with padding; a single value is centred. */
function roomy(values: readonly number[]): readonly [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = high > low ? (high - low) * ROOM : Math.max(Math.abs(high) * ROOM, 1e-3);
  return [low - room, high + room];
}
