import { useMemo } from 'react';
import type { HistoryEntry } from '../../../src-shared/domain/history/history-entry';
import { estimateReadiness } from '../../../src-shared/domain/history/readiness';
import { gateAmount } from '../../../src-shared/domain/runs/gate-text';
import { t, useLanguage } from '../../i18n';
import { historyDay } from './history-text';
import styles from './history-panel.module.css';

/** How likely the next run meets all gates, when one will, and what the estimate was made from. */
export function ReadinessLine({ entries }: { readonly entries: readonly HistoryEntry[] }) {
  const language = useLanguage();
  const readiness = useMemo(() => estimateReadiness(entries), [entries]);
  if (readiness.state === 'refused') return <p className="dim">{t(`history.readiness.refused.${readiness.code}`)}</p>;
  const { probability, tightest, outlook, inputs } = readiness;
  const day = (date: string | null): string =>
    date === null ? t('history.readiness.never') : historyDay(date, language);
  const gate = { name: tightest.name };
  return (
    <p className={styles.readiness}>
      <strong>{t('history.readiness', { percent: Math.round(100 * probability) })}</strong>{' '}
      {t('history.readiness.outlook', { likely: day(outlook.likelyOn), safe: day(outlook.safeOn) })}{' '}
      <span className="dim">
        {t('history.readiness.inputs', {
          n: inputs.runs,
          gate: t(`results.gate.${tightest.name}`),
          value: gateAmount(gate, tightest.value),
          limit: gateAmount(gate, tightest.limit),
        })}
      </span>
    </p>
  );
}
