import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { formatMs } from '../../../src-shared/base/units';
import type { HistoryEntry, MarkedEntry } from '../../../src-shared/domain/history/history-entry';
import type { Measure } from '../../../src-shared/domain/tasks/measure';
import { formatMeasure } from '../../../src-shared/domain/tasks/measure-text';
import { t, useLanguage } from '../../i18n';
import { IconButton } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { Icon } from '../../widgets/icons';
import { runHeadline, type RunHeadline, runTime } from './runs';
import styles from './run-list.module.css';

interface RunListProps {
  readonly entries: readonly MarkedEntry[];
  readonly shownId: string;
  readonly comparedId: string | null;
  readonly onShow: (runId: string) => void;
  readonly onCompare: (runId: string | null) => void;
}

const ROW_HEIGHT = 46;

/**
 * All recorded runs, newest first: the shipped variant, its accuracy and latency, and whether the gates were met. Only
 * the visible ones are rendered.
 */
export function RunList({ entries, shownId, comparedId, onShow, onCompare }: RunListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const shownIndex = entries.findIndex(({ runId }) => runId === shownId);
  const virtualizer = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  });
  useEffect(() => {
    if (shownIndex >= 0) virtualizer.scrollToIndex(shownIndex, { align: 'auto' });
  }, [shownIndex, virtualizer]);
  return (
    <div className={styles.root}>
      <h2>{t('results.runs')}</h2>
      <div className={styles.scroller} ref={scroller}>
        <ul style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const entry = entries[index];
            return entry === undefined ? null : (
              <RunItem
                key={entry.runId}
                entry={entry}
                index={index}
                count={entries.length}
                topPx={start}
                isShown={entry.runId === shownId}
                isCompared={entry.runId === comparedId}
                onShow={onShow}
                onCompare={onCompare}
              />
            );
          })}
        </ul>
      </div>
    </div>
  );
}

interface RunItemProps extends Pick<RunListProps, 'onShow' | 'onCompare'> {
  readonly entry: MarkedEntry;
  /** Position in the list of all runs, from 0. */
  readonly index: number;
  readonly count: number;
  readonly topPx: number;
  readonly isShown: boolean;
  readonly isCompared: boolean;
}

function RunItem({ entry, index, count, topPx, isShown, isCompared, onShow, onCompare }: RunItemProps) {
  const language = useLanguage();
  const { runId, createdAt, marks } = entry;
  const time = runTime(createdAt, language);
  return (
    <li
      className={classNames(styles.run, isShown && styles.shown, isCompared && styles.compared)}
      style={{ top: topPx }}
      aria-setsize={count}
      aria-posinset={index + 1}
    >
      <button
        type="button"
        className={styles.button}
        aria-current={isShown ? 'true' : undefined}
        title={t('results.run.open', { time })}
        onClick={() => onShow(runId)}
      >
        <span className="ellipsis">
          {marks?.name ?? time}
          {index === 0 ? <span className="dim"> · {t('results.run.newest')}</span> : null}
        </span>
        <RunLine entry={entry} />
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

function RunLine({ entry }: { readonly entry: HistoryEntry }) {
  const { variant, measure, latencyMs, gates } = runHeadline(entry);
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
