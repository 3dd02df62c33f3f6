import { useMemo, useRef } from 'react';
import { formatCount, formatDb, formatFraction } from '../../../../src-shared/base/units';
import type { HealthResult } from '../../../../src-shared/domain/health/health';
import { t, useLanguage } from '../../../i18n';
import { Plot } from '../../../widgets/plot/plot';
import { useElementSize } from '../../../widgets/plot/use-element-size';
import { convergenceFigure } from './convergence-figure';

/** The inspector column: how each group fares at the thresholds in use, and whether more images would change them. */
export function SetSide({ result }: { readonly result: HealthResult }) {
  return (
    <div className="health-side">
      <Groups result={result} />
      {result.convergence.length === 0 ? null : <Convergence result={result} />}
    </div>
  );
}

function Groups({ result: { groups, limits } }: { readonly result: HealthResult }) {
  return (
    <section>
      <h3 className="data-heading">{t('health.groups')}</h3>
      <table className="health-table">
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
                className={group.clippedFraction > limits.clippedFraction ? 'number health-bad' : 'number'}
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
  const language = useLanguage();
  // Titles change with the language.
  const figure = useMemo(
    () =>
      convergenceFigure(convergence, limits.convergenceLossDb, {
        images: t('health.axis.images'),
        loss: t('health.axis.loss'),
      }),
    [convergence, limits, language],
  );
  return (
    <section>
      <h3 className="data-heading">{t('health.convergence')}</h3>
      <p className="data-note">{t('health.convergenceText')}</p>
      <div ref={box} className="health-plot">
        <Plot figure={figure} widthPx={size.widthPx} heightPx={size.heightPx} label={t('health.convergence')} />
      </div>
      <ul className="health-legend">
        <li>
          <span className="health-mark health-mark-worst" aria-hidden="true" />
          {t('health.worst')}
        </li>
        <li>
          <span className="health-mark health-mark-mean" aria-hidden="true" />
          {t('health.mean')}
        </li>
        <li>
          <span className="health-mark health-mark-limit" aria-hidden="true" />
          {t('health.limit', { value: formatDb(limits.convergenceLossDb) })}
        </li>
      </ul>
    </section>
  );
}
