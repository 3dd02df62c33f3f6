import { useSelection } from '../state/selection';
import { useSession } from '../state/session';
import { useView } from '../state/view';
import { formatAddress, parseAddress, type Address } from './address';

/** Project that the address names and that is on its way: it stays in the address until it is open or has failed. */
let wanted: string | null = null;

/**
 * Keeps the address and the stores the same: a new screen is a step in the browser's history, a new selection replaces
 * the step. The address wins at the start and when a person goes back or edits it.
 */
export function startAddress(): void {
  const query = new URL(location.href).searchParams.get('project');
  const first = parseAddress(location.hash);
  follow({ ...first, project: first.project ?? query, screen: first.project === null && query !== null && first.screen === 'start' ? 'model' : first.screen });
  window.addEventListener('hashchange', () => follow(parseAddress(location.hash)));
  useView.subscribe((state, previous) => {
    if (state.screen !== previous.screen) write('push');
  });
  useSelection.subscribe(() => write('replace'));
  useSession.subscribe((state, previous) => {
    if (state.project?.path === previous.project?.path) return;
    // What was chosen belongs to the project that is left.
    if (previous.project !== null && wanted === null) useSelection.getState().select({ tensor: null, layer: null });
    write('replace');
  });
  write('replace');
}

function follow(address: Address): void {
  const { project, openProject, closeProject } = useSession.getState();
  useView.getState().openScreen(address.screen);
  useSelection.getState().select(address);
  if (address.project !== null && address.project !== project?.path && address.project !== wanted) {
    wanted = address.project;
    void openProject(address.project).then((isOpen) => {
      wanted = null;
      const { project: shown, opening } = useSession.getState();
      // When something else was opened meanwhile, that stays in view.
      if (!isOpen && shown?.path === project?.path && opening === null) useView.getState().openScreen('start');
      write('replace');
    });
  } else if (address.project === null && project !== null && address.screen === 'start') closeProject();
}

function write(mode: 'push' | 'replace'): void {
  const { screen } = useView.getState();
  const { tensor, layer } = useSelection.getState();
  const hash = formatAddress({ screen, tensor, layer, project: useSession.getState().project?.path ?? wanted });
  if (hash === location.hash) return;
  // pushState and replaceState do not fire hashchange, so nothing comes back here.
  const address = new URL(location.href);
  address.searchParams.delete('project');
  address.hash = hash;
  if (mode === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
}
