import { formatReal } from '../../../src-shared/base/units';
import { METRIC_NAMES, type MarkedEntry } from '../../../src-shared/domain/history/history-entry';
import { formatMetric } from '../../../src-shared/domain/history/metrics';
import { changedPart, changesBetween } from '../../../src-shared/domain/history/trend';
import { compareDetails } from '../../../src-shared/domain/runs/run-details';
import { t, useLanguage } from '../../i18n';
import { historyTime } from '../../panels/history/history-text';
import { useEngineStore } from '../../state/engine';
import { useRun } from '../../state/run-history';
import { useView } from '../../state/view';
import { Button } from '../../widgets/button';
import { ErrorBox } from '../../widgets/states';
import styles from './history.module.css';

/** Changed thresholds that are listed; the command line lists all. */
const LISTED = 30;

interface ComparisonProps {
  readonly from: MarkedEntry;
  readonly to: MarkedEntry;
}

/** What differs between two runs: settings, values, thresholds and layers. */
export function Comparison({ from, to }: ComparisonProps) {
  const language = useLanguage();
  const openScreen = useView((state) => state.openScreen);
  const showEngines = (): void => {
    useEngineStore.getState().choose({ shown: to.runId, comparedWith: from.runId });
    openScreen('model');
  };
  const changes = changesBetween(from, to);
  const metrics = METRIC_NAMES.filter((name) => from.values[name] !== undefined || to.values[name] !== undefined);
  const cell = (entry: MarkedEntry, name: (typeof METRIC_NAMES)[number]): string => {
    const value = entry.values[name];
    return value === undefined ? '–' : formatMetric(name, value, entry.measureName);
  };
  return (
    <section className={styles.comparison} aria-labelledby="history-comparison">
      <h2 id="history-comparison">
        {t('history.comparison', {
          from: historyTime(from.createdAt, language),
          to: historyTime(to.createdAt, language),
        })}
      </h2>
      {from.values.latencyMs === undefined || to.values.latencyMs === undefined ? null : (
        <p>
          <Button title={t('history.comparison.engines.hint')} onClick={showEngines}>
            {t('history.comparison.engines')}
          </Button>
        </p>
      )}
      {changes.length === 0 ? <p className="dim">{t('history.comparison.same')}</p> : null}
      <table className={styles.table}>
        <tbody>
          {changes.map((change) => (
            <tr key={change}>
              <th scope="row">{t(`history.change.${change}`)}</th>
              <td>{changedPart(change, from)}</td>
              <td>{changedPart(change, to)}</td>
            </tr>
          ))}
          {metrics.map((name) => (
            <tr key={name}>
              <th scope="row">{t(`history.metric.${name}`)}</th>
              <td className={styles.number}>{cell(from, name)}</td>
              <td className={styles.number}>{cell(to, name)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Details from={from.runId} to={to.runId} />
    </section>
  );
}

function Details({ from, to }: { readonly from: string; readonly to: string }) {
  const [before, after] = [useRun(from), useRun(to)];
  if (before?.kind === 'failed') return <ErrorBox title={t('results.failed')} error={before.error} />;
  if (after?.kind === 'failed') return <ErrorBox title={t('results.failed')} error={after.error} />;
  if (before?.kind !== 'ready' || after?.kind !== 'ready') return null;
  if (before.value.details === null || after.value.details === null)
    return <p className="dim">{t('history.details.none')}</p>;
  const { thresholds, layers } = compareDetails(before.value.details, after.value.details);
  const text = (value: number | undefined): string => (value === undefined ? '–' : formatReal(value));
  return (
    <>
      <h3>{t('history.details', { thresholds: thresholds.length, layers: layers.length })}</h3>
      {thresholds.length + layers.length === 0 ? null : (
        <table className={styles.table}>
          <tbody>
            {layers.map(({ name, from: old = '–', to: now = '–' }) => (
              <tr key={`layer ${name}`}>
                <th scope="row">{name}</th>
                <td>{old}</td>
                <td>{now}</td>
              </tr>
            ))}
            {thresholds.slice(0, LISTED).map(({ name, from: old, to: now }) => (
              <tr key={`threshold ${name}`}>
                <th scope="row">{name}</th>
                <td className={styles.number}>{text(old)}</td>
                <td className={styles.number}>{text(now)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {thresholds.length > LISTED ? (
        <p className="dim">{t('history.details.more', { n: thresholds.length - LISTED })}</p>
      ) : null}
    </>
  );
}
