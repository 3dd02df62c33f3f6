import type { Anomaly } from '../../../src-shared/domain/history/anomalies';
import { formatMetric } from '../../../src-shared/domain/history/metrics';
import { t, type Language } from '../../i18n';
import { dateFormat } from '../../i18n/date-format';

/** The time of a run in the local time zone. */
export function historyTime(createdAt: string, language: Language): string {
  const date = new Date(createdAt);
  if (Number.isNaN(date.getTime())) return createdAt;
  return dateFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(date);
}

export function historyDay(date: string, language: Language): string {
  return dateFormat(language, { dateStyle: 'medium' }).format(new Date(date));
}

/** `Median latency 3.1 ms is unusual: 9 earlier runs were 2.0 to 2.2 ms.` */
export function anomalySentence({ metric, value, least, most, runs }: Anomaly, measure: string | undefined): string {
  const text = (own: number): string => formatMetric(metric, own, measure);
  return t('history.anomaly', {
    metric: t(`history.metric.${metric}`),
    value: text(value),
    n: runs,
    least: text(least),
    most: text(most),
  });
}
