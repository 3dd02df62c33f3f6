import { useMemo, useState } from 'react';
import { MIN_RUNS } from '../../../src-shared/domain/history/anomalies';
import type { MarkedEntry } from '../../../src-shared/domain/history/history-entry';
import type { ProjectView, RunView } from '../../../src-shared/contract/views';
import type { Gates } from '../../../src-shared/domain/project/gates';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { t, useLanguage } from '../../i18n';
import { type Loaded, useRun, useRunHistory } from '../../state/run-history';
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
import { areGatesEqual, gatesOfRun, judgeAll } from './gates';
import { FixSection } from './fix-section';
import { HeadlineLine } from './headline-line';
import { LatencySection } from './latency-section';
import { OperatingSection } from './operating-section';
import { useEscape, useResults } from './results-store';
import { RunList } from './run-list';
import { runTime } from './runs';
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
  const { state, load } = useRunHistory(true);
  const reload = (): void => void load();
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
      if (state.value.entries.length > 0)
        return <Runs key={project.path} project={project} entries={state.value.entries} />;
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
  /** All recorded runs, newest first. */
  readonly entries: readonly MarkedEntry[];
}

function Runs({ project, entries }: RunsProps) {
  const { runId, compareId, variant, why, showRun, compareWith } = useResults();
  const chosen = entries.find((entry) => entry.runId === runId) ?? entries[0] ?? null;
  const compared = entries.find((entry) => entry.runId === compareId && entry !== chosen) ?? null;
  const run = useShownRun(chosen?.runId ?? null);
  const comparedRun = useRun(compared?.runId ?? null);
  if (chosen === null) return null;
  const record = run.kind === 'ready' ? run.value.record : null;
  const explained = record === null ? null : chosenVariant(record, variant);
  return (
    <ThreePanes
      left={
        <RunList
          entries={entries}
          shownId={chosen.runId}
          comparedId={compared?.runId ?? null}
          onShow={showRun}
          onCompare={compareWith}
        />
      }
      main={
        run.kind === 'ready' ? (
          <RunResults project={project} entries={entries} record={run.value.record} compared={comparedRun} />
        ) : run.kind === 'failed' ? (
          <div className={styles.failed}>
            <ErrorBox title={t('results.failed')} error={run.error} />
          </div>
        ) : (
          <EmptyState title={t('results.loading', { project: project.file.name })} />
        )
      }
      right={
        why === null || explained === null || !record?.validation ? null : (
          <WhyPanel project={project} validation={record.validation} variant={explained} subject={why} />
        )
      }
    />
  );
}

/** The chosen run in full. While it is read, the one that was shown before stays. */
function useShownRun(runId: string | null): Loaded<RunView> {
  const run = useRun(runId) ?? { kind: 'loading' };
  const [shown, setShown] = useState(run);
  if (run !== shown && run.kind !== 'loading') setShown(run);
  return run.kind === 'loading' ? shown : run;
}

/** The variant whose losses are shown: the chosen one, otherwise the shipped one. */
function chosenVariant(record: RunRecord, variant: string | null): string | null {
  const reports = comparedVariants(record);
  return (reports.find((report) => report.variant === variant) ?? reports[0])?.variant ?? null;
}

interface RunResultsProps extends RunsProps {
  readonly record: RunRecord;
  /** Null: the run is compared with none. */
  readonly compared: Loaded<RunView> | null;
}

function RunResults({ project, entries, record, compared }: RunResultsProps) {
  const { variant, showVariant } = useResults();
  const { gates } = project.file;
  const chosen = chosenVariant(record, variant);
  const judged = judgeAll(record, gates);
  useEscape();
  return (
    <div className={styles.main}>
      <ResultsHead project={project} entries={entries} record={record} />
      <HeadlineLine project={project} record={record} judged={judged} />
      <Verdicts record={record} gates={gates} />
      <Cautions key={`cautions of ${record.runId}`} record={record} />
      <HistoryLines entries={entries} record={record} gates={gates} />
      <VariantsTable record={record} judged={judged} chosen={chosen} onChoose={showVariant} />
      <Notes record={record} />
      <FixSection project={project} />
      {compared?.kind === 'ready' ? <ChangesSection from={compared.value.record} to={record} /> : null}
      {compared?.kind === 'failed' ? <ErrorBox title={t('results.failed')} error={compared.error} /> : null}
      {record.validation === null ? null : (
        <WorseSection key={`losses of ${record.runId}`} record={record} validation={record.validation} />
      )}
      <OperatingSection record={record} />
      {record.benchmark === null ? null : <LatencySection benchmark={record.benchmark} shipped={record.shipped} />}
      <RunFacts record={record} />
    </div>
  );
}

/** What is unusual about the run, and for the newest run how likely the next one meets all gates. */
function HistoryLines({
  entries,
  record,
  gates,
}: Pick<RunResultsProps, 'entries' | 'record'> & { readonly gates: Gates }) {
  const entry = entries.find(({ runId }) => runId === record.runId);
  // A project with few runs has no history to speak of.
  if (entry === undefined || entries.length < MIN_RUNS) return null;
  return (
    <>
      <Anomalies entries={entries} entry={entry} />
      {entry !== entries[0] ? null : areGatesEqual(gatesOfRun(record), gates) ? (
        <ReadinessLine entries={entries} />
      ) : (
        <p className="dim">{t('history.readiness.refused.gates-changed')}</p>
      )}
    </>
  );
}

const NO_RUN = '';
/** Runs that the list of the comparison offers; the list of runs offers all. */
const OFFERED = 200;

function CompareSelect({ entries, shownId }: { readonly entries: readonly MarkedEntry[]; readonly shownId: string }) {
  const language = useLanguage();
  const { compareId, compareWith } = useResults();
  const choices = useMemo(
    () => [
      { value: NO_RUN, label: t('results.compare.none') },
      ...entries
        .filter(({ runId }, i) => runId !== shownId && (i < OFFERED || runId === compareId))
        .map(({ runId, createdAt, marks }) => ({ value: runId, label: marks?.name ?? runTime(createdAt, language) })),
    ],
    [entries, shownId, compareId, language],
  );
  return (
    <div className={styles.compare}>
      <Select
        label={t('results.compare')}
        value={choices.some(({ value }) => value === compareId) ? compareId : NO_RUN}
        choices={choices}
        onChoose={(runId) => compareWith(runId === NO_RUN ? null : runId)}
      />
    </div>
  );
}

function ResultsHead({ project, entries, record }: Omit<RunResultsProps, 'compared'>) {
  const language = useLanguage();
  const report = useReport(project.path, record);
  return (
    <header className={styles.head}>
      <h1>{runTime(record.createdAt, language)}</h1>
      {entries.length < 2 ? null : <CompareSelect entries={entries} shownId={record.runId} />}
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
