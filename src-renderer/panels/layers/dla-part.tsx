import { useState } from 'react';
import { create } from 'zustand';
import type { DlaLayer, DlaMap } from '../../../src-shared/domain/engines/dla-map';
import { formatCount } from '../../../src-shared/base/units';
import { t } from '../../i18n';
import { reportError } from '../../state/notices';
import { useSession } from '../../state/session';
import { Tag } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { Icon } from '../../widgets/icons';
import { ModelName } from '../../widgets/model-name';
import { useReasonText } from './layer-rows';
import styles from './layer-inspector.module.css';
import type { Layers } from './use-layers';

interface DlaState {
  /** The model that `map` belongs to. */
  readonly modelPath: string | null;
  readonly map: DlaMap | null;
  readonly keep: (modelPath: string, map: DlaMap) => void;
  readonly forget: () => void;
}

/** Where a Jetson's DLA would run the model, once the user has asked for it. */
const useDla = create<DlaState>()((set) => ({
  modelPath: null,
  map: null,
  keep: (modelPath, map) => set({ modelPath, map }),
  forget: () => set({ modelPath: null, map: null }),
}));

/** The map of the open model; null if it was not asked for. */
function useDlaMap(): DlaMap | null {
  const path = useSession((state) => state.project?.file.model.path ?? null);
  return useDla((state) => (state.modelPath === path ? state.map : null));
}

/** Layers on the GPU that are listed. */
const LISTED = 12;

/**
 * The DLA of a Jetson as a target: which layers it would run by its documented limits. Only a map: nothing is built for
 * it, and the rules were never compared with the hardware, which the panel says.
 */
export function DlaPart({ layers }: { readonly layers: Layers }) {
  const api = useSession((state) => state.api);
  const path = useSession((state) => state.project?.file.model.path ?? null);
  const map = useDlaMap();
  const [isLoading, setIsLoading] = useState(false);
  const load = (modelPath: string): void => {
    setIsLoading(true);
    api
      .inspectModel({ modelPath, dla: true })
      .then(({ dla }) => {
        if (dla !== undefined) useDla.getState().keep(modelPath, dla);
      }, reportError)
      .finally(() => setIsLoading(false));
  };
  if (path === null) return null;
  return (
    <section className={styles.part} aria-labelledby="model-dla">
      <h3 id="model-dla">{t('dla.title')}</h3>
      <p className={classNames(styles.reason, styles.refused)}>
        <Icon name="warning" /> {t('dla.unverified')}
      </p>
      {map === null ? (
        <Button disabled={isLoading} onClick={() => load(path)}>
          {t(isLoading ? 'dla.loading' : 'dla.show')}
        </Button>
      ) : (
        <Facts map={map} layers={layers} />
      )}
    </section>
  );
}

function Facts({ map, layers }: { readonly map: DlaMap; readonly layers: Layers }) {
  const forget = useDla((state) => state.forget);
  const reasonText = useReasonText();
  const onGpu = map.layers.filter(({ device }) => device === 'gpu');
  const isBatchOpen = onGpu.length < map.layers.length && map.notes.some((note) => note.includes('fixed batch'));
  const facts = [
    ['layers', t('dla.of', { count: map.layers.length - onGpu.length, all: map.layers.length })],
    ['regions', formatCount(map.regions.length)],
    ['transitions', formatCount(map.transitions.length)],
    ['scales', formatCount(map.scales.length)],
    ['shared', formatCount(map.sharedScales.length)],
  ] as const;
  return (
    <>
      <dl className={styles.facts}>
        {facts.map(([key, value]) => (
          <div key={key} title={t(`dla.${key}.title`)}>
            <dt>{t(`dla.${key}`)}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
      {isBatchOpen ? <p className={styles.reason}>{t('dla.batch')}</p> : null}
      {onGpu.length === 0 ? null : <h3>{t('dla.gpu')}</h3>}
      <ul className={styles.tensors}>
        {onGpu.slice(0, LISTED).map(({ layer, code, reason }) => (
          <li key={layer}>
            <button type="button" className={styles.link} onClick={() => layers.choose(layer)}>
              <ModelName name={layer} />
            </button>
            <p className="dim">{reasonText({ code, reason })}</p>
          </li>
        ))}
      </ul>
      {onGpu.length > LISTED ? (
        <p className="dim">{t('model.inspector.more', { count: onGpu.length - LISTED })}</p>
      ) : null}
      <p className={classNames(styles.reason, 'dim')}>{t('dla.source', { source: map.source })}</p>
      <Button tone="quiet" onClick={forget}>
        {t('dla.hide')}
      </Button>
    </>
  );
}

/** Where DLA would run one layer; nothing before the map was asked for. */
export function LayerDlaPart({ layer }: { readonly layer: string }) {
  const found = useDlaMap()?.layers.find((each) => each.layer === layer);
  const reasonText = useReasonText();
  return found === undefined ? null : (
    <section className={styles.part}>
      <h3>{t('dla.title')}</h3>
      <p className={styles.line}>
        <Tag title={t('dla.unverified')}>{deviceText(found)}</Tag>
        <code className={styles.code}>{found.code}</code>
      </p>
      <p className={styles.reason}>{reasonText(found)}</p>
    </section>
  );
}

function deviceText({ device, region }: DlaLayer): string {
  return device === 'gpu' ? 'GPU' : region === null ? 'DLA' : t('dla.region', { number: region + 1 });
}
