/** Where values lie on the screen: the same numbers for the plot, the labels and the handle. */

/** The plot area of the chart, in pixels of the chart's own box. */
export interface PlotArea {
  readonly leftPx: number;
  readonly widthPx: number;
}

/** What the x axis shows, real units; max > min. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/** Free room beyond the largest value, as a share of the range. */
const HEADROOM = 0.03;

export function pixelFromValue(value: number, range: ValueRange, area: PlotArea): number {
  return area.leftPx + ((value - range.min) / (range.max - range.min)) * area.widthPx;
}

export function valueFromPixel(px: number, range: ValueRange, area: PlotArea): number {
  return range.min + ((px - area.leftPx) / area.widthPx) * (range.max - range.min);
}

/** Everything that a tensor has: up to `largestReal` (max|x| or a threshold beyond it), to both sides when signed. */
export function wholeRange(largestReal: number, isSigned: boolean): ValueRange {
  const max = (largestReal > 0 ? largestReal : 1) * (1 + HEADROOM);
  return { min: isSigned ? -max : 0, max };
}

/** From 70 % of the smallest threshold to the end: where methods differ. */
export function tailRange(thresholdsReal: readonly number[], largestReal: number): ValueRange {
  const whole = wholeRange(largestReal, false);
  const smallest = Math.min(...thresholdsReal.filter((value) => value > 0), largestReal);
  const min = smallest * 0.7;
  return whole.max - min > whole.max * 1e-6 ? { min, max: whole.max } : whole;
}

export interface ZoomStep {
  /** Below 1 zooms in. */
  readonly factor: number;
  /** The value that stays where it is. */
  readonly anchorReal: number;
  /** Never narrower than this, real units. */
  readonly narrowestReal: number;
}

/** One step of the wheel; never beyond `whole`. */
export function zoomed(range: ValueRange, whole: ValueRange, step: ZoomStep): ValueRange {
  const width = range.max - range.min;
  const wanted = Math.min(whole.max - whole.min, Math.max(step.narrowestReal, width * step.factor));
  const share = (step.anchorReal - range.min) / width;
  return shifted({ min: step.anchorReal - share * wanted, max: step.anchorReal + (1 - share) * wanted }, whole, 0);
}

/** Moved by `byReal`, kept inside `whole` at the same width. */
export function shifted(range: ValueRange, whole: ValueRange, byReal: number): ValueRange {
  const width = Math.min(range.max - range.min, whole.max - whole.min);
  const min = Math.min(Math.max(range.min + byReal, whole.min), whole.max - width);
  return { min, max: min + width };
}

export function isSameRange(a: ValueRange, b: ValueRange): boolean {
  return a.min === b.min && a.max === b.max;
}
