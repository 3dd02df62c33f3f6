import type { Language } from './index';

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' };

/** To make a format takes as long as to use it a hundred times, and lists of runs use one for each run. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** Formats dates in the local time zone, with hours from 0 to 23. */
export function dateFormat(
  language: Language,
  styles: Pick<Intl.DateTimeFormatOptions, 'dateStyle' | 'timeStyle'>,
): Intl.DateTimeFormat {
  const key = [language, styles.dateStyle, styles.timeStyle].join(' ');
  const known = formats.get(key) ?? new Intl.DateTimeFormat(LOCALES[language], { ...styles, hour12: false });
  formats.set(key, known);
  return known;
}
