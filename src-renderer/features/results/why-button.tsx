import type { DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import { t } from '../../i18n';
import { useResults } from './results-store';
import { isSameSubject } from './why';

/** Asks why a group, a class or a confusion got worse; the answer opens on the right. */
export function WhyButton({ subject, name }: { readonly subject: DiagnosisSubject; readonly name: string }) {
  const isAsked = useResults((state) => isSameSubject(state.why, subject));
  const askWhy = useResults((state) => state.askWhy);
  return (
    <button
      type="button"
      className="results-why"
      aria-pressed={isAsked}
      aria-label={t('results.why.ask', { name })}
      title={t('results.why.ask', { name })}
      onClick={() => askWhy(isAsked ? null : subject)}
    >
      {t('results.why')}
    </button>
  );
}
