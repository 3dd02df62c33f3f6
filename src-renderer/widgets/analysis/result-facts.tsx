import { formatCount, formatDuration } from '../../../src-shared/base/units';
import { t, useLanguage } from '../../i18n';
import { Icon } from '../icons';

interface ResultFactsProps {
  readonly isCurrent: boolean;
  readonly images: number;
  readonly passes?: number;
  readonly seconds?: number;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** Where a result comes from, and whether it still speaks of the project as it is. */
export function ResultFacts({ isCurrent, images, passes, seconds, createdAt }: ResultFactsProps) {
  const language = useLanguage();
  const made = new Date(createdAt);
  const when = Number.isNaN(made.getTime())
    ? createdAt
    : made.toLocaleString(language === 'zh' ? 'zh-CN' : 'en-GB', {
        dateStyle: 'medium',
        timeStyle: 'short',
        hour12: false,
      });
  const cost =
    passes === undefined || seconds === undefined
      ? ''
      : t('analysis.facts.cost', { passes: formatCount(passes), time: formatDuration(seconds) });
  return (
    <div className="analysis-facts">
      <p className="dim">
        {t('analysis.facts', { images, when })}
        {cost}
      </p>
      {isCurrent ? null : (
        <p className="analysis-stale" role="status">
          <Icon name="warning" size={14} />
          {t('analysis.stale')}
        </p>
      )}
    </div>
  );
}
