import { useId } from 'react';
import { RUN_ANALYSES, type RunAnalysis } from '../../../src-shared/contract/jobs';
import { BACKENDS, targetOfBackend, TARGETS, type Target } from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import { Button } from '../../widgets/button';
import { Checkbox, Select } from '../../widgets/fields';
import { NumberField, NumberListField } from '../../widgets/number-field';
import {
  areBatches,
  DEFAULT_OPTIONS,
  MAX_BATCH,
  MAX_BATCHES,
  MAX_GRID_BATCH,
  MAX_LIMIT,
  MAX_ROUNDS,
  MAX_THREADS,
  OFFERED_VARIANTS,
} from './run-options';
import { useRunOptions } from './run-store';
import { ShapeProfilesPanel } from './shape-profiles-panel';
import { VariantBadge } from '../../widgets/badge';
import { classNames } from '../../widgets/class-names';
import shared from './run.module.css';
import styles from './run-options-panel.module.css';

interface RunOptionsPanelProps {
  readonly projectPath: string;
  readonly projectTarget: Target;
}

export function RunOptionsPanel({ projectPath, projectTarget }: RunOptionsPanelProps) {
  const restoreDefaults = useRunOptions((state) => state.restoreDefaults);
  const backend = useRunOptions((state) => state.options.backend);
  return (
    <div className={shared.panel}>
      <h2>{t('run.what')}</h2>
      <VariantChips />
      <BackendChoice />
      {backend === 'tensorrt' ? <ShapeProfilesPanel projectPath={projectPath} /> : null}
      <h3>{t('run.measuring')}</h3>
      <div className={styles.fields}>
        <WholeField name="threads" most={MAX_THREADS} />
        <WholeField name="rounds" most={MAX_ROUNDS} />
        <WholeField name="limit" most={MAX_LIMIT} />
      </div>
      <p className={classNames(shared.note, 'dim')}>{t('run.rounds.hint')}</p>
      <p className={classNames(shared.note, 'dim')}>{t('run.limit.hint')}</p>
      <ActivationChoice />
      {targetOfBackend(backend) === null ? <TargetChoice projectTarget={projectTarget} /> : null}
      <h3>{t('run.calibrating')}</h3>
      <TensorrtGrid />
      <h3>{t('run.analyses')}</h3>
      <AnalysisChoices />
      <Button tone="quiet" icon="refresh" onClick={restoreDefaults}>
        {t('run.defaults')}
      </Button>
    </div>
  );
}

function VariantChips() {
  const variants = useRunOptions((state) => state.options.variants);
  const switchVariant = useRunOptions((state) => state.switchVariant);
  const id = useId();
  return (
    <>
      <h3 id={id} title={t('run.variants.hint')}>
        {t('run.variants')}
      </h3>
      <div className={styles.chips} role="group" aria-labelledby={id}>
        {OFFERED_VARIANTS.map((variant) => (
          <button
            key={variant}
            type="button"
            className={styles.chip}
            aria-pressed={variants.includes(variant)}
            title={t(`run.variant.${variant}`)}
            onClick={() => switchVariant(variant)}
          >
            <VariantBadge variant={variant} />
            {variant}
          </button>
        ))}
      </div>
    </>
  );
}

function BackendChoice() {
  const backend = useRunOptions((state) => state.options.backend);
  const batches = useRunOptions((state) => state.options.batches);
  const setOption = useRunOptions((state) => state.setOption);
  const choices = BACKENDS.map((value) => ({ value, label: t(`run.backend.${value}`) }));
  return (
    <>
      <Select
        label={t('run.backend')}
        value={backend}
        choices={choices}
        onChoose={(chosen) => setOption({ backend: chosen })}
      />
      {backend === 'ort-cpu' ? null : (
        <p className={classNames(shared.note, 'dim')}>{t(`run.backend.${backend}.hint`)}</p>
      )}
      <NumberListField
        label={t('run.batches')}
        values={batches}
        isAllowed={areBatches}
        expected={t('run.batches.expected', { count: MAX_BATCHES, most: MAX_BATCH })}
        onChange={(values) => setOption({ batches: values })}
      />
      <p className={classNames(shared.note, 'dim')}>{t('run.batches.hint')}</p>
    </>
  );
}

interface WholeFieldProps {
  readonly name: 'threads' | 'rounds' | 'limit';
  readonly most: number;
}

function WholeField({ name, most }: WholeFieldProps) {
  const value = useRunOptions((state) => state.options[name]);
  const setOption = useRunOptions((state) => state.setOption);
  return (
    <NumberField
      label={t(`run.${name}`)}
      value={value}
      min={1}
      max={most}
      step={1}
      isInteger
      mayBeEmpty
      placeholder={t(`run.${name}.auto`)}
      onCommit={(entered) => setOption({ [name]: entered })}
    />
  );
}

function ActivationChoice() {
  const activationType = useRunOptions((state) => state.options.activationType);
  const setOption = useRunOptions((state) => state.setOption);
  const choices = (['int8', 'uint8'] as const).map((value) => ({ value, label: t(`run.activations.${value}`) }));
  return (
    <Select
      label={t('run.activations')}
      value={activationType}
      choices={choices}
      onChoose={(chosen) => setOption({ activationType: chosen })}
    />
  );
}

function TensorrtGrid() {
  const isWanted = useRunOptions((state) => state.options.isTensorrtGridWanted);
  const batch = useRunOptions((state) => state.options.tensorrtGridBatch);
  const setOption = useRunOptions((state) => state.setOption);
  return (
    <>
      <Checkbox
        label={t('run.grid')}
        checked={isWanted}
        onChange={(wanted) => setOption({ isTensorrtGridWanted: wanted })}
      />
      {isWanted ? (
        <div className={styles.fields}>
          <NumberField
            label={t('run.grid.batch')}
            value={batch}
            min={1}
            max={MAX_GRID_BATCH}
            step={1}
            isInteger
            onCommit={(entered) => setOption({ tensorrtGridBatch: entered ?? DEFAULT_OPTIONS.tensorrtGridBatch })}
          />
        </div>
      ) : null}
      <p className={classNames(shared.note, 'dim')}>{t('run.grid.hint')}</p>
    </>
  );
}

function AnalysisChoices() {
  const analyses = useRunOptions((state) => state.options.analyses);
  const setOption = useRunOptions((state) => state.setOption);
  const switched = (analysis: RunAnalysis, isOn: boolean): readonly RunAnalysis[] =>
    RUN_ANALYSES.filter((name) => (name === analysis ? isOn : analyses.includes(name)));
  return RUN_ANALYSES.map((analysis) => (
    <div key={analysis}>
      <Checkbox
        label={t(`run.analysis.${analysis}`)}
        checked={analyses.includes(analysis)}
        onChange={(isOn) => setOption({ analyses: switched(analysis, isOn) })}
      />
      <p className={classNames(shared.note, 'dim')}>{t(`run.analysis.${analysis}.hint`)}</p>
    </div>
  ));
}

const AS_PROJECT = 'project';

function TargetChoice({ projectTarget }: Pick<RunOptionsPanelProps, 'projectTarget'>) {
  const target = useRunOptions((state) => state.options.target);
  const setOption = useRunOptions((state) => state.setOption);
  const choices = [
    { value: AS_PROJECT, label: t('run.target.project', { target: projectTarget }) } as const,
    ...TARGETS.map((value) => ({ value, label: value })),
  ];
  return (
    <Select
      label={t('run.target')}
      value={target ?? AS_PROJECT}
      choices={choices}
      onChoose={(chosen) => setOption({ target: chosen === AS_PROJECT ? null : chosen })}
    />
  );
}
