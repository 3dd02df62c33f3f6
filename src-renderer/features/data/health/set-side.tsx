import { useMemo, useRef } from 'react';
import { formatCount, formatDb, formatFraction } from '../../../../src-shared/base/units';
import type { ConvergencePoint, HealthResult } from '../../../../src-shared/domain/health/health';
import { t } from '../../../i18n';
import type { PlotFigure } from '../../../widgets/plot/figure';
import { Plot } from '../../../widgets/plot/plot';
import { useElementSize } from '../../../widgets/plot/use-element-size';
import { classNames } from '../../../widgets/class-names';
import shared from './health.module.css';
import dataStyles from '../data.module.css';
import styles from './set-side.module.css';

/**
 * The inspector column: the error of each group at the current thresholds, and whether more images would change them.
 */
export function SetSide({ result }: { readonly result: HealthResult }) {
  return (
    <div className={styles.root} data-testid="health-set">
      <Groups result={result} />
      {result.convergence.length === 0 ? null : <Convergence result={result} />}
    </div>
  );
}

function Groups({ result: { groups, limits } }: { readonly result: HealthResult }) {
  return (
    <section>
      <h3 className={dataStyles.heading}>{t('health.groups')}</h3>
      <table className={shared.table}>
        <thead>
          <tr>
            <th>{t('health.group')}</th>
            <th className="number">{t('data.images')}</th>
            <th className="number" title={t('health.sqnrHint')}>
              {t('health.sqnr')}
            </th>
            <th className="number" title={t('health.clippedHint')}>
              {t('health.clipped')}
            </th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(groups).map(([name, group]) => (
            <tr key={name}>
              <td className="ellipsis">{name}</td>
              <td className="number" title={formatFraction(group.share)}>
                {formatCount(group.images)}
              </td>
              <td className="number">{group.expectedSqnrDb === null ? '' : formatDb(group.expectedSqnrDb)}</td>
              <td
                className={group.clippedFraction > limits.clippedFraction ? classNames(shared.bad, 'number') : 'number'}
                title={group.clippedTensor ?? undefined}
              >
                {formatFraction(group.clippedFraction)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Convergence({ result: { convergence, limits } }: { readonly result: HealthResult }) {
  const box = useRef<HTMLDivElement>(null);
  const size = useElementSize(box);
  const figure = useMemo(
    () =>
      convergenceFigure(convergence, limits.convergenceLossDb, {
        images: t('health.axis.images'),
        loss: t('health.axis.loss'),
      }),
    [convergence, limits],
  );
  return (
    <section>
      <h3 className={dataStyles.heading}>{t('health.convergence')}</h3>
      <p className={dataStyles.note}>{t('health.convergenceText')}</p>
      <div ref={box} className={styles.plot}>
        <Plot figure={figure} widthPx={size.widthPx} heightPx={size.heightPx} label={t('health.convergence')} />
      </div>
      <ul className={styles.legend}>
        <li>
          <span className={styles.mark} aria-hidden="true" />
          {t('health.worst')}
        </li>
        <li>
          <span className={classNames(styles.mark, styles.markMean)} aria-hidden="true" />
          {t('health.mean')}
        </li>
        <li>
          <span className={classNames(styles.mark, styles.markLimit)} aria-hidden="true" />
          {t('health.limit', { value: formatDb(limits.convergenceLossDb) })}
        </li>
      </ul>
    </section>
  );
}

/** Lost SQNR (dB) against the number of images: the worst tensor, the mean of all tensors, and the limit. */
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
