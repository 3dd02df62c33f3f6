import type { ProjectView } from '../../../../src-shared/contract/views';
import { type TaskGuess, TASKS } from '../../../../src-shared/domain/tasks/task';
import { t } from '../../../i18n';
import { recordSentence } from '../../../i18n/record-sentences';
import { useSession } from '../../../state/session';
import { Button } from '../../../widgets/button';
import { Select } from '../../../widgets/fields';
import { DecoderForm, SegmentationForm } from './decoder-form';
import { type TaskEditor, useTaskGuess } from './task-draft';
import styles from './task-panel.module.css';

const UNDECIDED = 'undecided';

interface TaskPanelProps {
  readonly project: ProjectView;
  readonly editor: TaskEditor;
}

/** The inspector column: what the model does, why that is believed, and the settings, which can be changed. */
export function TaskPanel({ project, editor }: TaskPanelProps) {
  const guess = useTaskGuess(project);
  const outputs = useSession((state) => state.model?.outputs ?? NO_OUTPUTS);
  const { value, isChanged } = editor;
  return (
    <section className={styles.root} aria-labelledby="data-task-title">
      <h2 id="data-task-title">{t('task.title')}</h2>
      <Select
        label={t('task.what')}
        value={value?.kind ?? UNDECIDED}
        choices={[
          { value: UNDECIDED, label: t('task.undecided') },
          ...TASKS.map((kind) => ({
            value: kind,
            label: t(`task.${kind}`),
            // A metric of the user's own is a program; the command line names it.
            disabled: kind === 'custom' && value?.kind !== 'custom',
          })),
        ]}
        onChoose={(kind) => editor.choose(kind === UNDECIDED ? null : kind)}
      />
      <Reasons guess={guess} />
      {value?.kind === 'detection' ? (
        <DecoderForm task={value} outputs={outputs} onChange={editor.change} />
      ) : value?.kind === 'segmentation' ? (
        <SegmentationForm task={value} outputs={outputs} onChange={editor.change} />
      ) : (
        <p className="dim">{t(`task.${value?.kind ?? UNDECIDED}.text`)}</p>
      )}
      {value?.kind === 'detection' || value?.kind === 'segmentation' ? (
        <div className={styles.footer}>
          <p role="status">{t(isChanged ? 'task.changed' : 'task.unchanged')}</p>
          <div className={styles.actions}>
            <Button tone="primary" disabled={!isChanged} onClick={editor.apply}>
              {t('task.use')}
            </Button>
            <Button disabled={!isChanged} onClick={editor.discard}>
              {t('data.reset')}
            </Button>
          </div>
        </div>
      ) : null}
    </section>
  );
}

const NO_OUTPUTS: readonly string[] = [];

/** Why the outputs suggest a task. */
function Reasons({ guess }: { readonly guess: TaskGuess | null }) {
  if (guess === null || guess.notes.length === 0) return null;
  return (
    <section aria-labelledby="data-task-guess">
      <h3 id="data-task-guess">{t('data.guessed')}</h3>
      <ul className={styles.reasons}>
        {guess.notes.map((note) => (
          <li key={note}>{recordSentence(note)}</li>
        ))}
      </ul>
    </section>
  );
}
