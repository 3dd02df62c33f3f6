import { useData } from '../features/data/data-store';
import { FIRST_METRIC, useHistory } from '../features/history/history-store';
import { HISTOGRAM_TABS, useHistogramTab } from '../state/histogram-tab';
import { useResults } from '../features/results/results-store';
import { useEngineStore } from '../state/engine';
import { useSelection } from '../state/selection';
import { useSession } from '../state/session';
import { useView, type ScreenId } from '../state/view';
import { formatAddress, parseAddress, type Address } from './address';

/**
 * The project that the address names while it is being opened. It stays in the address until it is open or has failed.
 */
let wanted: string | null = null;
/** True while the stores are updated from the address; they are not written back to it during that time. */
let isFollowing = false;
/** The kind of history entry for the pending write; null if no write is pending. */
let pending: 'push' | 'replace' | null = null;
/** True while a key is held down, so that a walk through a list is one step in the history. */
let isKeyRepeated = false;

/**
 * Keeps the address and the stores in sync. Choosing a screen, its tab, a run, a compared run, a tensor or a layer adds
 * a step to the browser's history, so that Back and Forward walk through them. The address takes precedence at the
 * start and when the user goes back or edits it.
 */
export function startAddress(): void {
  const query = new URL(location.href).searchParams.get('project');
  const first = parseAddress(location.hash);
  follow({
    ...first,
    project: first.project ?? query,
    screen: first.project === null && query !== null && first.screen === 'start' ? 'model' : first.screen,
  });
  window.addEventListener('hashchange', () => follow(parseAddress(location.hash)));
  window.addEventListener('keydown', (event) => (isKeyRepeated = event.repeat), true);
  window.addEventListener('keyup', () => (isKeyRepeated = false), true);
  useView.subscribe((state, previous) => {
    if (state.screen !== previous.screen) later('push');
  });
  useSelection.subscribe(() => later('push'));
  useResults.subscribe((state, previous) => {
    if (state.runId !== previous.runId || state.compareId !== previous.compareId) later('push');
  });
  useHistory.subscribe(() => later('push'));
  useEngineStore.subscribe((state, previous) => {
    if (state.shown !== previous.shown || state.comparedWith !== previous.comparedWith) later('push');
  });
  useHistogramTab.subscribe(() => later('push'));
  useData.subscribe((state, previous) => {
    if (state.view !== previous.view) later('push');
  });
  useSession.subscribe((state, previous) => {
    if (state.project?.path === previous.project?.path) return;
    // The selection belongs to the previous project.
    if (previous.project !== null && wanted === null) forgetChoices();
    write('replace');
  });
  write('replace');
}

function follow(address: Address): void {
  const { project, openProject, closeProject } = useSession.getState();
  isFollowing = true;
  useView.getState().openScreen(address.screen);
  useSelection.getState().select(address);
  const runs = { runId: address.run, compareId: address.compare };
  if (address.screen === 'history') useHistory.setState(runs);
  else if (address.screen === 'model')
    useEngineStore.getState().choose({ shown: address.engine, comparedWith: address.compare });
  else useResults.setState(runs);
  showTab(address.screen, address.tab);
  isFollowing = false;
  if (address.project !== null && address.project !== project?.path && address.project !== wanted) {
    wanted = address.project;
    void openProject(address.project).then((isOpen) => {
      wanted = null;
      const { project: shown, opening } = useSession.getState();
      // If something else was opened meanwhile, it stays in view.
      if (!isOpen && shown?.path === project?.path && opening === null) useView.getState().openScreen('start');
      write('replace');
    });
  } else if (address.project === null && project !== null && address.screen === 'start') closeProject();
}

function forgetChoices(): void {
  useSelection.getState().select({ tensor: null, layer: null });
  useResults.setState({ runId: null, compareId: null });
  useHistory.setState({ runId: null, compareId: null });
  useEngineStore.setState({ shown: null, comparedWith: null });
}

/** The tab of a screen as written in the address: null for the first tab and for screens without tabs. */
function tabOf(screen: ScreenId): string | null {
  if (screen === 'histogram') return otherThan('inspect', useHistogramTab.getState().tab);
  if (screen === 'data') return otherThan('calibration', useData.getState().view);
  if (screen === 'history') return otherThan(FIRST_METRIC, useHistory.getState().metric);
  return null;
}

function otherThan(first: string, tab: string): string | null {
  return tab === first ? null : tab;
}

function showTab(screen: ScreenId, tab: string | null): void {
  if (screen === 'history') useHistory.getState().showMetric(tab);
  if (screen === 'histogram')
    useHistogramTab.getState().showTab(HISTOGRAM_TABS.find((name) => name === tab) ?? 'inspect');
  const view = (['validation', 'health'] as const).find((name) => name === tab) ?? 'calibration';
  if (screen === 'data' && useData.getState().view !== view) useData.getState().show(view);
}

/** Combines all changes of one action, in any number of stores, into one step of the history. */
function later(mode: 'push' | 'replace'): void {
  if (isFollowing) return;
  if (pending === null) queueMicrotask(() => write(pending ?? 'replace'));
  if (pending !== 'push') pending = isKeyRepeated ? 'replace' : mode;
}

function write(mode: 'push' | 'replace'): void {
  pending = null;
  const { screen } = useView.getState();
  const { tensor, layer } = useSelection.getState();
  const { runId, compareId } = (screen === 'history' ? useHistory : useResults).getState();
  const { shown, comparedWith } = useEngineStore.getState();
  const hasRuns = screen === 'results' || screen === 'history';
  const hasEngines = screen === 'model';
  const hash = formatAddress({
    screen,
    tab: tabOf(screen),
    tensor,
    layer,
    run: hasRuns ? runId : null,
    engine: hasEngines ? shown : null,
    compare: hasRuns ? compareId : hasEngines ? comparedWith : null,
    project: useSession.getState().project?.path ?? wanted,
  });
  if (hash === location.hash) return;
  // pushState and replaceState do not fire hashchange, so this write does not trigger another update.
  const address = new URL(location.href);
  address.searchParams.delete('project');
  address.hash = hash;
  if (mode === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
}
