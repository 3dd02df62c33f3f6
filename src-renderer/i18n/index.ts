import { useSyncExternalStore } from 'react';
import { fillMessage, type MessageParams } from '../../src-shared/base/message';
import { ownValue } from '../../src-shared/base/records';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What every file in `messages/` exports: flat keys, prefixed by the feature. */
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

/** The message in the language in force; an unknown key is shown as it is. */
export function t(key: string, params: MessageParams = {}): string {
  return fillMessage(ownValue(MESSAGES[current], key) ?? ownValue(MESSAGES.en, key) ?? key, params);
}

/** Whether a message exists, for texts that are optional (a hint per code, for example). */
export function hasMessage(key: string): boolean {
  return ownValue(MESSAGES.en, key) !== undefined;
}

export function currentLanguage(): Language {
  return current;
}

/** Switches the language of `t`; the frame draws everything again. */
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
