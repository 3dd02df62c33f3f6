import type { PlacementDecision } from '../../../src-shared/domain/project/precision';
import { hasMessage, t, useLanguage, type Language } from '../../i18n';

/**
 * Why a layer or an edge has its precision, in one sentence. In English it is the application's own sentence, which names
 * the layers; in other languages the sentence of its code, and the application's where a code has none.
 */
export function reasonText(decision: Pick<PlacementDecision, 'code' | 'reason'>, language: Language): string {
  const key = `precision.reason.${decision.code}`;
  return language === 'en' || !hasMessage(key) ? decision.reason : t(key);
}

export function useReasonText(): (decision: Pick<PlacementDecision, 'code' | 'reason'>) => string {
  const language = useLanguage();
  return (decision) => reasonText(decision, language);
}
