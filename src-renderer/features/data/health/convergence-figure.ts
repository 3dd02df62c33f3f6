import { formatCount } from '../../../../src-shared/base/units';
import type { ConvergencePoint } from '../../../../src-shared/domain/health/health';
import type { PlotFigure } from '../../../widgets/plot/figure';

/** SQNR lost (dB) against the number of images: the worst tensor, the mean of all, and the limit. */
export function convergenceFigure(
  points: readonly ConvergencePoint[],
  limitDb: number,
  titles: { readonly images: string; readonly loss: string },
): PlotFigure {
  const images = points.map((point) => point.images);
  const last = images.at(-1) ?? 1;
  const worst = points.map((point) => point.worstLossDb);
  const top = 1.15 * Math.max(limitDb, ...worst);
  const line = { panel: 0, fillOpacity: 0 } as const;
  return {
    series: [
      {
        ...line,
        x: [0, last * 1.05],
        y: [limitDb, limitDb],
        shape: 'line',
        color: '--line-strong',
        widthPx: 1,
        isDashed: true,
      },
      {
        ...line,
        x: images,
        y: points.map((point) => point.meanLossDb),
        shape: 'line',
        color: '--series-7',
        widthPx: 1.5,
      },
      { ...line, x: images, y: worst, shape: 'line', color: '--series-1', widthPx: 1.5 },
      { ...line, x: images, y: worst, shape: 'points', color: '--series-1', widthPx: 6 },
    ],
    panels: [{ title: titles.loss, isLog: false, range: [0, top], heightFrom: 0, heightTo: 1 }],
    xRange: [0, last * 1.05],
    xTitle: titles.images,
    xTicks: { values: images, texts: images.map((count) => formatCount(count)) },
    margins: { leftPx: 48, rightPx: 8, topPx: 8, bottomPx: 36 },
  };
}
