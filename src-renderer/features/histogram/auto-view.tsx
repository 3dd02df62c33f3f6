import { useMemo, useState } from 'react';
import { formatReal } from '../../../src-shared/base/units';
import type { AutoChoice, AutoResult } from '../../../src-shared/domain/analysis/analysis';
import type { Dated, ProjectView } from '../../../src-shared/contract/views';
import { t, useLanguage } from '../../i18n';
import { useAnalyses } from '../../state/analyses';
import { useSession } from '../../state/session';
import { AnalysisStart } from '../../panels/analysis/analysis-start';
import { ResultFacts } from '../../panels/analysis/screen-parts';
import { MethodBadge } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { type Column, DataTable } from '../../widgets/data-table';
import { ErrorBox } from '../../widgets/states';
import { Checkbox } from '../../widgets/fields';
import { ModelName } from '../../widgets/model-name';
import { NumberField } from '../../widgets/number-field';
import { AutoObjectives } from './choice-panels';
import { autoSummary, choiceReason, differingChoices, isAutoEverywhere } from './method-advice';
import { chooseMethodForAll } from './methods';
import styles from './auto-view.module.css';

interface AutoViewProps {
  readonly selected: string | null;
  readonly onSelect: (tensor: string) => void;
  /** Opens the histogram of a tensor. */
  readonly onOpen: (tensor: string) => void;
}

/**
 * The result of auto: whether it is better than one method for all tensors, and each tensor's threshold with its
 * reason.
 */
export function AutoView(props: AutoViewProps) {
  const project = useSession((state) => state.project);
  const { view, error } = useAnalyses();
  if (project === null) return null;
  const auto = view?.auto ?? null;
  return (
    <section className={styles.autoview} aria-label={t('histogram.auto.tab')}>
      {error === null ? null : <ErrorBox error={error} title={t('histogram.auto.unread')} />}
      {auto === null ? null : <Verdict auto={auto} project={project} />}
      <Start project={project} hasResult={auto !== null} />
      {auto === null ? null : <Choices result={auto.result} {...props} />}
    </section>
  );
}

function Verdict({
  auto: { result, isCurrent },
  project,
}: {
  readonly auto: Dated<AutoResult>;
  readonly project: ProjectView;
}) {
  const language = useLanguage();
  return (
    <div className={styles.autoVerdict}>
      <p>
        <strong>{t(result.verdict === 'descent' ? 'histogram.auto.better' : 'histogram.auto.same')}</strong>{' '}
        {autoSummary(result, language)}
      </p>
      <ResultFacts
        isCurrent={isCurrent}
        images={result.images.chosen + result.images.confirmed}
        passes={result.passes}
        seconds={result.seconds}
        createdAt={result.createdAt}
      />
      <AutoObjectives result={result} />
      <div>
        <Button tone="primary" disabled={isAutoEverywhere(project.file)} onClick={() => chooseMethodForAll('auto')}>
          {t(isAutoEverywhere(project.file) ? 'histogram.auto.usedAll' : 'histogram.auto.useAll')}
        </Button>
      </div>
    </div>
  );
}

function Start({ project, hasResult }: { readonly project: ProjectView; readonly hasResult: boolean }) {
  const [images, setImages] = useState<number | null>(null);
  return (
    <div className={styles.autoStart}>
      {hasResult ? null : <p className="dim">{t('histogram.auto.what')}</p>}
      <NumberField
        label={t('histogram.auto.images')}
        value={images}
        min={4}
        step={16}
        isInteger
        mayBeEmpty
        placeholder={t('histogram.auto.images.usual')}
        onCommit={setImages}
      />
      <AnalysisStart
        spec={{ kind: 'auto', projectPath: project.path, ...(images === null ? {} : { images }) }}
        label={t(hasResult ? 'histogram.auto.repeat' : 'histogram.auto.start')}
        isPrimary={!hasResult}
      />
    </div>
  );
}

const tensorOf = (choice: AutoChoice): string => choice.tensor;

function Choices({ result, selected, onSelect, onOpen }: AutoViewProps & { readonly result: AutoResult }) {
  const [isOnlyDiffering, setOnlyDiffering] = useState(false);
  const language = useLanguage();
  const differing = useMemo(() => differingChoices(result), [result]);
  const columns = useMemo(() => choiceColumns(result, language), [result, language]);
  const single = t(`histogram.method.${result.bestSingle}`);
  return (
    <div className={styles.autoChoices}>
      <div className={styles.autoFilter}>
        <h3>{t('histogram.auto.choices', { count: result.choices.length })}</h3>
        <Checkbox
          label={t('histogram.auto.onlyDiffering', { single, count: differing.length })}
          checked={isOnlyDiffering}
          disabled={differing.length === 0 && !isOnlyDiffering}
          onChange={setOnlyDiffering}
        />
      </div>
      <DataTable<AutoChoice>
        label={t('histogram.auto.choices', { count: result.choices.length })}
        rows={isOnlyDiffering ? differing : result.choices}
        columns={columns}
        rowKey={tensorOf}
        activeKey={selected}
        onPick={onSelect}
        onActivate={onOpen}
        empty={t('histogram.auto.noneDiffer', { single })}
      />
    </div>
  );
}

function choiceColumns(result: AutoResult, language: ReturnType<typeof useLanguage>): readonly Column<AutoChoice>[] {
  return [
    {
      id: 'tensor',
      title: t('histogram.auto.tensor'),
      width: '2fr',
      sortValue: tensorOf,
      render: ({ tensor }) => <ModelName name={tensor} />,
    },
    {
      id: 'method',
      title: t('histogram.costs.method'),
      width: 130,
      sortValue: ({ method }) => method,
      render: ({ method }) => (
        <>
          <MethodBadge method={method} title={t(`histogram.method.${method}`)} /> {t(`histogram.method.${method}`)}
        </>
      ),
    },
    {
      id: 'threshold',
      title: t('histogram.threshold'),
      width: 90,
      align: 'right',
      sortValue: ({ threshold }) => threshold,
      render: ({ threshold }) => formatReal(threshold),
      hover: ({ threshold }) => String(threshold),
    },
    {
      id: 'reason',
      title: t('histogram.auto.why'),
      width: '3fr',
      render: (choice) => choiceReason(choice, result, language),
      hover: (choice) => choiceReason(choice, result, language),
    },
  ];
}
