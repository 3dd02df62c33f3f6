import { useState } from 'react';
import type { Gates } from '../../../src-shared/domain/project/gates';
import { answersOfRun } from '../../../src-shared/domain/runs/questions';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { recordSentence } from '../../i18n/record-sentences';
import { decisionsOf } from '../../../src-shared/domain/project/decisions';
import { useSession } from '../../state/session';
import { Tag } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { Icon } from '../../widgets/icons';
import { answerText } from './answers';
import { areGatesEqual, gateSentence, gatesOfRun, judgeAll, verdictOf } from './gates';
import { measureNote, statisticsNotes } from './notes';
import { decisionsOfRun, isOfProject } from './runs';
import shared from './results.module.css';
import styles from './verdicts.module.css';

interface VerdictsProps {
  readonly record: RunRecord;
  readonly gates: Gates;
}

/** The number of gates that each shipped variant meets, and the gates that it does not meet. */
export function Verdicts({ record, gates }: VerdictsProps) {
  const judged = judgeAll(record, gates);
  const isChanged = !areGatesEqual(gates, gatesOfRun(record));
  return (
    <div className={styles.root}>
      {record.shipped.map((variant) => {
        const verdict = verdictOf(judged, variant);
        switch (verdict.kind) {
          case 'open':
            return null;
          case 'ready':
            return (
              <Tag key={variant} tone="good">
                {t(verdict.gates.length === 1 ? 'results.verdict.readyOne' : 'results.verdict.readyAll', {
                  variant,
                  n: verdict.gates.length,
                })}
              </Tag>
            );
          case 'missed':
          case 'unjudged':
            return (
              <span key={variant} className={styles.missed}>
                {verdict.kind === 'missed' ? (
                  <Tag tone="danger">
                    {t('results.verdict.missed', { variant, n: verdict.gates.length, missed: verdict.missed.length })}
                  </Tag>
                ) : null}
                {verdict.unjudged.length === 0 ? null : (
                  <Tag tone="warning">
                    {t('results.verdict.unjudged', {
                      variant,
                      n: verdict.gates.length,
                      unjudged: verdict.unjudged.length,
                    })}
                  </Tag>
                )}
                {[...verdict.missed, ...verdict.unjudged].map((gate) => (
                  <span key={gate.name}>{gateSentence(gate)}</span>
                ))}
              </span>
            );
        }
      })}
      {isChanged ? <span className="dim">{t('results.verdict.changed')}</span> : null}
    </div>
  );
}

/** A note that the project differs from the run that is shown, because exports and diagnoses use the project. */
function ProjectNote({ record }: { readonly record: RunRecord }) {
  const project = useSession((state) => state.project);
  const edit = useSession((state) => state.edit);
  if (project === null || isOfProject(record, project.file)) return null;
  const adopt = (): void =>
    void edit(t('results.adopt.edit'), [
      { kind: 'restore', decisions: { ...decisionsOf(project.file), ...decisionsOfRun(record) } },
    ]);
  return (
    <li className={shared.caution}>
      <Icon name="warning" size={13} />
      {t(record.search === undefined ? 'results.adopt.edited' : 'results.adopt.searched')}
      <Button tone="quiet" onClick={adopt}>
        {t('results.adopt')}
      </Button>
    </li>
  );
}

export function Notes({ record }: { readonly record: RunRecord }) {
  const shippedHint = record.shipped.length === 0 ? '' : ` ${t('results.table.shipped')}`;
  return (
    <ul className={styles.notes}>
      <li className="dim">{`${t('results.table.note')}${shippedHint}`}</li>
      {record.search === undefined ? null : <li>{t('results.search', { found: record.search })}</li>}
      {answersOfRun(record).map((answer) => (
        <li key={answer.variant}>{answerText(answer)}</li>
      ))}
      <ProjectNote record={record} />
      {statisticsNotes(record)
        .filter(({ tone }) => tone === 'plain')
        .map((note, index) => (
          <li key={index} className="dim">
            {t(note.key, note.params)}
          </li>
        ))}
    </ul>
  );
}

/** This warning is omitted, because a note already names all variants with unsteady latencies. */
const SAID_BY_NOTES = 'latency-unsteady';
/** The number of cautions that are shown before the list is expanded. */
const SHOWN = 3;

/** Cautions for reading the table: the limits of the statistics, and the warnings of the run. */
export function Cautions({ record }: { readonly record: RunRecord }) {
  const [isUnfolded, setUnfolded] = useState(false);
  const missing = measureNote(record);
  const notes = [...(missing === null ? [] : [missing]), ...statisticsNotes(record)]
    .filter(({ tone }) => tone === 'caution')
    .map(({ key, params }) => t(key, params));
  const all = [
    ...notes,
    ...record.warnings.filter(({ code }) => code !== SAID_BY_NOTES).map(({ message }) => recordSentence(message)),
  ];
  if (all.length === 0) return null;
  return (
    <ul className={styles.cautions} aria-label={t('results.warnings')}>
      {(isUnfolded ? all : all.slice(0, SHOWN)).map((text, index) => (
        <li key={index}>
          <Icon name="warning" size={13} />
          <span>{text}</span>
        </li>
      ))}
      {all.length <= SHOWN ? null : (
        <li>
          <Button tone="quiet" aria-expanded={isUnfolded} onClick={() => setUnfolded(!isUnfolded)}>
            {isUnfolded ? t('results.warnings.fewer') : t('results.warnings.more', { n: all.length - SHOWN })}
          </Button>
        </li>
      )}
    </ul>
  );
}
