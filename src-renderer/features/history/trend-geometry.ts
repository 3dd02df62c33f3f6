import type { TrendPoint } from '../../../src-shared/domain/history/trend';
import { medianOfSorted } from '../../../src-shared/domain/statistics';
import { linearTicks } from '../../widgets/plot/ticks';

export const MARGINS = { left: 84, right: 12, top: 12, bottom: 8 } as const;
/** More points than this are drawn as a line only. */
const MOST_MARKS = 300;
/** If the points of a line are closer, the medians of columns this wide are joined instead. */
const COLUMN_PX = 3;

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
  /** SVG paths of the areas from the least to the largest value, beside lines that join medians. */
  readonly bands: readonly string[];
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
  const machines = new Map<string, Position[]>();
  const breaks: { x: number; point: TrendPoint }[] = [];
  for (const { x, y, point } of placed) {
    const key = machineOf(point);
    const before = machines.get(key);
    if (before === undefined && machines.size > 0) breaks.push({ x, point });
    if (before === undefined) machines.set(key, [{ x, y }]);
    else before.push({ x, y });
  }
  const all = [...machines.values()];
  const isDense = (line: readonly Position[]): boolean =>
    line.length > MOST_MARKS && line.length > inner.width / COLUMN_PX;
  const dense = all.filter(isDense).map(columnsOf);
  return {
    points: placed,
    hasMarks: points.length <= MOST_MARKS,
    breaks,
    ticks: linearTicks(low, high, 4).values.map((value) => ({ y: yOf(value), value })),
    lines: [...all.filter((line) => !isDense(line)), ...dense].map(pathOf),
    bands: dense.map((columns) =>
      pathOf([
        ...columns.map(({ x, top }) => ({ x, y: top })),
        ...columns.map(({ x, bottom }) => ({ x, y: bottom })).reverse(),
      ]),
    ),
  };
}

interface Position {
  readonly x: number;
  readonly y: number;
}

/** The move of no length shows a point that stays alone. */
function pathOf(line: readonly Position[]): string {
  return line
    .map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}${i === 0 ? 'h0' : ''}`)
    .join('');
}

interface Column extends Position {
  readonly top: number;
  readonly bottom: number;
}

/** The median, the least and the largest y of the points in each column. */
function columnsOf(line: readonly Position[]): readonly Column[] {
  const columns = new Map<number, Position[]>();
  for (const position of line) {
    const column = Math.floor(position.x / COLUMN_PX);
    const before = columns.get(column);
    if (before === undefined) columns.set(column, [position]);
    else before.push(position);
  }
  return [...columns.values()].map((positions) => {
    const ys = positions.map(({ y }) => y).sort((a, b) => a - b);
    const x = positions.reduce((sum, position) => sum + position.x, 0) / positions.length;
    const [top = 0] = ys;
    return { x, y: medianOfSorted(ys), top, bottom: ys.at(-1) ?? top };
  });
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
