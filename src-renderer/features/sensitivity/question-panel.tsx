import { useId } from 'react';
import type { ProjectView } from '../../../src-shared/contract/views';
import type { SensitivityKind } from '../../../src-shared/domain/analysis/analysis';
import { t } from '../../i18n';
import { questionOf, sensitivityOf, useAnalyses } from '../../state/analyses';
import { AnalysisStart } from '../../panels/analysis/analysis-start';
import { PrecisionTabs } from '../../panels/analysis/screen-parts';
import { Segmented, Select, TextField } from '../../widgets/fields';
import { NumberField } from '../../widgets/number-field';
import {
  METRIC_CHOICES,
  metricInForce,
  needsLabels,
  sensitivityProblem,
  sensitivitySpec,
  setInForce,
  useSensitivityOptions,
} from './sensitivity-options';
import { classNames } from '../../widgets/class-names';
import analysisStyles from '../../panels/analysis/analysis.module.css';
import styles from './question-panel.module.css';

/** In the order of usefulness: which layer to change, which layer causes the error, where the error is visible. */
const QUESTIONS: readonly SensitivityKind[] = ['release', 'cause', 'visible'];

/** The question, the images to use, and the cost of the answer. */
export function QuestionPanel({ project }: { readonly project: ProjectView }) {
  const analyses = useAnalyses();
  const question = questionOf(analyses);
  const options = useSensitivityOptions((state) => state.options);
  const problem = sensitivityProblem(question, options, project.file);
  return (
    <div className={analysisStyles.panel}>
      <PrecisionTabs />
      <Questions question={question} onAsk={analyses.ask} />
      <Measure question={question} hasValidationSet={project.file.validationSet !== null} />
      <div className={classNames(analysisStyles.part, analysisStyles.foot)}>
        <AnalysisStart
          spec={sensitivitySpec(question, options, project)}
          label={t(sensitivityOf(analyses) === null ? 'sensitivity.start' : 'sensitivity.repeat')}
          problem={problem === null ? null : t(problem)}
        />
      </div>
    </div>
  );
}

function Questions({
  question,
  onAsk,
}: {
  readonly question: SensitivityKind;
  readonly onAsk: (question: SensitivityKind) => void;
}) {
  const name = useId();
  return (
    <fieldset className={classNames(analysisStyles.part, styles.questions)}>
      <legend className="visually-hidden">{t('sensitivity.question')}</legend>
      {QUESTIONS.map((kind) => (
        <label key={kind} className={styles.question}>
          <input type="radio" name={name} checked={kind === question} onChange={() => onAsk(kind)} />
          <span>
            <strong>{t(`sensitivity.kind.${kind}`)}</strong>
            <span className={analysisStyles.note}>{t(`sensitivity.kind.${kind}.what`)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Measure({
  question,
  hasValidationSet,
}: {
  readonly question: SensitivityKind;
  readonly hasValidationSet: boolean;
}) {
  const { options, change } = useSensitivityOptions();
  const metric = metricInForce(question, options);
  return (
    <section className={analysisStyles.part}>
      <Select
        label={t('sensitivity.metric')}
        value={metric === 'top1' ? 'measure' : metric}
        choices={METRIC_CHOICES.map((value) => ({
          value,
          label: t(`sensitivity.metric.${value}`),
          disabled: (question === 'visible' && value !== 'sqnr') || (needsLabels(value) && !hasValidationSet),
        }))}
        onChoose={(value) => change({ metric: value })}
      />
      <Segmented
        label={t('sensitivity.set')}
        isLabelHidden={false}
        value={setInForce(question, options, hasValidationSet)}
        choices={[
          {
            value: 'calibration',
            label: t('sensitivity.set.calibration'),
            disabled: needsLabels(metric),
            ...(needsLabels(metric) ? { title: t('sensitivity.set.labels') } : {}),
          },
          {
            value: 'validation',
            label: t('sensitivity.set.validation'),
            disabled: !hasValidationSet,
            ...(hasValidationSet ? {} : { title: t('sensitivity.set.none') }),
          },
        ]}
        onChoose={(set) => change({ set })}
      />
      <NumberField
        label={t('sensitivity.limit')}
        value={options.limit}
        min={1}
        step={16}
        isInteger
        onCommit={(limit) => limit !== null && change({ limit })}
      />
      <TextField
        label={t('sensitivity.layers')}
        placeholder={t('sensitivity.layers.all')}
        value={options.layers}
        onChange={(event) => change({ layers: event.target.value })}
      />
    </section>
  );
}
