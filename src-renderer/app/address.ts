import { SCREENS, type ScreenId } from '../state/view';

/** The part of the window's state that a link contains: the screen with its tab, the project and the selection. */
export interface Address {
  readonly screen: ScreenId;
  readonly project: string | null;
  readonly tensor: string | null;
  readonly layer: string | null;
  /** The tab of the screen; null: the first tab. */
  readonly tab: string | null;
  /** The run that is shown; null: the newest. */
  readonly run: string | null;
  /** The engine that is shown, see `EngineName`; null: the default. */
  readonly engine: string | null;
  /** What the shown run or engine is compared with. */
  readonly compare: string | null;
}

/** Reads `#/histogram?project=/data/a.calib&tensor=conv_1`. Unknown screens become `start`, missing parameters null. */
export function parseAddress(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const parameters = new URLSearchParams(query);
  const part = (name: string): string | null => {
    const value = parameters.get(name);
    return value === '' ? null : value;
  };
  return {
    screen: SCREENS.find((screen) => screen === path) ?? (path === 'histograms' ? 'histogram' : 'start'),
    project: part('project'),
    tensor: part('tensor'),
    layer: part('layer'),
    tab: part('tab'),
    run: part('run'),
    engine: part('engine'),
    compare: part('compare'),
  };
}

export function formatAddress({ screen, project, tab, run, engine, compare, tensor, layer }: Address): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ project, tab, run, engine, compare, tensor, layer }))
    if (value !== null) parameters.set(name, value);
  // Slashes are allowed in a query and keep the address readable.
  const query = parameters.toString().replaceAll('%2F', '/');
  return `#/${screen}${query === '' ? '' : `?${query}`}`;
}
