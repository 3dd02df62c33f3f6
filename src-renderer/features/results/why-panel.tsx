import { formatFraction } from '../../../src-shared/base/units';
import type { ProjectView } from '../../../src-shared/contract/views';
import type { DiagnosisAction, DiagnosisResult, DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { t, useLanguage } from '../../i18n';
import { useAnalyses } from '../../state/analyses';
import { openHistogramOf } from '../../state/histogram-tab';
import { useSession } from '../../state/session';
import { AnalysisStart } from '../../panels/analysis/analysis-start';
import { ResultFacts } from '../../panels/analysis/screen-parts';
import { MethodBadge, PrecisionBadge } from '../../widgets/badge';
import { Button, IconButton } from '../../widgets/button';
import { ErrorBox } from '../../widgets/states';
import { ModelName } from '../../widgets/model-name';
import { useResults } from './results-store';
import {
  actionEdit,
  actionName,
  changeText,
  diagnosisSummary,
  isApplied,
  isSameSubject,
  sqnrText,
  storedDiagnosis,
  subjectName,
  useKnownClipping,
} from './why';
import styles from './why-panel.module.css';

interface WhyPanelProps {
  readonly project: ProjectView;
  readonly validation: ValidationRecord;
  readonly variant: string;
  readonly subject: DiagnosisSubject;
}

/** Why some images got worse: the tensors that clip them, and single changes that help, each with a button. */
export function WhyPanel({ project, validation, variant, subject }: WhyPanelProps) {
  const askWhy = useResults((state) => state.askWhy);
  const language = useLanguage();
  const { view, error } = useAnalyses();
  const { target } = project.file;
  const found = storedDiagnosis(view, { subject, variant, target });
  const name = subjectName(subject, validation);
  const known = useKnownClipping(project, subject);
  return (
    <section className={styles.root} aria-label={t('results.why.title', { name })}>
      <header className={styles.head}>
        <h2>{t('results.why.title', { name })}</h2>
        <IconButton icon="close" label={t('widgets.close')} onClick={() => askWhy(null)} />
      </header>
      <p className="dim">{t('results.why.variant', { variant })}</p>
      {error === null ? null : <ErrorBox error={error} />}
      {found === null ? (
        <>
          {known === null ? null : (
            <>
              <p className="dim">{t('results.why.known', { name })}</p>
              <ClippedList clipped={known} />
            </>
          )}
          <p>{t(known === null ? 'results.why.what' : 'results.why.further')}</p>
        </>
      ) : (
        <>
          <p className={styles.summary}>{diagnosisSummary(found.result, name, language)}</p>
          <ResultFacts isCurrent={found.isCurrent} images={found.result.images} createdAt={found.result.createdAt} />
          <ClippedList clipped={found.result.clipped} />
          <WhyActions actions={found.result.actions} file={project.file} />
        </>
      )}
      <AnalysisStart
        key={JSON.stringify([variant, subject])}
        spec={{ kind: 'diagnose', projectPath: project.path, variant, subject, target }}
        label={t(found === null ? 'results.why.start' : 'results.why.repeat')}
        problem={problemOf(project)}
        isPrimary={found === null}
      />
    </section>
  );
}

function problemOf(project: ProjectView): string | null {
  if (!project.calibrated) return t('results.why.notCalibrated');
  return project.file.validationSet === null ? t('results.why.noValidation') : null;
}

/**
 * The tensors that clip the images, with the clipped share for these images and for the calibration set. A click shows
 * the histogram.
 */
function ClippedList({ clipped }: Pick<DiagnosisResult, 'clipped'>) {
  const most = clipped.reduce((high, { clippedFraction, elsewhere }) => Math.max(high, clippedFraction, elsewhere), 0);
  const width = (share: number): string => `${most > 0 ? (100 * share) / most : 0}%`;
  return (
    <section>
      <h3>{t('results.why.clipped')}</h3>
      {clipped.length === 0 ? <p className="dim">{t('results.why.noneClipped')}</p> : null}
      <ul className={styles.list}>
        {clipped.map(({ tensor, clippedFraction, elsewhere }) => (
          <li key={tensor}>
            <button
              type="button"
              className={styles.tensor}
              title={t('results.why.histogram', { tensor })}
              onClick={() => openHistogramOf(tensor)}
            >
              <ModelName name={tensor} />
            </button>
            <dl className={styles.shares} data-testid="clipped-shares">
              <Share
                label={t('results.why.here')}
                share={clippedFraction}
                width={width(clippedFraction)}
                className={styles.barHere}
              />
              <Share
                label={t('results.why.elsewhere')}
                share={elsewhere}
                width={width(elsewhere)}
                className={styles.barElsewhere}
              />
            </dl>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ShareProps {
  readonly label: string;
  readonly share: number;
  readonly width: string;
  readonly className: string | undefined;
}

function Share({ label, share, width, className }: ShareProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className={styles.track} title={`${share * 100} %`}>
        <span className={className} style={{ width }} />
      </dd>
      <dd className="number">{formatFraction(share)}</dd>
    </div>
  );
}

interface WhyActionsProps {
  readonly actions: readonly DiagnosisAction[];
  readonly file: ProjectFile;
}

/** Single changes with their measured effect on these images. Each is applied with one click and can be undone. */
function WhyActions({ actions, file }: WhyActionsProps) {
  return (
    <section>
      <h3>{t('results.why.actions')}</h3>
      <p className="dim">{t(actions.length === 0 ? 'results.why.noAction' : 'results.why.actions.note')}</p>
      <ul className={styles.list}>
        {actions.map((action) => (
          <Action key={`${action.kind} ${action.name}`} action={action} file={file} />
        ))}
      </ul>
    </section>
  );
}

function Action({ action, file }: { readonly action: DiagnosisAction; readonly file: ProjectFile }) {
  const edit = useSession((state) => state.edit);
  const change = actionEdit(action);
  const name = actionName(action);
  const isDone = change !== null && isApplied(change, file);
  return (
    <li className={styles.action} data-testid="why-action">
      <div className={styles.actionName}>
        {action.kind === 'release' ? (
          <PrecisionBadge precision={action.precision ?? 'fp16'} />
        ) : (
          <MethodBadge method={action.method ?? 'manual'} title={t(`histogram.method.${action.method ?? 'manual'}`)} />
        )}
        <span>{name}</span>
      </div>
      <p data-testid="why-change">{changeText(action.before, action.after)}</p>
      <p className="dim">{sqnrText(action.before, action.after)}</p>
      <Button
        disabled={change === null || isDone}
        aria-label={`${t(isDone ? 'results.why.applied' : 'results.why.apply')}: ${name}`}
        onClick={() => change !== null && void edit(name, [change])}
      >
        {t(isDone ? 'results.why.applied' : 'results.why.apply')}
      </Button>
    </li>
  );
}

/** A button that asks why a group, a class or a confusion got worse; the answer opens on the right. */
export function WhyButton({ subject, name }: { readonly subject: DiagnosisSubject; readonly name: string }) {
  const isAsked = useResults((state) => isSameSubject(state.why, subject));
  const askWhy = useResults((state) => state.askWhy);
  return (
    <button
      type="button"
      className={styles.why}
      aria-pressed={isAsked}
      aria-label={t('results.why.ask', { name })}
      title={t('results.why.ask', { name })}
      onClick={() => askWhy(isAsked ? null : subject)}
    >
      {t('results.why')}
    </button>
  );
}
