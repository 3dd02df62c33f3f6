import { useMemo, useState } from 'react';
import { t } from '../../i18n';
import { useAnalysesStore } from '../../state/analyses';
import { useCommands, type Command } from '../../state/commands';
import { CALIBRATING, useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { EmptyUnlessRunning } from '../../widgets/analysis/empty-unless-running';
import { Button } from '../../widgets/button';
import { EmptyState } from '../../widgets/empty-state';
import { ErrorBox } from '../../widgets/error-box';
import { Segmented } from '../../widgets/fields';
import { ModelName } from '../../widgets/model-name';
import { ThreePanes } from '../../widgets/three-panes';
import { AutoPanel } from './auto-panel';
import { AutoView } from './auto-view';
import './auto.css';
import type { ChartView } from './chart-toolbar';
import { CostTable } from './cost-table';
import { InspectView } from './inspect-view';
import { MaximumPanel } from './maximum-panel';
import { BestPanel } from './best-panel';
import { chooseBestForAll, chooseMethod, chooseMethodForAll } from './method-actions';
import { MethodPanel } from './method-panel';
import { Multiples } from './multiples';
import { Readout } from './readout';
import { useHistogramTab, type HistogramTab } from '../../state/histogram-tab';
import { TensorList } from './tensor-list';
import { useTensorList, type TensorListState } from './use-tensor-list';
import { useThresholdSession, type ThresholdSession } from './use-threshold-session';
import './histogram.css';
import './histogram-side.css';

type Tab = HistogramTab;
type SessionState = ThresholdSession | undefined | Error;

export function HistogramScreen() {
  const project = useSession((state) => state.project);
  if (project === null) return <EmptyState title={t('histogram.empty.project')} />;
  if (!project.calibrated)
    return <NotCalibrated projectPath={project.path} isStale={project.calibrationIsStale === true} />;
  return <Inspector />;
}

function NotCalibrated({ projectPath, isStale }: { readonly projectPath: string; readonly isStale: boolean }) {
  const start = useJobs((state) => state.start);
  return (
    <EmptyUnlessRunning
      projectPath={projectPath}
      kinds={CALIBRATING}
      title={t(isStale ? 'histogram.stale.title' : 'histogram.empty.title')}
      action={
        <Button tone="primary" onClick={() => void start({ kind: 'calibrate', projectPath })}>
          {t('histogram.empty.action')}
        </Button>
      }
    >
      {t(isStale ? 'analysis.calibrateAgain.text' : 'histogram.empty.text')}
    </EmptyUnlessRunning>
  );
}

function Inspector() {
  const list = useTensorList();
  const { tab, showTab: setTab } = useHistogramTab();
  const session = useThresholdSession(list.selected);
  useInspectorCommands(setTab);
  return (
    <ThreePanes
      left={<TensorList list={list} onOpen={() => setTab('inspect')} />}
      main={<Main list={list} tab={tab} session={session} onTab={setTab} />}
      right={<Side session={session} onShowAuto={() => setTab('auto')} />}
    />
  );
}

interface MainProps {
  readonly list: TensorListState;
  readonly tab: Tab;
  readonly session: SessionState;
  readonly onTab: (tab: Tab) => void;
}

const INITIAL_CHART: ChartView = { isLog: true, isSigned: false, hidden: new Set() };

function Main({ list, tab, session, onTab }: MainProps) {
  const [chart, setChart] = useState(INITIAL_CHART);
  return (
    <div className="histogram-main">
      <header className="histogram-header">
        <h2>
          <ModelName name={list.selected?.name ?? ''} />
        </h2>
        <Segmented
          label={t('histogram.tabs')}
          value={tab}
          choices={[
            { value: 'inspect', label: t('histogram.inspect') },
            { value: 'all', label: t('histogram.all') },
            { value: 'auto', label: t('histogram.auto.tab') },
          ]}
          onChoose={onTab}
        />
      </header>
      {tab === 'all' ? <Multiples list={list} onOpen={() => onTab('inspect')} /> : null}
      {tab === 'auto' ? (
        <AutoView
          selected={list.selected?.name ?? null}
          onSelect={list.select}
          onOpen={(tensor) => {
            list.select(tensor);
            onTab('inspect');
          }}
        />
      ) : null}
      {tab === 'inspect' && session instanceof Error ? (
        <ErrorBox error={session} title={t('histogram.failed')} />
      ) : null}
      {tab === 'inspect' && session !== undefined && !(session instanceof Error) ? (
        <InspectView
          session={session}
          chart={chart}
          onChart={(changes) => setChart((before) => ({ ...before, ...changes }))}
          onChoose={(method) => chooseMethod(session.row.name, method)}
        />
      ) : null}
    </div>
  );
}

function Side({ session, onShowAuto }: { readonly session: SessionState; readonly onShowAuto: () => void }) {
  if (session === undefined || session instanceof Error) return <div className="histogram-side" />;
  return (
    <div className="histogram-side">
      <Readout key={session.row.name} session={session} />
      <MethodPanel row={session.row} />
      <BestPanel />
      <AutoPanel row={session.row} onShowAll={onShowAuto} />
      <CostTable session={session} />
      <MaximumPanel key={`maximum ${session.row.name}`} session={session} />
    </div>
  );
}

function useInspectorCommands(setTab: (tab: Tab) => void): void {
  useCommands(
    useMemo<readonly Command[]>(
      () => [
        { id: 'histogram.inspect', titleKey: 'histogram.command.inspect', run: () => setTab('inspect') },
        { id: 'histogram.all', titleKey: 'histogram.command.all', run: () => setTab('all') },
        { id: 'histogram.auto', titleKey: 'histogram.command.auto', run: () => setTab('auto') },
        { id: 'histogram.best-all', titleKey: 'histogram.command.bestAll', run: chooseBestForAll },
        {
          id: 'histogram.auto-all',
          titleKey: 'histogram.command.autoAll',
          run: () => chooseMethodForAll('auto'),
          isEnabled: () => (useAnalysesStore.getState().view?.auto ?? null) !== null,
        },
      ],
      [setTab],
    ),
  );
}
