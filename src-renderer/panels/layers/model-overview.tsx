import { useEffect, useState } from 'react';
import { formatCount } from '../../../src-shared/base/units';
import type { ModelInspection, TensorDescription } from '../../../src-shared/domain/project/inspection';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { useView } from '../../state/view';
import { Button } from '../../widgets/button';
import { ModelName } from '../../widgets/model-name';
import { EmptyState, ErrorBox } from '../../widgets/states';
import { formatShape } from './layer-rows';
import { classNames } from '../../widgets/class-names';
import styles from './layer-inspector.module.css';

/** A summary of the model, shown while no layer is chosen: producer, inputs and outputs, and size. */
export function ModelOverview() {
  const path = useSession((state) => state.project?.file.model.path ?? null);
  const inspection = useInspection(path);
  return (
    <>
      <header className={styles.part}>
        <h2 className={styles.name} title={path ?? undefined}>
          {path?.split(/[/\\]/).at(-1)}
        </h2>
        <p className="dim">{t('model.inspector.empty.text')}</p>
      </header>
      {inspection instanceof Error ? <ErrorBox error={inspection} /> : null}
      {inspection === null || inspection instanceof Error ? null : <Facts model={inspection.model} />}
    </>
  );
}

function Facts({ model }: Pick<ModelInspection, 'model'>) {
  const facts: readonly (readonly [key: string, value: string, exact?: string])[] = [
    ['opset', String(model.opset)],
    ['ir', String(model.ir)],
    ...(model.producer === '' ? [] : [['producer', model.producer] as const]),
    ['layers', formatCount(model.layers)],
    ['quantizable', formatCount(model.quantizable)],
    ['parameters', formatCount(model.parameters), String(model.parameters)],
    [
      'macs',
      model.macs === undefined ? t('model.fact.macs.unknown') : formatCount(model.macs),
      String(model.macs ?? ''),
    ],
  ];
  return (
    <>
      <dl className={classNames(styles.part, styles.facts)}>
        {facts.map(([key, value, exact]) => (
          <div key={key} title={key === 'macs' ? t('model.fact.macs.title') : undefined}>
            <dt>{t(`model.fact.${key}`)}</dt>
            <dd className="number" title={exact}>
              {value}
            </dd>
          </div>
        ))}
      </dl>
      <Tensors title={t('model.inspector.inputs')} tensors={model.inputs} />
      <Tensors title={t('model.inspector.outputs')} tensors={model.outputs} />
    </>
  );
}

function Tensors({ title, tensors }: { readonly title: string; readonly tensors: readonly TensorDescription[] }) {
  return (
    <section className={styles.part}>
      <h3>{title}</h3>
      <ul className={styles.tensors}>
        {tensors.map(({ name, dtype, shape }) => (
          <li key={name}>
            <ModelName name={name} />
            <span className="dim">
              {dtype} {shape === null ? t('model.fact.rank.unknown') : formatShape(shape)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The inspection of the project's model; null while it is loading. */
function useInspection(path: string | null): ModelInspection | Error | null {
  const api = useSession((state) => state.api);
  const [found, setFound] = useState<{ readonly path: string; readonly inspection: ModelInspection | Error } | null>(
    null,
  );
  useEffect(() => {
    if (path === null) return undefined;
    let isCurrent = true;
    const store = (inspection: ModelInspection | Error): void => {
      if (isCurrent) setFound({ path, inspection });
    };
    api
      .inspectModel({ modelPath: path })
      .then(store, (error: unknown) => store(error instanceof Error ? error : new Error(String(error))));
    return () => {
      isCurrent = false;
    };
  }, [api, path]);
  return found?.path === path ? found.inspection : null;
}

/** Shown instead of layers if no project is open, or if its model has not been loaded. */
export function NoModel() {
  const hasProject = useSession((state) => state.project !== null);
  const refresh = useSession((state) => state.refresh);
  const openScreen = useView((state) => state.openScreen);
  if (hasProject) {
    return (
      <EmptyState
        title={t('model.reading')}
        action={<Button onClick={() => void refresh({ isCalibrationNew: true })}>{t('model.reading.action')}</Button>}
      >
        {t('model.reading.text')}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title={t('model.none')}
      action={
        <Button tone="primary" onClick={() => openScreen('start')}>
          {t('model.none.action')}
        </Button>
      }
    >
      {t('model.none.text')}
    </EmptyState>
  );
}
