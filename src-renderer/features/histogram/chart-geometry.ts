import { BIN_COUNT, binWidthOf, type TensorHistogram } from '../../../src-shared/domain/histograms/histogram';
import { countIn, type CountScale, edgeOf, intervalOf } from './count-scale';

/** Conversion of values to screen positions; the plot, the labels and the handle share it. */

/** The plot area of the chart, in pixels relative to the chart's box. */
export interface PlotArea {
  readonly leftPx: number;
  readonly widthPx: number;
}

/** The range of the x axis in real units; max > min. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/** Free space beyond the largest value, as a share of the range. */
const HEADROOM = 0.03;

export function pixelFromValue(value: number, range: ValueRange, area: PlotArea): number {
  return area.leftPx + ((value - range.min) / (range.max - range.min)) * area.widthPx;
}

export function valueFromPixel(px: number, range: ValueRange, area: PlotArea): number {
  return range.min + ((px - area.leftPx) / area.widthPx) * (range.max - range.min);
}

/** The whole range of a tensor: up to `largestReal` (max|x| or a larger threshold), on both sides of zero if signed. */
export function wholeRange(largestReal: number, isSigned: boolean): ValueRange {
  const max = (largestReal > 0 ? largestReal : 1) * (1 + HEADROOM);
  return { min: isSigned ? -max : 0, max };
}

/** The range in which the methods differ: from 70 % of the smallest threshold to the end. */
export function tailRange(thresholdsReal: readonly number[], largestReal: number): ValueRange {
  const whole = wholeRange(largestReal, false);
  const smallest = Math.min(...thresholdsReal.filter((value) => value > 0), largestReal);
  const min = smallest * 0.7;
  return whole.max - min > whole.max * 1e-6 ? { min, max: whole.max } : whole;
}

export interface ZoomStep {
  /** Values below 1 zoom in. */
  readonly factor: number;
  /** The value whose position on the screen does not change. */
  readonly anchorReal: number;
  /** The smallest width of the resulting range, real units. */
  readonly narrowestReal: number;
}

/** The range after one zoom step; it never exceeds `whole`. */
export function zoomed(range: ValueRange, whole: ValueRange, step: ZoomStep): ValueRange {
  const width = range.max - range.min;
  const wanted = Math.min(whole.max - whole.min, Math.max(step.narrowestReal, width * step.factor));
  const share = (step.anchorReal - range.min) / width;
  return shifted({ min: step.anchorReal - share * wanted, max: step.anchorReal + (1 - share) * wanted }, whole, 0);
}

/** The range moved by `byReal`. It keeps its width and stays inside `whole`. */
export function shifted(range: ValueRange, whole: ValueRange, byReal: number): ValueRange {
  const width = Math.min(range.max - range.min, whole.max - whole.min);
  const min = Math.min(Math.max(range.min + byReal, whole.min), whole.max - width);
  return { min, max: min + width };
}

export function isSameRange(a: ValueRange, b: ValueRange): boolean {
  return a.min === b.min && a.max === b.max;
}

/** A step line: `counts[i]` extends from `edgesReal[i]` to `edgesReal[i + 1]`; the last point closes the line. */
export interface StepSeries {
  readonly edgesReal: number[];
  readonly counts: number[];
}

export interface StepOptions {
  readonly scale: CountScale;
  readonly range: ValueRange;
  readonly columns: number;
  readonly isSigned: boolean;
}

/**
 * The visible part of a histogram in at most about `columns` steps. If several intervals share a step, the step shows
 * the largest count of them: an isolated outlier stays visible, and the axis means values per interval at every zoom
 * level.
 */
export function stepsOf(histogram: TensorHistogram, { scale, range, columns, isSigned }: StepOptions): StepSeries {
  const [first, last] = intervalsWithin(histogram, scale, range, isSigned);
  const perStep = Math.max(1, Math.ceil((last - first) / Math.max(1, columns)));
  // Steps begin at multiples of their width, so that a shifted view shows the same steps.
  const begin = Math.floor(first / perStep) * perStep;
  const edgesReal: number[] = [];
  const counts: number[] = [];
  for (let index = begin; index < last; index += perStep) {
    edgesReal.push(edgeOf(scale, index));
    counts.push(fullest(histogram, scale, [index, Math.min(last, index + perStep)], isSigned));
  }
  edgesReal.push(edgeOf(scale, last));
  counts.push(counts.at(-1) ?? 0);
  return { edgesReal, counts };
}

/**
 * The intervals from the first one that overlaps the range to the one after the last, limited to those that have bins.
 */
function intervalsWithin(
  histogram: TensorHistogram,
  scale: CountScale,
  range: ValueRange,
  isSigned: boolean,
): readonly [number, number] {
  const mostReal = binWidthOf(histogram) * BIN_COUNT;
  const leastReal = isSigned ? -mostReal : 0;
  const clamp = (value: number): number => Math.min(mostReal, Math.max(leastReal, value));
  return [intervalOf(scale, clamp(range.min)), Math.ceil((clamp(range.max) - scale.edgeReal) / scale.widthReal)];
}

function fullest(
  histogram: TensorHistogram,
  scale: CountScale,
  [from, to]: readonly [number, number],
  isSigned: boolean,
): number {
  let most = 0;
  for (let index = from; index < to; index += 1) most = Math.max(most, countIn(histogram, scale, index, isSigned));
  return most;
}

/** The largest count of a single interval in the range; 1 if the range is empty, so that the axis has a height. */
export function fullestWithin(
  histogram: TensorHistogram,
  scale: CountScale,
  range: ValueRange,
  isSigned: boolean,
): number {
  return Math.max(1, fullest(histogram, scale, intervalsWithin(histogram, scale, range, isSigned), isSigned));
}

/** Places labels above the plot: each as close to its line as possible, without overlaps. */

export interface LabelBox {
  readonly key: string;
  /** The x position of the label's line. */
  readonly linePx: number;
  readonly widthPx: number;
}

export interface PlacedLabel {
  readonly key: string;
  readonly leftPx: number;
  /** Row 0 is the row nearest to the plot. */
  readonly row: number;
}

export interface LabelRoom {
  readonly leftPx: number;
  readonly rightPx: number;
  readonly rows: number;
  readonly gapPx: number;
}

interface Cluster {
  readonly boxes: readonly LabelBox[];
  readonly leftPx: number;
  readonly widthPx: number;
}

/**
 * Labels that fit side by side go in one row, pushed apart around their common centre; if the row is too short for all
 * of them, every second label goes to the next row. Labels in a row have the order of their lines.
 */
export function placeLabels(boxes: readonly LabelBox[], room: LabelRoom): readonly PlacedLabel[] {
  const sorted = [...boxes].sort((a, b) => a.linePx - b.linePx || (a.key < b.key ? -1 : 1));
  const rows = rowsNeeded(sorted, room);
  return Array.from({ length: rows }, (_, row) =>
    placeRow(
      sorted.filter((_box, i) => i % rows === row),
      room,
      row,
    ),
  ).flat();
}

/**
 * The number of rows. More rows are used only if labels would be moved away from their lines, or would not fit at all.
 */
function rowsNeeded(sorted: readonly LabelBox[], room: LabelRoom): number {
  for (let rows = 1; rows < room.rows; rows += 1) {
    const isClear = Array.from({ length: rows }, (_, row) => sorted.filter((_box, i) => i % rows === row)).every(
      (part) => staysNear(part, room),
    );
    if (isClear) return rows;
  }
  return Math.max(1, room.rows);
}

function staysNear(boxes: readonly LabelBox[], room: LabelRoom): boolean {
  const placed = placeRow(boxes, room, 0);
  return placed.every((label, i) => {
    const box = boxes[i];
    return box !== undefined && label.leftPx <= box.linePx + 1 && label.leftPx + box.widthPx >= box.linePx - 1;
  });
}

function placeRow(boxes: readonly LabelBox[], room: LabelRoom, row: number): PlacedLabel[] {
  let clusters: Cluster[] = [];
  for (const box of boxes) {
    clusters = absorb([...clusters, clusterOf([box], room)], room);
  }
  return clusters.flatMap((cluster) => {
    let leftPx = cluster.leftPx;
    return cluster.boxes.map((box) => {
      const placed = { key: box.key, leftPx, row };
      leftPx += box.widthPx + room.gapPx;
      return placed;
    });
  });
}

/** Boxes side by side, centred on the mean of their preferred positions and kept within the available space. */
function clusterOf(boxes: readonly LabelBox[], room: LabelRoom): Cluster {
  let offset = 0;
  let wanted = 0;
  for (const box of boxes) {
    wanted += box.linePx - box.widthPx / 2 - offset;
    offset += box.widthPx + room.gapPx;
  }
  const widthPx = offset - room.gapPx;
  const leftPx = Math.max(room.leftPx, Math.min(wanted / boxes.length, room.rightPx - widthPx));
  return { boxes, leftPx, widthPx };
}

/** Merges the last cluster with the previous ones as long as they overlap. */
function absorb(clusters: readonly Cluster[], room: LabelRoom): Cluster[] {
  const rest = [...clusters];
  let last = rest.pop();
  while (last !== undefined) {
    const before = rest.at(-1);
    if (before === undefined || before.leftPx + before.widthPx + room.gapPx <= last.leftPx) break;
    rest.pop();
    last = clusterOf([...before.boxes, ...last.boxes], room);
  }
  return last === undefined ? rest : [...rest, last];
}
