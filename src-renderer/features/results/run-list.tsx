import type { RunSummary } from '../../../src-shared/contract/views';
import { formatMs } from '../../../src-shared/base/units';
import type { Measure } from '../../../src-shared/domain/tasks/measure';
import { formatMeasure } from '../../../src-shared/domain/tasks/measure-text';
import { t, useLanguage } from '../../i18n';
import { IconButton } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { Icon } from '../../widgets/icons';
import { runHeadline, type RunHeadline, runTime } from './runs';
import styles from './run-list.module.css';

interface RunListProps {
  readonly runs: readonly RunSummary[];
  readonly shownId: string;
  readonly comparedId: string | null;
  readonly onShow: (runId: string) => void;
  readonly onCompare: (runId: string | null) => void;
}

/** All recorded runs, newest first: the shipped variant, its accuracy and latency, and whether the gates were met. */
export function RunList({ runs, shownId, comparedId, onShow, onCompare }: RunListProps) {
  const language = useLanguage();
  return (
    <div className={styles.root}>
      <h2>{t('results.runs')}</h2>
      <ul>
        {runs.map(({ runId, record }, index) => {
          const isShown = runId === shownId;
          const isCompared = runId === comparedId;
          const time = runTime(record.createdAt, language);
          return (
            <li key={runId} className={classNames(styles.run, isShown && styles.shown, isCompared && styles.compared)}>
              <button
                type="button"
                className={styles.button}
                aria-current={isShown ? 'true' : undefined}
                title={t('results.run.open', { time })}
                onClick={() => onShow(runId)}
              >
                <span>
                  {time}
                  {index === 0 ? <span className="dim"> · {t('results.run.newest')}</span> : null}
                </span>
                <RunLine summary={record} />
              </button>
              {isShown ? null : (
                <IconButton
                  icon={isCompared ? 'close' : 'link'}
                  label={isCompared ? t('results.run.compareStop') : t('results.run.compare', { time })}
                  aria-pressed={isCompared}
                  onClick={() => onCompare(isCompared ? null : runId)}
                />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** An icon for: all gates met, some missed, or none missed but some not judged. */
function GatesIcon({ all: n, missed, unjudged }: NonNullable<RunHeadline['gates']>) {
  if (missed > 0) return <Icon name="cross" size={12} label={t('results.run.missed', { n, missed })} />;
  if (unjudged > 0) return <Icon name="help" size={12} label={t('results.run.unjudged', { n, unjudged })} />;
  return <Icon name="check" size={12} label={t('results.run.met', { n })} />;
}

/** Top-1 stands alone, other measures with their name: `AP 35.45`. */
function measureText({ name, value }: Measure): string {
  const text = formatMeasure(name, value);
  return name === 'top-1' ? text : `${name} ${text}`;
}

function RunLine({ summary }: { readonly summary: RunSummary['record'] }) {
  const { variant, measure, latencyMs, gates } = runHeadline(summary);
  const numbers = [
    measure === null ? null : measureText(measure),
    latencyMs === null ? null : formatMs(latencyMs),
  ].filter((text) => text !== null);
  return (
    <span className={classNames(styles.line, 'dim')}>
      {gates === null ? null : <GatesIcon {...gates} />}
      {[variant ?? '–', ...numbers].join(' · ')}
    </span>
  );
}
