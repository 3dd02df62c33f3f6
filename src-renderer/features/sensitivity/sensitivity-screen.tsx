import { useEffect, useMemo } from 'react';
import type { Dated, ProjectView } from '../../../src-shared/contract/views';
import type { SensitivityResult } from '../../../src-shared/domain/analysis/analysis';
import { t } from '../../i18n';
import { questionOf, sensitivityOf, useAnalyses } from '../../state/analyses';
import { useSession } from '../../state/session';
import { NotCalibrated, ResultFacts } from '../../panels/analysis/screen-parts';
import { EmptyUnlessRunning } from '../../panels/analysis/analysis-start';
import { ErrorBox } from '../../widgets/states';
import { askPrecision, usePrecisionKeys } from '../../panels/layers/ask-precision';
import { useGraphView } from '../../panels/layers/graph-view';
import { LayerGraph } from '../../panels/layers/layer-graph';
import { LayerInspector } from '../../panels/layers/layer-inspector';
import { NoModel } from '../../panels/layers/model-overview';
import { PrecisionSwitch } from '../../panels/layers/precision-toggle';
import { SplitView } from '../../panels/layers/split-view';
import { type Layers, useLayers } from '../../panels/layers/use-layers';
import { ThreePanes } from '../../widgets/three-panes';
import { HeatStrip } from './heat-strip';
import { QuestionPanel } from './question-panel';
import { scoreText, sensitivityRows } from './sensitivity-options';
import styles from './sensitivity-screen.module.css';
import analysisStyles from '../../panels/analysis/analysis.module.css';
import { SensitivityTable } from './sensitivity-table';

/** Shows which layers cause the error, and how much is gained by taking a layer out of INT8. */
export function SensitivityScreen() {
  const project = useSession((state) => state.project);
  const layers = useLayers();
  if (project === null || layers === null) return <NoModel />;
  if (!project.calibrated) return <NotCalibrated projectPath={project.path} />;
  return <Sensitivity project={project} layers={layers} />;
}

function Sensitivity({ project, layers }: { readonly project: ProjectView; readonly layers: Layers }) {
  const analyses = useAnalyses();
  const answer = sensitivityOf(analyses);
  const { active, rows, choose } = layers;
  const chosen = useMemo(() => new Set(active === null ? [] : [active.layer]), [active]);
  usePrecisionKeys(rows, chosen);
  useSensitivityColours();
  return (
    <ThreePanes
      left={<QuestionPanel project={project} />}
      main={
        <SplitView
          id="sensitivity"
          label={t('sensitivity.resize')}
          isStacked
          initialPercent={64}
          first={
            <div className={styles.answer}>
              {analyses.error === null ? null : <ErrorBox error={analyses.error} title={t('sensitivity.unread')} />}
              {answer === null ? (
                <NoAnswer projectPath={project.path} question={questionOf(analyses)} />
              ) : (
                <Answer answer={answer} layers={layers} />
              )}
            </div>
          }
          second={<LayerGraph model={layers.model} rows={rows} onChooseLayer={choose} />}
        />
      }
      right={
        <LayerInspector layers={layers}>
          {active === null ? null : (
            <section className={analysisStyles.part}>
              <PrecisionSwitch row={active} onAsk={(choice) => askPrecision(rows, chosen, choice)} />
            </section>
          )}
        </LayerInspector>
      }
    />
  );
}

function NoAnswer({
  projectPath,
  question,
}: {
  readonly projectPath: string;
  readonly question: SensitivityResult['kind'];
}) {
  return (
    <EmptyUnlessRunning
      projectPath={projectPath}
      kinds={['sensitivity']}
      title={t('sensitivity.empty', { question: t(`sensitivity.kind.${question}`) })}
    >
      {t(`sensitivity.kind.${question}.what`)} {t('sensitivity.empty.next')}
    </EmptyUnlessRunning>
  );
}

function Answer({
  answer: { result, isCurrent },
  layers,
}: {
  readonly answer: Dated<SensitivityResult>;
  readonly layers: Layers;
}) {
  const { rows, rowOf, active, choose } = layers;
  const tried = useMemo(() => sensitivityRows(result, rowOf), [result, rowOf]);
  const texts = useMemo(() => new Map(result.layers.map((entry) => [entry.layer, scoreText(result, entry)])), [result]);
  const activeName = active?.layer ?? null;
  return (
    <>
      <div className={styles.head}>
        <h2>{t(`sensitivity.kind.${result.kind}`)}</h2>
        <span className="dim">
          {t(result.kind === 'visible' ? 'sensitivity.metric.own' : `sensitivity.metric.${result.metric}`)}
        </span>
        <ResultFacts
          isCurrent={isCurrent}
          images={result.images}
          passes={result.passes}
          seconds={result.seconds}
          createdAt={result.createdAt}
        />
      </div>
      <HeatStrip rows={rows} textOf={(layer) => texts.get(layer) ?? null} active={activeName} onChoose={choose} />
      <SensitivityTable result={result} rows={tried} layerRows={rows} active={activeName} onChoose={choose} />
    </>
  );
}

/** The graph is coloured by sensitivity while this screen is open; afterwards the previous colouring is restored. */
function useSensitivityColours(): void {
  useEffect(() => {
    const { colourMode, colourBy } = useGraphView.getState();
    colourBy('sensitivity');
    return () => {
      if (useGraphView.getState().colourMode === 'sensitivity') colourBy(colourMode);
    };
  }, []);
}
