import { useMemo } from 'react';
import type { ProjectView } from '../../../src-shared/contract/views';
import { METRIC_NAMES, type MarkedEntry } from '../../../src-shared/domain/history/history-entry';
import { trendOf } from '../../../src-shared/domain/history/trend';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { useRunHistory } from '../../state/run-history';
import { useView } from '../../state/view';
import { Button } from '../../widgets/button';
import { Select } from '../../widgets/fields';
import { EmptyState, ErrorBox } from '../../widgets/states';
import { ThreePanes } from '../../widgets/three-panes';
import { Comparison } from './comparison';
import { useHistory } from './history-store';
import { ReadinessLine } from '../../panels/history/readiness-line';
import { RunInspector } from './run-inspector';
import { RunTable } from './run-table';
import { TrendChart } from './trend-chart';
import styles from './history.module.css';

export function HistoryScreen() {
  const project = useSession((state) => state.project);
  return project === null ? <EmptyState title={t('results.empty.project')} /> : <ProjectHistory project={project} />;
}

function ProjectHistory({ project }: { readonly project: ProjectView }) {
  const { state, load } = useRunHistory(true);
  const reload = (): void => void load();
  const openScreen = useView((view) => view.openScreen);
  if (state.kind === 'loading') return <EmptyState title={t('history.loading')} />;
  if (state.kind === 'failed')
    return (
      <div className={styles.main}>
        <ErrorBox
          title={t('history.failed')}
          error={state.error}
          action={<Button onClick={reload}>{t('results.retry')}</Button>}
        />
      </div>
    );
  const { entries, unreadable } = state.value;
  if (entries.length === 0)
    return (
      <EmptyState
        title={t('results.empty')}
        action={
          <Button tone="primary" onClick={() => openScreen('run')}>
            {t('results.empty.action')}
          </Button>
        }
      >
        {t('history.empty.text')}
      </EmptyState>
    );
  return <Runs path={project.path} entries={entries} unreadable={unreadable.length} onChanged={reload} />;
}

interface RunsProps {
  readonly path: string;
  readonly entries: readonly MarkedEntry[];
  /** Number of runs that cannot be read. */
  readonly unreadable: number;
  readonly onChanged: () => void;
}

function Runs({ path, entries, unreadable, onChanged }: RunsProps) {
  const { runId, compareId, metric, showRun, compareWith, showMetric } = useHistory();
  const points = useMemo(() => trendOf(entries, metric), [entries, metric]);
  const shown = entries.find((entry) => entry.runId === runId) ?? entries[0];
  if (shown === undefined) return null;
  const compared = entries.find((entry) => entry.runId === compareId && entry.runId !== shown.runId) ?? null;
  return (
    <ThreePanes
      main={
        <div className={styles.main}>
          <header className={styles.head}>
            <h1>{t('history.title', { n: entries.length })}</h1>
            <Select
              label={t('history.metric')}
              value={metric}
              choices={METRIC_NAMES.map((name) => ({ value: name, label: t(`history.metric.${name}`) }))}
              onChoose={showMetric}
            />
          </header>
          <ReadinessLine entries={entries} />
          {unreadable === 0 ? null : <p className="dim">{t('history.unreadable', { n: unreadable })}</p>}
          <TrendChart
            metric={metric}
            points={points}
            shownId={shown.runId}
            comparedId={compared?.runId ?? null}
            onShow={showRun}
          />
          {compared === null ? null : <Comparison from={compared} to={shown} />}
          <div className={styles.runs}>
            <RunTable entries={entries} shownId={shown.runId} onShow={showRun} />
          </div>
        </div>
      }
      right={
        <RunInspector
          projectPath={path}
          entries={entries}
          entry={shown}
          comparedId={compared?.runId ?? null}
          onCompare={compareWith}
          onMarked={onChanged}
        />
      }
    />
  );
}
