import { useMemo } from 'react';
import { findAnomalies } from '../../../src-shared/domain/history/anomalies';
import type { HistoryEntry } from '../../../src-shared/domain/history/history-entry';
import { t } from '../../i18n';
import { anomalySentence } from './history-text';
import styles from './history-panel.module.css';

/** What is unusual about the run against the runs before it. */
export function Anomalies({
  entries,
  entry,
}: {
  readonly entries: readonly HistoryEntry[];
  readonly entry: HistoryEntry;
}) {
  const { anomalies, causes, tooFew } = useMemo(() => findAnomalies(entry, entries), [entry, entries]);
  if (anomalies.length === 0)
    return <p className="dim">{t(tooFew.length > 0 ? 'history.anomaly.few' : 'history.anomaly.none')}</p>;
  return (
    <div className={styles.anomalies}>
      <ul>
        {anomalies.map((anomaly) => (
          <li key={anomaly.metric} data-direction={anomaly.direction}>
            {anomalySentence(anomaly, entry.measureName)}
          </li>
        ))}
      </ul>
      <p className="dim">
        {t('history.causes', { causes: causes.map(({ code }) => t(`history.cause.${code}`)).join(t('history.and')) })}
      </p>
    </div>
  );
}
