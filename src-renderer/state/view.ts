import { create } from 'zustand';
import { LANGUAGES, setLanguage, type Language } from '../i18n';
import { readStored, writeStored } from './stored';

export const SCREENS = [
  'start',
  'model',
  'data',
  'histogram',
  'precision',
  'sensitivity',
  'search',
  'run',
  'results',
  'history',
  'settings',
  'doctor',
] as const;
export type ScreenId = (typeof SCREENS)[number];

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
export const MOTIONS = ['system', 'reduced'] as const;
export type Motion = (typeof MOTIONS)[number];
/** `title`: show progress in the title of the tab; `notify`: also show a system notification at the end. */
export const FOLLOWS = ['none', 'title', 'notify'] as const;
export type Follow = (typeof FOLLOWS)[number];

/** Preferences that are stored between visits. */
interface ViewPreferences {
  readonly theme: Theme;
  readonly language: Language;
  readonly motion: Motion;
  /** How the user is informed about a job while another tab or window is in front. */
  readonly follow: Follow;
  /** Widths of the side columns in CSS pixels. */
  readonly leftWidth: number;
  readonly rightWidth: number;
}

interface ViewState extends ViewPreferences {
  readonly screen: ScreenId;
  /** The theme in use, after resolving the system's setting. */
  readonly resolvedTheme: 'light' | 'dark';
  readonly openScreen: (screen: ScreenId) => void;
  readonly chooseTheme: (theme: Theme) => void;
  readonly chooseLanguage: (language: Language) => void;
  readonly chooseMotion: (motion: Motion) => void;
  readonly chooseFollow: (follow: Follow) => void;
  /** Resets the side columns to their default widths. */
  readonly restorePanes: () => void;
  readonly resizePanes: (widths: { readonly leftWidth?: number; readonly rightWidth?: number }) => void;
  /** Called when the system's theme setting changes. */
  readonly followSystem: () => void;
}

const STORED_KEY = 'calib.view';
const MIN_PANE = 180;
const MAX_PANE = 560;
export const DEFAULT_WIDTHS = { leftWidth: 280, rightWidth: 300 } as const;

export function parsePreferences(stored: unknown): ViewPreferences {
  const value = (name: keyof ViewPreferences): unknown =>
    typeof stored === 'object' && stored !== null ? Reflect.get(stored, name) : undefined;
  const width = (name: 'leftWidth' | 'rightWidth', fallback: number): number => {
    const found = value(name);
    return typeof found === 'number' && Number.isFinite(found) ? clampPane(found) : fallback;
  };
  return {
    theme: oneOf(THEMES, value('theme'), 'system'),
    language: oneOf(LANGUAGES, value('language'), systemLanguage()),
    motion: oneOf(MOTIONS, value('motion'), 'system'),
    follow: oneOf(FOLLOWS, value('follow'), 'title'),
    leftWidth: width('leftWidth', DEFAULT_WIDTHS.leftWidth),
    rightWidth: width('rightWidth', DEFAULT_WIDTHS.rightWidth),
  };
}

function oneOf<T extends string>(values: readonly T[], found: unknown, fallback: T): T {
  return values.find((value) => value === found) ?? fallback;
}

function clampPane(width: number): number {
  return Math.round(Math.min(MAX_PANE, Math.max(MIN_PANE, width)));
}

function systemLanguage(): Language {
  return typeof navigator !== 'undefined' && navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export function resolveTheme(theme: Theme): 'light' | 'dark' {
  if (theme !== 'system') return theme;
  return typeof matchMedia === 'function' && matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

const stored = parsePreferences(readStored(STORED_KEY));
setLanguage(stored.language);

export const useView = create<ViewState>()((set, get) => {
  const keep = (changes: Partial<ViewPreferences>): void => {
    set(changes);
    const { theme, language, motion, follow, leftWidth, rightWidth } = get();
    writeStored(STORED_KEY, { theme, language, motion, follow, leftWidth, rightWidth });
  };
  return {
    ...stored,
    screen: 'start',
    resolvedTheme: resolveTheme(stored.theme),
    openScreen: (screen) => set({ screen }),
    chooseTheme: (theme) => {
      keep({ theme });
      set({ resolvedTheme: resolveTheme(theme) });
    },
    chooseLanguage: (language) => {
      setLanguage(language);
      keep({ language });
    },
    chooseMotion: (motion) => keep({ motion }),
    chooseFollow: (follow) => keep({ follow }),
    restorePanes: () => keep(DEFAULT_WIDTHS),
    resizePanes: ({ leftWidth, rightWidth }) =>
      keep({
        ...(leftWidth === undefined ? {} : { leftWidth: clampPane(leftWidth) }),
        ...(rightWidth === undefined ? {} : { rightWidth: clampPane(rightWidth) }),
      }),
    followSystem: () => set({ resolvedTheme: resolveTheme(get().theme) }),
  };
});
