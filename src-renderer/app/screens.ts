import type { ComponentType } from 'react';
import type { ScreenId } from '../state/view';
import { ownValue } from '../../src-shared/base/records';

export interface Screen {
  readonly id: ScreenId;
  readonly titleKey: string;
  /** True if the screen needs an open project; without one its tab is hidden. */
  readonly needsProject: boolean;
  /** True if the screen has a tab in the top bar. */
  readonly isTab: boolean;
  /** The tab that is highlighted for a screen without a tab of its own. */
  readonly under?: ScreenId;
  /** Keys that open the screen if it has no number among the tabs. */
  readonly keys?: readonly string[];
  readonly load: () => Promise<ComponentType>;
}

const files = import.meta.glob<Readonly<Record<string, ComponentType>>>('../features/*/*-screen.tsx');

/** The screen that `features/<id>/<id>-screen.tsx` exports as `<Id>Screen`. */
function loaderOf(id: ScreenId): Screen['load'] {
  return async () => {
    const module = await ownValue(files, `../features/${id}/${id}-screen.tsx`)?.();
    const component = ownValue(module, `${id.charAt(0).toUpperCase()}${id.slice(1)}Screen`);
    if (component === undefined) throw new Error(`There is no screen "${id}"`);
    return component;
  };
}

/** The screens in the order of the tabs, which is the order of the work. */
export const SCREEN_TABLE: readonly Screen[] = (
  [
    { id: 'start', titleKey: 'app.start', needsProject: false, isTab: true },
    { id: 'model', titleKey: 'app.model', needsProject: true, isTab: true },
    { id: 'data', titleKey: 'app.data', needsProject: true, isTab: true },
    { id: 'histogram', titleKey: 'app.histogram', needsProject: true, isTab: true },
    { id: 'precision', titleKey: 'app.precision', needsProject: true, isTab: true },
    {
      id: 'sensitivity',
      titleKey: 'app.sensitivity',
      needsProject: true,
      isTab: false,
      under: 'precision',
      keys: ['Alt+Shift+S'],
    },
    {
      id: 'search',
      titleKey: 'app.search',
      needsProject: true,
      isTab: false,
      under: 'precision',
      keys: ['Alt+Shift+P'],
    },
    { id: 'run', titleKey: 'app.runScreen', needsProject: true, isTab: true },
    { id: 'results', titleKey: 'app.results', needsProject: true, isTab: true },
    { id: 'history', titleKey: 'app.history', needsProject: true, isTab: true },
    { id: 'settings', titleKey: 'app.settings', needsProject: false, isTab: false },
    { id: 'doctor', titleKey: 'app.doctor', needsProject: false, isTab: false },
  ] satisfies readonly Omit<Screen, 'load'>[]
).map((screen) => ({ ...screen, load: loaderOf(screen.id) }));
