import type { ProjectView } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { useFieldImages, useFiles } from '../../state/files';
import { reportError } from '../../state/notices';
import { AnalysisStart } from '../../panels/analysis/analysis-start';
import { PrecisionTabs } from '../../panels/analysis/screen-parts';
import { IconButton } from '../../widgets/button';
import { PathField, Select } from '../../widgets/fields';
import { NumberField } from '../../widgets/number-field';
import { isUnlabelled, limitsInForce, SEARCH_METHODS, searchSpec, useSearchOptions } from './search-options';
import analysisStyles from '../../panels/analysis/analysis.module.css';
import { classNames } from '../../widgets/class-names';

interface LimitsPanelProps {
  readonly project: ProjectView;
  readonly hasResult: boolean;
}

/** The limits for a plan, the images that plans are evaluated on, and the cost of the search. */
export function LimitsPanel({ project, hasResult }: LimitsPanelProps) {
  const options = useSearchOptions((state) => state.options);
  const fieldPath = useFieldImages((state) => state.path);
  return (
    <div className={analysisStyles.panel}>
      <PrecisionTabs />
      <Limits project={project} />
      <FieldFolder />
      <div className={classNames(analysisStyles.part, analysisStyles.foot)}>
        <AnalysisStart
          spec={searchSpec(options, fieldPath, project)}
          label={t(hasResult ? 'search.repeat' : 'search.start')}
        />
      </div>
    </div>
  );
}

const IN_USE = '';

function Limits({ project }: { readonly project: ProjectView }) {
  const { options, change } = useSearchOptions();
  const fieldPath = useFieldImages((state) => state.path);
  const limits = limitsInForce(options, project.file.gates);
  return (
    <section className={analysisStyles.part}>
      <h3>{t('search.limits')}</h3>
      <NumberField
        label={t('search.maxDrop')}
        unit="pp"
        value={limits.maxDrop}
        min={0}
        step={0.1}
        onCommit={(maxDrop) => change({ maxDrop })}
      />
      <NumberField
        label={t('search.maxWorstGroupDrop')}
        unit="pp"
        value={limits.maxWorstGroupDrop}
        min={0}
        step={0.1}
        onCommit={(maxWorstGroupDrop) => change({ maxWorstGroupDrop })}
      />
      {isUnlabelled(fieldPath, project.file) ? (
        <NumberField
          label={t('search.maxNmse')}
          value={limits.maxNmse}
          min={0}
          step={0.01}
          onCommit={(maxNmse) => change({ maxNmse })}
        />
      ) : null}
      <NumberField
        label={t('search.maxLayers')}
        value={options.maxLayers}
        min={0}
        step={1}
        isInteger
        mayBeEmpty
        placeholder={t('search.maxLayers.any')}
        onCommit={(maxLayers) => change({ maxLayers })}
      />
      <Select
        label={t('search.thresholds')}
        value={options.method ?? IN_USE}
        choices={[
          { value: IN_USE, label: t('search.thresholds.best') },
          ...SEARCH_METHODS.map((method) => ({ value: method, label: t(`jobs.method.${method}`) })),
        ]}
        onChoose={(method) => change({ method: method === IN_USE ? null : method })}
      />
      <NumberField
        label={t('search.limit')}
        value={options.limit}
        min={1}
        step={50}
        isInteger
        mayBeEmpty
        placeholder={t('search.limit.all')}
        onCommit={(limit) => change({ limit })}
      />
      <Select
        label={t('search.latencyOn')}
        value={options.usesTensorrt ? 'tensorrt' : 'own'}
        choices={[
          {
            value: 'own',
            label: t(project.file.target === 'onnxruntime' ? 'run.backend.ort-cpu' : 'search.latencyOn.model'),
          },
          { value: 'tensorrt', label: t('run.backend.tensorrt') },
        ]}
        onChoose={(value) => change({ usesTensorrt: value === 'tensorrt' })}
      />
      <p className={analysisStyles.note}>{t('search.limits.note')}</p>
    </section>
  );
}

/** The folder of unlabelled field images. A folder that is dropped on the window can set it too. */
function FieldFolder() {
  const { path, setPath } = useFieldImages();
  const choose = useFiles((state) => state.files.choose);
  const browse = (): void => {
    choose?.('folder').then((chosen) => {
      if (chosen !== null) setPath(chosen);
    }, reportError);
  };
  return (
    <section className={analysisStyles.part}>
      <h3>{t('search.field')}</h3>
      <PathField
        label={t('search.field.path')}
        placeholder={t('search.field.none')}
        value={path}
        title={path}
        onChange={(event) => setPath(event.target.value)}
        after={
          <>
            {path === '' ? null : (
              <IconButton icon="close" label={t('search.field.clear')} onClick={() => setPath('')} />
            )}
            {choose === null ? null : <IconButton icon="folder" label={t('search.field.choose')} onClick={browse} />}
          </>
        }
      />
      <p className={analysisStyles.note}>{t('search.field.note')}</p>
    </section>
  );
}
