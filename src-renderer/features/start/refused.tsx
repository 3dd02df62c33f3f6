import { t } from '../../i18n';
import type { Refusal } from './drop-plan';

/** What was dropped and is not used: every name, each reason once. */
export function Refused({ refused }: { readonly refused: readonly Refusal[] }) {
  const reasons = [...new Set(refused.map(({ reasonKey }) => reasonKey))];
  if (reasons.length === 0) return null;
  return (
    <div className="start-refused" role="alert">
      <p>{t('start.refused', { count: refused.length })}</p>
      <ul tabIndex={0} aria-label={t('start.refused', { count: refused.length })}>
        {reasons.map((reasonKey) => (
          <li key={reasonKey}>
            <span className="mono">
              {refused
                .filter((entry) => entry.reasonKey === reasonKey)
                .map(({ name }) => name)
                .join(', ')}
            </span>
            : {t(reasonKey)}
          </li>
        ))}
      </ul>
    </div>
  );
}
