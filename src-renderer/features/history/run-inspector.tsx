import { useMemo, useState } from 'react';
import type { MarkedEntry, RunMarksEdit } from '../../../src-shared/domain/history/history-entry';
import { t, useLanguage } from '../../i18n';
import { reportError } from '../../state/notices';
import { useSession } from '../../state/session';
import { Button } from '../../widgets/button';
import { Select, TextField } from '../../widgets/fields';
import { Anomalies } from '../../panels/history/anomalies';
import { historyTime } from '../../panels/history/history-text';
import styles from './history.module.css';

const NO_RUN = '';
/** Runs that the list of the comparison offers; any other can be compared through its row and the address. */
const OFFERED = 200;

interface RunInspectorProps {
  readonly projectPath: string;
  readonly entries: readonly MarkedEntry[];
  readonly entry: MarkedEntry;
  readonly comparedId: string | null;
  readonly onCompare: (runId: string | null) => void;
  readonly onMarked: () => void;
}

/** The chosen run: what people wrote about it, what is unusual about it, and what it is compared with. */
export function RunInspector({ projectPath, entries, entry, comparedId, onCompare, onMarked }: RunInspectorProps) {
  const language = useLanguage();
  const api = useSession((state) => state.api);
  const mark = (marks: RunMarksEdit): void => {
    api.markRun({ projectPath, runId: entry.runId, marks }).then(onMarked, reportError);
  };
  const choices = useMemo(
    () => [
      { value: NO_RUN, label: t('results.compare.none') },
      ...entries
        .filter(({ runId }, i) => runId !== entry.runId && (i < OFFERED || runId === comparedId))
        .map(({ runId, createdAt, marks }) => ({
          value: runId,
          label: marks?.name ?? historyTime(createdAt, language),
        })),
    ],
    [entries, comparedId, entry.runId, language],
  );
  return (
    <div className={styles.inspector}>
      <h2>{historyTime(entry.createdAt, language)}</h2>
      <p className="dim">{entry.runId}</p>
      <Anomalies entries={entries} entry={entry} />
      <Marks key={entry.runId} entry={entry} onMark={mark} />
      <Select
        label={t('results.compare')}
        value={comparedId ?? NO_RUN}
        choices={choices}
        onChoose={(runId) => onCompare(runId === NO_RUN ? null : runId)}
      />
      <dl className={styles.facts}>
        {(['project', 'branch', 'commit', 'hardware', 'software', 'method'] as const).map((field) =>
          entry[field] === undefined ? null : (
            <div key={field}>
              <dt className="dim">{t(`history.fact.${field}`)}</dt>
              <dd>{entry[field]}</dd>
            </div>
          ),
        )}
      </dl>
    </div>
  );
}

function Marks({ entry, onMark }: { readonly entry: MarkedEntry; readonly onMark: (marks: RunMarksEdit) => void }) {
  const { name = '', note = '', tags = [], isPinned = false } = entry.marks ?? {};
  const [texts, setTexts] = useState({ name, note, tags: tags.join(', ') });
  const keep = (): void =>
    onMark({
      name: texts.name,
      note: texts.note,
      tags: texts.tags
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
    });
  return (
    <form
      className={styles.marks}
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
    >
      {(['name', 'note', 'tags'] as const).map((field) => (
        <TextField
          key={field}
          label={t(`history.mark.${field}`)}
          value={texts[field]}
          onChange={({ target }) => setTexts({ ...texts, [field]: target.value })}
        />
      ))}
      <div className={styles.buttons}>
        <Button type="submit">{t('history.mark.keep')}</Button>
        <Button aria-pressed={isPinned} onClick={() => onMark({ isPinned: isPinned ? null : true })}>
          {t(isPinned ? 'history.mark.unpin' : 'history.mark.pin')}
        </Button>
      </div>
    </form>
  );
}
