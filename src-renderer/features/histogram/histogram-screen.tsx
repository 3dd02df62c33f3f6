import { useMemo, useState } from 'react';
import { formatCount, formatFraction, formatReal } from '../../../src-shared/base/units';
import type { Method } from '../../../src-shared/domain/project/methods';
import { t } from '../../i18n';
import { useAnalysesStore } from '../../state/analyses';
import { type Command, useCommands } from '../../state/commands';
import { type HistogramTab, useHistogramTab } from '../../state/histogram-tab';
import { CALIBRATING, useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { EmptyUnlessRunning } from '../../panels/analysis/analysis-start';
import { Button } from '../../widgets/button';
import { EmptyState, ErrorBox } from '../../widgets/states';
import { Segmented } from '../../widgets/fields';
import { ModelName } from '../../widgets/model-name';
import { ThreePanes } from '../../widgets/three-panes';
import { curvesOf, draggableRange } from './analysis';
import { AutoView } from './auto-view';
import styles from './histogram-screen.module.css';
import { TOTAL } from './chart-figure';
import { ChartToolbar, type ChartView } from './chart-toolbar';
import { AutoPanel, BestPanel } from './choice-panels';
import { HistogramChart } from './histogram-chart';
import { MaximumPanel } from './maximum-panel';
import { CostTable, MethodPanel } from './method-panel';
import { chooseBestForAll, chooseMethod, chooseMethodForAll } from './methods';
import { Multiples } from './multiples';
import { Readout } from './readout';
import { TensorList, type TensorListState, useTensorList } from './tensor-list';
import { useRange } from './use-range';
import { type ThresholdSession, useThresholdSession } from './use-threshold-session';
import { WeightsPanel } from './weights-panel';

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
    <div className={styles.main}>
      <header className={styles.header}>
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
  if (session === undefined || session instanceof Error) return <div className={styles.side} />;
  return (
    <div className={styles.side}>
      <Readout key={session.row.name} session={session} />
      <MethodPanel row={session.row} />
      <BestPanel />
      <AutoPanel row={session.row} onShowAll={onShowAuto} />
      <CostTable session={session} />
      <WeightsPanel tensor={session.row.name} />
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

interface InspectViewProps {
  readonly session: ThresholdSession;
  readonly chart: ChartView;
  readonly onChart: (changes: Partial<ChartView>) => void;
  readonly onChoose: (method: Method) => void;
}

/** The large view of one tensor. */
export function InspectView({ session, chart, onChart, onChoose }: InspectViewProps) {
  const { analysis, row } = session;
  const curves = useMemo(() => curvesOf(analysis), [analysis]);
  const isSigned = chart.isSigned && analysis.hasNegative;
  const thresholdsReal = useMemo(() => Object.values(row.methods), [row]);
  // A threshold that was set by hand or imported may be larger than the largest value.
  const largestReal = draggableRange(analysis, thresholdsReal).max;
  const control = useRange({
    tensor: row.name,
    largestReal,
    binWidthReal: analysis.binWidthReal,
    isSigned,
    thresholdsReal,
  });
  const groups = useMemo(() => analysis.groups.map((group) => group.name), [analysis]);
  const visible = useMemo(
    () => new Set([TOTAL, ...groups].filter((key) => !chart.hidden.has(key))),
    [groups, chart.hidden],
  );
  return (
    <section className={styles.inspect} aria-label={row.name}>
      <ChartToolbar view={chart} onChange={onChart} control={control} groups={groups} canSign={analysis.hasNegative} />
      <Facts session={session} />
      <HistogramChart
        session={session}
        curves={curves}
        control={control}
        isLog={chart.isLog}
        isSigned={isSigned}
        visible={visible}
        onChoose={onChoose}
      />
    </section>
  );
}

/**
 * Facts that the histogram does not show: number of values, share of zeros, range, and number of NaN and infinite
 * values.
 */
function Facts({ session: { analysis } }: { readonly session: ThresholdSession }) {
  const { histogram, model } = analysis;
  const { zeroCount, nanCount, infinityCount, elementCount } = histogram;
  return (
    <p className={styles.facts}>
      <span>{t('histogram.fact.values', { count: formatCount(elementCount) })}</span>
      <span>
        {t('histogram.fact.zeros', {
          share: formatFraction(model.folded.finiteCount === 0 ? 0 : zeroCount / model.folded.finiteCount),
        })}
      </span>
      <span>{t('histogram.fact.range', { min: formatReal(histogram.min), max: formatReal(histogram.max) })}</span>
      {nanCount + infinityCount === 0 ? null : (
        <span className={styles.bad}>{t('histogram.fact.notFinite', { nan: nanCount, infinite: infinityCount })}</span>
      )}
    </p>
  );
}
