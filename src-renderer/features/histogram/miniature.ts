import { groupProperty } from '../../../src-shared/domain/palette';
import type { HistogramView } from '../../../src-shared/contract/views';
import { amaxOf, type TensorHistogram } from '../../../src-shared/domain/histograms/histogram';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { TokenReader } from '../../widgets/plot/theme';
import { comparableGroups, largestShown } from './analysis';
import { fullestWithin, pixelFromValue, type PlotArea, stepsOf, wholeRange } from './chart-geometry';
import { countScales } from './count-scale';

export interface Miniature {
  readonly view: HistogramView;
  /** The preprocessing that produced the tensor from images; null for any other tensor. */
  readonly preprocessing: Preprocessing | null;
  readonly thresholdReal: number;
  readonly color: string;
}

interface Canvas {
  readonly context: CanvasRenderingContext2D;
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * Draws a small histogram of |x| with logarithmic counts: the whole set filled, groups as lines, the threshold, and the
 * clipped part dimmed.
 */
export function drawMiniature(
  canvas: Canvas,
  { view, preprocessing, thresholdReal, color }: Miniature,
  token: TokenReader,
): void {
  const { context, widthPx, heightPx } = canvas;
  context.clearRect(0, 0, widthPx, heightPx);
  const scale = countScales(view.total, preprocessing).magnitude;
  const range = wholeRange(largestShown(amaxOf(view.total), [thresholdReal]), false);
  const area: PlotArea = { leftPx: 0, widthPx };
  const yOf = logHeight(fullestWithin(view.total, scale, range, false), heightPx);
  const trace = (histogram: TensorHistogram): void =>
    traceSteps(
      canvas,
      stepsOf(histogram, { scale, range, columns: widthPx, isSigned: false }),
      (value) => pixelFromValue(value, range, area),
      yOf,
    );

  trace(view.total);
  context.lineTo(widthPx, heightPx);
  context.lineTo(0, heightPx);
  context.fillStyle = token('--chart-fill');
  context.fill();
  for (const [i, { histogram }] of comparableGroups(view).entries()) {
    trace(histogram);
    context.strokeStyle = token(groupProperty(i));
    context.lineWidth = 1;
    context.stroke();
  }
  const x = Math.round(pixelFromValue(thresholdReal, range, area)) + 0.5;
  context.globalAlpha = 0.55;
  context.fillStyle = token('--bg-hatch');
  context.fillRect(x, 0, widthPx - x, heightPx);
  context.globalAlpha = 1;
  context.fillStyle = token(color);
  context.fillRect(x - 1, 0, 2, heightPx);
}

function traceSteps(
  { context, heightPx }: Canvas,
  steps: ReturnType<typeof stepsOf>,
  xOf: (value: number) => number,
  yOf: (count: number) => number,
): void {
  context.beginPath();
  context.moveTo(0, heightPx);
  for (const [i, edge] of steps.edgesReal.entries()) {
    const x = xOf(edge);
    context.lineTo(x, yOf(steps.counts[i - 1] ?? 0));
    context.lineTo(x, yOf(steps.counts[i] ?? 0));
  }
}

/** The height of a count on a logarithmic axis that begins below 1 (the bottom) and ends at `most` (the top). */
export function logHeight(most: number, heightPx: number): (count: number) => number {
  const ground = Math.log(0.5);
  const span = Math.log(Math.max(2, most) * 1.3) - ground;
  return (count) => (count < 0.5 ? heightPx + 1 : heightPx - ((Math.log(count) - ground) / span) * heightPx);
}
