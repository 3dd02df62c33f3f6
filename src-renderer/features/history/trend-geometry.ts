import type { TrendPoint } from '../../../src-shared/domain/history/trend';
import { linearTicks } from '../../widgets/plot/ticks';

export const MARGINS = { left: 84, right: 12, top: 12, bottom: 8 } as const;
/** More points than this are drawn as a line only. */
const MOST_MARKS = 300;

export interface TrendGeometry {
  /** Pixel positions, oldest first. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly point: TrendPoint }[];
  readonly hasMarks: boolean;
  /** Where another hardware, software or backend was first used: its values do not compare with the others. */
  readonly breaks: readonly { readonly x: number; readonly point: TrendPoint }[];
  /** Round values of the axis. */
  readonly ticks: readonly { readonly y: number; readonly value: number }[];
  /** SVG paths, one for each hardware, software and backend; runs of several may alternate. */
  readonly lines: readonly string[];
}

/** Positions of a trend in a box of the given size; runs are equally far apart. */
export function trendGeometry(
  points: readonly TrendPoint[],
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
): TrendGeometry {
  const values = points.map(({ value }) => value);
  const [low, high] = paddedRange(values);
  const inner = { width: widthPx - MARGINS.left - MARGINS.right, height: heightPx - MARGINS.top - MARGINS.bottom };
  const xOf = (index: number): number =>
    MARGINS.left + (points.length < 2 ? inner.width / 2 : (inner.width * index) / (points.length - 1));
  const yOf = (value: number): number => MARGINS.top + inner.height * (1 - (value - low) / (high - low));
  const placed = points.map((point, i) => ({ x: xOf(i), y: yOf(point.value), point }));
  const lines = new Map<string, string>();
  const breaks: { x: number; point: TrendPoint }[] = [];
  for (const { x, y, point } of placed) {
    const key = machineOf(point);
    const at = `${x.toFixed(1)} ${y.toFixed(1)}`;
    const before = lines.get(key);
    if (before === undefined && lines.size > 0) breaks.push({ x, point });
    // The move of no length shows a point that stays alone.
    lines.set(key, before === undefined ? `M${at}h0` : `${before}L${at}`);
  }
  return {
    points: placed,
    hasMarks: points.length <= MOST_MARKS,
    breaks,
    ticks: linearTicks(low, high, 4).values.map((value) => ({ y: yOf(value), value })),
    lines: [...lines.values()],
  };
}

/** What values must have in common to be compared. */
function machineOf({ entry: { hardware, software, target, backend } }: TrendPoint): string {
  return [hardware, software, target, backend].join('\n');
}

/** The range of the values with some room; values that are all equal are in the middle. */
function paddedRange(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  const low = values.reduce((least, value) => Math.min(least, value));
  const high = values.reduce((most, value) => Math.max(most, value));
  const room = high > low ? 0.08 * (high - low) : Math.max(Math.abs(high) * 0.1, 1e-6);
  return [low - room, high + room];
}
