import { useMemo } from 'react';
import { MIN_RUNS } from '../../../src-shared/domain/history/anomalies';
import { historyEntry } from '../../../src-shared/domain/history/history-entry';
import type { ProjectView, RunSummary } from '../../../src-shared/contract/views';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { t, useLanguage } from '../../i18n';
import { useSession } from '../../state/session';
import { useView } from '../../state/view';
import { EmptyUnlessRunning } from '../../panels/analysis/analysis-start';
import { Anomalies } from '../../panels/history/anomalies';
import { ReadinessLine } from '../../panels/history/readiness-line';
import { Button } from '../../widgets/button';
import { EmptyState, ErrorBox } from '../../widgets/states';
import { Select } from '../../widgets/fields';
import { ThreePanes } from '../../widgets/three-panes';
import { Cautions, Notes, Verdicts } from './verdicts';
import { ChangesSection, RunFacts } from './run-settings';
import { judgeAll } from './gates';
import { FixSection } from './fix-section';
import { HeadlineLine } from './headline-line';
import { LatencySection } from './latency-section';
import { OperatingSection } from './operating-section';
import { useEscape, useResults } from './results-store';
import { RunList } from './run-list';
import { runTime, useRuns } from './runs';
import { useReport } from './use-report';
import { VariantsTable } from './variants-table';
import { comparedVariants } from './what-got-worse';
import { WhyPanel } from './why-panel';
import { WorseSection } from './worse-section';
import styles from './results-screen.module.css';

export function ResultsScreen() {
  const project = useSession((state) => state.project);
  const openScreen = useView((state) => state.openScreen);
  if (project === null) {
    return (
      <EmptyState
        title={t('results.empty.project')}
        action={<Button onClick={() => openScreen('start')}>{t('results.empty.start')}</Button>}
      />
    );
  }
  return <ProjectResults project={project} />;
}

function ProjectResults({ project }: { readonly project: ProjectView }) {
  const { state, reload } = useRuns(project.path);
  const openScreen = useView((view) => view.openScreen);
  switch (state.kind) {
    case 'loading':
      return <EmptyState title={t('results.loading', { project: project.file.name })} />;
    case 'failed':
      return (
        <div className={styles.failed}>
          <ErrorBox
            title={t('results.failed')}
            error={state.error}
            action={<Button onClick={reload}>{t('results.retry')}</Button>}
          />
        </div>
      );
    case 'ready':
      if (state.runs.length > 0) return <Runs project={project} runs={state.runs} />;
      return (
        <div className={styles.main}>
          <EmptyUnlessRunning
            projectPath={project.path}
            kinds={['run']}
            title={t('results.empty')}
            action={
              <Button tone="primary" onClick={() => openScreen('run')}>
                {t('results.empty.action')}
              </Button>
            }
          >
            {t('results.empty.text')}
          </EmptyUnlessRunning>
          {project.calibrated ? <FixSection project={project} /> : null}
        </div>
      );
  }
}

interface RunsProps {
  readonly project: ProjectView;
  readonly runs: readonly RunSummary[];
}

function Runs({ project, runs }: RunsProps) {
  const { runId, compareId, variant, why, showRun, compareWith } = useResults();
  const shown = runs.find((run) => run.runId === runId) ?? runs[0];
  if (shown === undefined) return null;
  const compared = runs.find((run) => run.runId === compareId && run.runId !== shown.runId) ?? null;
  const { validation } = shown.record;
  const explained = chosenVariant(shown.record, variant);
  return (
    <ThreePanes
      left={
        <RunList
          runs={runs}
          shownId={shown.runId}
          comparedId={compared?.runId ?? null}
          onShow={showRun}
          onCompare={compareWith}
        />
      }
      main={
        <RunResults
          key={shown.runId}
          project={project}
          runs={runs}
          record={shown.record}
          compared={compared?.record ?? null}
        />
      }
      right={
        why === null || validation === null || explained === null ? null : (
          <WhyPanel project={project} validation={validation} variant={explained} subject={why} />
        )
      }
    />
  );
}

/** The variant whose losses are shown: the chosen one, otherwise the shipped one. */
function chosenVariant(record: RunRecord, variant: string | null): string | null {
  const reports = comparedVariants(record);
  return (reports.find((report) => report.variant === variant) ?? reports[0])?.variant ?? null;
}

interface RunResultsProps extends RunsProps {
  readonly record: RunRecord;
  readonly compared: RunRecord | null;
}

function RunResults({ project, runs, record, compared }: RunResultsProps) {
  const { variant, showVariant } = useResults();
  const { gates } = project.file;
  const chosen = chosenVariant(record, variant);
  const judged = judgeAll(record, gates);
  useEscape();
  return (
    <div className={styles.main}>
      <ResultsHead project={project} runs={runs} record={record} compared={compared} />
      <HeadlineLine project={project} record={record} judged={judged} />
      <Verdicts record={record} gates={gates} />
      <Cautions record={record} />
      <HistoryLines runs={runs} record={record} />
      <VariantsTable record={record} judged={judged} chosen={chosen} onChoose={showVariant} />
      <Notes record={record} />
      <FixSection project={project} />
      {compared === null ? null : <ChangesSection from={compared} to={record} />}
      {record.validation === null ? null : <WorseSection record={record} validation={record.validation} />}
      <OperatingSection record={record} />
      {record.benchmark === null ? null : <LatencySection benchmark={record.benchmark} shipped={record.shipped} />}
      <RunFacts record={record} />
    </div>
  );
}

/** What is unusual about the run, and for the newest run how likely the next one meets all gates. */
function HistoryLines({ runs, record }: Pick<RunResultsProps, 'runs' | 'record'>) {
  const entries = useMemo(() => runs.map((run) => historyEntry(run.record, null)), [runs]);
  const entry = entries.find(({ runId }) => runId === record.runId);
  // A project with few runs has no history to speak of.
  if (entry === undefined || entries.length < MIN_RUNS) return null;
  return (
    <>
      <Anomalies entries={entries} entry={entry} />
      {entry === entries[0] ? <ReadinessLine entries={entries} /> : null}
    </>
  );
}

const NO_RUN = '';

function ResultsHead({ project, runs, record, compared }: RunResultsProps) {
  const language = useLanguage();
  const compareWith = useResults((state) => state.compareWith);
  const report = useReport(project.path, record);
  const choices = [
    { value: NO_RUN, label: t('results.compare.none') },
    ...runs
      .filter((run) => run.runId !== record.runId)
      .map((run) => ({ value: run.runId, label: runTime(run.record.createdAt, language) })),
  ];
  return (
    <header className={styles.head}>
      <h1>{runTime(record.createdAt, language)}</h1>
      {runs.length < 2 ? null : (
        <div className={styles.compare}>
          <Select
            label={t('results.compare')}
            value={compared?.runId ?? NO_RUN}
            choices={choices}
            onChoose={(runId) => compareWith(runId === NO_RUN ? null : runId)}
          />
        </div>
      )}
      <span className={styles.grow} />
      <Button icon="file" title={t('results.report.open.hint')} onClick={report.openReport}>
        {t('results.report.open')}
      </Button>
      <Button icon="download" title={t('results.report.save.hint')} onClick={report.saveReport}>
        {t('results.report.save')}
      </Button>
      <Button icon="copy" onClick={report.copyText}>
        {t('results.copy.text')}
      </Button>
      <Button icon="copy" onClick={report.copyCsv}>
        {t('results.copy.csv')}
      </Button>
    </header>
  );
}
