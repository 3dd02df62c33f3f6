import type { Language } from '../../i18n';

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' };

/** When a run was recorded, in the reader's time zone: `21 Nov 2026, 07:44:16`. A text that is no time stays as it is. */
export function runTime(createdAt: string, language: Language): string {
  const date = new Date(createdAt);
  if (Number.isNaN(date.getTime())) return createdAt;
  return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'medium', timeStyle: 'medium', hour12: false }).format(
    date,
  );
}
