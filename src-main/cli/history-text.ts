import type { AnomalyReport } from '../../src-shared/domain/history/anomalies';

/** What is unusual about a run, and what may have caused it. */
export function anomalyLines({ anomalies, causes }: Pick<AnomalyReport, 'anomalies' | 'causes'>): string[] {
  if (anomalies.length === 0) return [];
  return [...anomalies.map(({ message }) => message), ...causes.map(({ message }) => `  possible cause: ${message}`)];
}
