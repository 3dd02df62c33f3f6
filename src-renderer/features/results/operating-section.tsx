import { formatCount, formatMs, formatRate } from '../../../src-shared/base/units';
import { operatingPoints } from '../../../src-shared/domain/runs/operating-points';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import shared from './results.module.css';

/**
 * Latency, throughput and accuracy of every variant at every batch size, with the Pareto front; empty for one point.
 */
export function OperatingSection({ record }: { readonly record: RunRecord }) {
  const points = operatingPoints(record);
  if (points.length === 0) return null;
  const hasDevices = points.some(({ entry }) => entry.device !== undefined);
  return (
    <section className={shared.section} aria-labelledby="results-operating">
      <header className={shared.sectionHead}>
        <h2 id="results-operating">{t('measured.operating')}</h2>
        <span className="dim">{t('measured.operating.note')}</span>
      </header>
      <div className={shared.scroll} tabIndex={0} role="region" aria-label={t('measured.operating')}>
        <table className={shared.table}>
          <thead>
            <tr>
              <th scope="col">{t('measured.operating.front')}</th>
              <th scope="col">{t('results.column.variant')}</th>
              {hasDevices ? <th scope="col">{t('measured.operating.device')}</th> : null}
              {(['batch', 'streams', 'median', 'throughput'] as const).map((column) => (
                <th key={column} scope="col" className="number">
                  {t(`measured.operating.${column}`)}
                </th>
              ))}
              <th scope="col">{t('measured.operating.accuracy')}</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ entry, names, accuracy, isPareto }) => (
              <tr key={`${entry.variant} ${entry.batch} ${entry.streams} ${entry.device?.index ?? ''}`}>
                <td>{isPareto ? <span title={t('measured.operating.onFront')}>●</span> : null}</td>
                <th scope="row">{names.join(' = ')}</th>
                {hasDevices ? <td>{entry.device?.name}</td> : null}
                <td className="number">{formatCount(entry.batch)}</td>
                <td className="number">{formatCount(entry.streams)}</td>
                <td className="number">{formatMs(entry.latencyMs.median)}</td>
                <td className="number">{formatRate(entry.throughputPerSecond, t('measured.operating.images'))}</td>
                <td>{accuracy}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
