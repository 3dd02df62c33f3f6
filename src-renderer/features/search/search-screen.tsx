import { useMemo, useState } from 'react';
import type { Dated, ProjectView } from '../../../src-shared/contract/views';
import type { SearchPlan, SearchResult } from '../../../src-shared/domain/analysis/analysis';
import { t, useLanguage } from '../../i18n';
import { useAnalyses } from '../../state/analyses';
import { useCommands, type Command } from '../../state/commands';
import { useSession } from '../../state/session';
import { NotCalibrated, ResultFacts } from '../../panels/analysis/screen-parts';
import { EmptyUnlessRunning } from '../../panels/analysis/analysis-start';
import { ErrorBox } from '../../widgets/states';
import { NoModel } from '../../panels/layers/model-overview';
import { SplitView } from '../../panels/layers/split-view';
import { ThreePanes } from '../../widgets/three-panes';
import { adoptPlan } from './plan-facts';
import { LimitsPanel } from './limits-panel';
import { ParetoPlot } from './pareto-plot';
import { PlanInspector } from './plan-inspector';
import { verdictText } from './plan-text';
import { PlansTable } from './plans-table';
import styles from './search-screen.module.css';

/** Searches for the few layers to keep in FP16, so that the limits are met and the model stays fast. */
export function SearchScreen() {
  const project = useSession((state) => state.project);
  if (project === null) return <NoModel />;
  if (!project.calibrated) return <NotCalibrated projectPath={project.path} />;
  return <Search project={project} />;
}

function Search({ project }: { readonly project: ProjectView }) {
  const { view, error } = useAnalyses();
  const found = view?.search ?? null;
  const [picked, setPicked] = useState<{ readonly result: SearchResult; readonly index: number } | null>(null);
  // A new result initially selects the plan that the search chose.
  const selected =
    found === null
      ? null
      : picked?.result.createdAt === found.result.createdAt
        ? picked.index
        : (found.result.chosen ?? 0);
  const plan = found === null || selected === null ? null : (found.result.plans[selected] ?? null);
  useAdoptKey(plan, found?.result.method ?? null);
  return (
    <ThreePanes
      left={<LimitsPanel project={project} hasResult={found !== null} />}
      main={
        found === null ? (
          <div className={styles.main}>
            {error === null ? null : <ErrorBox error={error} title={t('search.unread')} />}
            <EmptyUnlessRunning projectPath={project.path} kinds={['search']} title={t('search.empty')}>
              {t('search.empty.text')}
            </EmptyUnlessRunning>
          </div>
        ) : (
          <Found found={found} selected={selected} onSelect={(index) => setPicked({ result: found.result, index })} />
        )
      }
      {...(found === null ? {} : { right: <PlanInspector plan={plan} result={found.result} /> })}
    />
  );
}

/** The key A applies the selected plan. */
function useAdoptKey(plan: SearchPlan | null, method: SearchResult['method']): void {
  useCommands(
    useMemo<readonly Command[]>(
      () =>
        plan === null
          ? []
          : [
              {
                id: 'search.adopt',
                titleKey: 'search.command.adopt',
                keys: ['A'],
                run: () => adoptPlan({ ...plan, method }),
              },
            ],
      [plan, method],
    ),
  );
}

interface FoundProps {
  readonly found: Dated<SearchResult>;
  readonly selected: number | null;
  readonly onSelect: (index: number) => void;
}

function Found({ found: { result, isCurrent }, selected, onSelect }: FoundProps) {
  const language = useLanguage();
  return (
    <div className={styles.main}>
      <header className={styles.head}>
        <p className={styles.verdict} data-testid="search-verdict">
          {verdictText(result, language)}
        </p>
        <div className={styles.factsLine}>
          <span className="dim">{t(`search.judged.${result.judgedOn}`)}</span>
          <ResultFacts
            isCurrent={isCurrent}
            images={result.images}
            passes={result.passes}
            seconds={result.seconds}
            createdAt={result.createdAt}
          />
        </div>
      </header>
      <SplitView
        id="search"
        label={t('search.resize')}
        isStacked
        initialPercent={60}
        first={<ParetoPlot result={result} selected={selected} onSelect={onSelect} />}
        second={<PlansTable result={result} selected={selected} onSelect={onSelect} />}
      />
    </div>
  );
}
