import { SCREENS, type ScreenId } from '../state/view';

/** Where the window is, as far as a link tells: the screen, the project, and what is chosen. */
export interface Address {
  readonly screen: ScreenId;
  readonly project: string | null;
  readonly tensor: string | null;
  readonly layer: string | null;
}

/** `#/histogram?project=/data/a.calib&tensor=conv_1` and back. What is unknown or missing becomes the start screen and null. */
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
  };
}

export function formatAddress({ screen, project, tensor, layer }: Address): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ project, tensor, layer })) if (value !== null) parameters.set(name, value);
  // Slashes may stand in a query, and a person reads this.
  const query = parameters.toString().replaceAll('%2F', '/');
  return `#/${screen}${query === '' ? '' : `?${query}`}`;
}
