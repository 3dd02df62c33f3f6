import type { ProjectView } from '../../../src-shared/contract/views';
import type { RunAnalysis } from '../../../src-shared/contract/jobs';
import { isFinished, type JobSnapshot } from '../../../src-shared/contract/jobs';
import { t } from '../../i18n';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { useView } from '../../state/view';
import { Button } from '../../widgets/button';
import { EmptyState } from '../../widgets/states';
import { Icon } from '../../widgets/icons';
import { ThreePanes } from '../../widgets/three-panes';
import { ExportPanel } from './export-panel';
import { GatesPanel } from './gates-panel';
import { JobView } from './job-view';
import { ProjectFacts } from './project-facts';
import { factsOf, specOf, startProblems } from './run-options';
import { RunOptionsPanel } from './run-options-panel';
import { useRunOptions } from './run-store';
import { STARTABLE_KINDS, stepsOf, type StartableKind } from './run-steps';
import { chosenShapes, useShapeProfiles } from './shape-profiles';
import { shownJob, waitingJobs } from './step-list';
import { classNames } from '../../widgets/class-names';
import shared from './run.module.css';
import styles from './run-screen.module.css';

export function RunScreen() {
  const project = useSession((state) => state.project);
  const openScreen = useView((state) => state.openScreen);
  if (project === null) {
    return (
      <EmptyState
        title={t('run.empty')}
        action={<Button onClick={() => openScreen('start')}>{t('run.empty.action')}</Button>}
      />
    );
  }
  return (
    <ThreePanes
      left={<RunOptionsPanel projectPath={project.path} projectTarget={project.file.target} />}
      main={<RunMain project={project} />}
      right={
        <>
          <GatesPanel gates={project.file.gates} task={project.file.task?.kind} />
          <ProjectFacts project={project} />
          <ExportPanel key={project.path} project={project} />
        </>
      }
    />
  );
}

const SINGLE_STEPS = ['calibrate', 'validate', 'bench'] as const satisfies readonly StartableKind[];

function RunMain({ project }: { readonly project: ProjectView }) {
  const jobs = useJobs((state) => state.jobs);
  const job = shownJob(jobs, project.path);
  const { problemsOf, start } = useStart(project);
  const analyses = useRunOptions((state) => state.options.analyses);
  const isBusy = job !== null && !isFinished(job);
  const problems = problemsOf('run');
  const waiting = waitingJobs(jobs, job).length;
  const retryKind = job === null ? null : startableKind(job);
  return (
    <div className={styles.main}>
      <h1 className="visually-hidden">{t('run.title')}</h1>
      <div className={styles.head}>
        <Button
          tone="primary"
          icon="play"
          className={styles.start}
          disabled={problems.length > 0}
          onClick={() => start('run')}
        >
          {t(isBusy ? 'run.enqueue' : job?.kind === 'run' ? 'run.startAgain' : 'run.start')}
        </Button>
        <span className={shared.grow} />
        <div className={styles.single} role="group" aria-label={t('run.single')}>
          {SINGLE_STEPS.map((kind) => {
            const [problem] = problemsOf(kind);
            const hint = problem === undefined ? t(`run.single.${kind}.hint`) : t(problem);
            return (
              <Button key={kind} disabled={problem !== undefined} title={hint} onClick={() => start(kind)}>
                {t(`run.single.${kind}`)}
              </Button>
            );
          })}
        </div>
      </div>
      <Problems keys={problems} />
      {project.file.validationSet === null ? (
        <p className={classNames(shared.note, 'dim')}>{t('run.note.noValidation')}</p>
      ) : null}
      {job === null ? (
        <PlannedSteps analyses={analyses} />
      ) : (
        <JobView
          job={job}
          hasValidationSet={project.file.validationSet !== null}
          onRetry={retryKind === null || problemsOf(retryKind).length > 0 ? null : () => start(retryKind)}
        />
      )}
      {waiting === 0 ? null : <p className={classNames(shared.note, 'dim')}>{t('run.queued', { n: waiting })}</p>}
    </div>
  );
}

function startableKind(job: JobSnapshot): StartableKind | null {
  return STARTABLE_KINDS.find((kind) => kind === job.kind) ?? null;
}

/** Starts jobs with the chosen options. */
function useStart(project: ProjectView) {
  const options = useRunOptions((state) => state.options);
  const startJob = useJobs((state) => state.start);
  const shapes = chosenShapes(useShapeProfiles(), project.path, options.batches);
  const facts = { ...factsOf(project), hasShapeProblem: shapes.problem !== null };
  const problemsOf = (kind: StartableKind): readonly string[] => startProblems(kind, options, facts);
  const start = (kind: StartableKind): void => {
    if (problemsOf(kind).length === 0) void startJob(specOf(kind, options, project.path, shapes.profiles));
  };
  return { problemsOf, start };
}

function Problems({ keys }: { readonly keys: readonly string[] }) {
  return keys.map((key) => (
    <p key={key} className={shared.problem} role="alert">
      <Icon name="warning" /> {t(key)}
    </p>
  ));
}

/** The steps that a run will have, shown before the first run. */
function PlannedSteps({ analyses }: { readonly analyses: readonly RunAnalysis[] }) {
  return (
    <section className={shared.job} aria-labelledby="run-steps">
      <h2 id="run-steps">{t('run.steps')}</h2>
      <p className={classNames(shared.note, 'dim')}>{t('run.planned')}</p>
      <ol className={shared.steps}>
        {stepsOf({ kind: 'run', analyses }).map((step, index) => (
          <li key={step} className={classNames(shared.step, shared.stepWaiting)}>
            <span className={shared.stepMark}>
              <span className={shared.stepNumber}>{index + 1}</span>
            </span>
            <span className={shared.stepName}>{t(`run.step.${step}`)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
