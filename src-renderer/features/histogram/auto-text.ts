import { formatSignificant } from '../../../src-shared/base/units';
import type { AutoChoice, AutoResult } from '../../../src-shared/domain/analysis/analysis';
import { hasMessage, t, type Language } from '../../i18n';
import { differingChoices } from './auto-choices';

/** What auto is here and whether it is better than one method: the application's sentence in English, else one of its numbers. */
export function autoSummary(result: AutoResult, language: Language): string {
  if (language === 'en') return result.summary;
  const single = result.singles.find(({ method }) => method === result.bestSingle);
  return t(`histogram.auto.verdict.${result.verdict}`, {
    single: t(`histogram.method.${result.bestSingle}`),
    own: formatSignificant(result.descent.confirmed),
    error: single === undefined ? '–' : formatSignificant(single.confirmed),
    images: result.images.confirmed,
    differ: differingChoices(result).length,
    tensors: result.choices.length,
  });
}

/** Why a tensor has its threshold; in other languages than English by the code of the reason. */
export function choiceReason(
  choice: AutoChoice,
  { bestSingle }: Pick<AutoResult, 'bestSingle'>,
  language: Language,
): string {
  const key = `histogram.auto.reason.${choice.code}`;
  return language === 'en' || !hasMessage(key)
    ? choice.reason
    : t(key, { single: t(`histogram.method.${bestSingle}`) });
}
