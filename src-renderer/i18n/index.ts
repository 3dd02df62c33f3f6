import { useSyncExternalStore } from 'react';
import { fillMessage, type MessageParams } from '../../src-shared/base/message';
import { ownValue } from '../../src-shared/base/records';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The export of every file in `messages/`: flat keys that begin with the name of the feature. */
export interface FeatureMessages {
  readonly en: Readonly<Record<string, string>>;
  readonly zh: Readonly<Record<string, string>>;
}

const files = import.meta.glob<FeatureMessages>('./messages/*.ts', { eager: true, import: 'default' });

const MESSAGES: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: Object.assign({}, ...Object.values(files).map((file) => file.en)) as Record<string, string>,
  zh: Object.assign({}, ...Object.values(files).map((file) => file.zh)) as Record<string, string>,
};

let current: Language = 'en';
const listeners = new Set<() => void>();

/** The message in the current language; an unknown key is returned unchanged. */
export function t(key: string, params: MessageParams = {}): string {
  return fillMessage(ownValue(MESSAGES[current], key) ?? ownValue(MESSAGES.en, key) ?? key, params);
}

/** Whether a message exists; used for optional texts, for example a hint for an error code. */
export function hasMessage(key: string): boolean {
  return ownValue(MESSAGES.en, key) !== undefined;
}

export function currentLanguage(): Language {
  return current;
}

/** Switches the language of `t`; the window then renders everything again. */
export function setLanguage(language: Language): void {
  if (language === current) return;
  current = language;
  for (const listener of listeners) listener();
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, currentLanguage);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
