import type { ThresholdRow } from '../../../src-shared/contract/views';
import { formatReal } from '../../../src-shared/base/units';
import { t, useLanguage } from '../../i18n';
import { useAnalyses } from '../../state/analyses';
import { useSession } from '../../state/session';
import { AnalysisStart } from '../../widgets/analysis/analysis-start';
import { MethodBadge, Tag } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { isAutoEverywhere } from './auto-choices';
import { choiceReason } from './auto-text';
import { chooseMethodForAll } from './method-actions';

interface AutoPanelProps {
  readonly row: ThresholdRow;
  /** Opens everything that auto chose. */
  readonly onShowAll: () => void;
}

/** What auto chose for this tensor and why; before it has chosen, what that would cost. */
export function AutoPanel({ row, onShowAll }: AutoPanelProps) {
  const project = useSession((state) => state.project);
  const language = useLanguage();
  const auto = useAnalyses().view?.auto ?? null;
  if (project === null) return null;
  const choice = auto?.result.choices.find(({ tensor }) => tensor === row.name);
  return (
    <section className="histogram-auto" aria-label={t('histogram.auto')}>
      <h3 className="histogram-auto-title">
        <MethodBadge method="auto" title={t('histogram.method.auto')} /> {t('histogram.auto')}
        {auto === null || auto.isCurrent ? null : <Tag tone="warning">{t('histogram.auto.stale')}</Tag>}
      </h3>
      {auto === null ? <p className="dim">{t('histogram.auto.what')}</p> : null}
      {auto === null || choice === undefined ? null : (
        <p>
          <MethodBadge method={choice.method} title={t(`histogram.method.${choice.method}`)} />{' '}
          {formatReal(choice.threshold)}: {choiceReason(choice, auto.result, language)}
        </p>
      )}
      {auto?.isCurrent === true ? null : (
        <AnalysisStart
          spec={{ kind: 'auto', projectPath: project.path }}
          label={t(auto === null ? 'histogram.auto.start' : 'histogram.auto.repeat')}
          isPrimary={false}
        />
      )}
      {auto === null ? null : (
        <div className="histogram-actions">
          <Button onClick={onShowAll}>{t('histogram.auto.show')}</Button>
          <Button disabled={isAutoEverywhere(project.file)} onClick={() => chooseMethodForAll('auto')}>
            {t('histogram.auto.useAll')}
          </Button>
        </div>
      )}
    </section>
  );
}
