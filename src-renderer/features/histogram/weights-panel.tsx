import { useEffect, useState } from 'react';
import { formatCount, formatDb, formatPercent, formatReal, formatSignificant } from '../../../src-shared/base/units';
import type { LayerWeightsView } from '../../../src-shared/domain/analysis/layer-weights';
import { WEIGHT_METHODS, weightMethodOf, type WeightMethod } from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { Segmented } from '../../widgets/fields';
import styles from './weights-panel.module.css';

/** The weights that the activation is multiplied with: the range of every output channel, and their error in INT8. */
export function WeightsPanel({ tensor }: { readonly tensor: string }) {
  const layers = useWeights(tensor);
  if (layers === null || layers.length === 0) return null;
  return (
    <section className={styles.weights} aria-label={t('histogram.weights')}>
      <h3>{t('histogram.weights')}</h3>
      {layers.map((layer) => (
        <LayerWeights key={layer.layer} weights={layer} />
      ))}
    </section>
  );
}

/** Null until they are read; a model that cannot be read shows its error elsewhere. */
function useWeights(tensor: string): readonly LayerWeightsView[] | null {
  const api = useSession((state) => state.api);
  const projectPath = useSession((state) => state.project?.path);
  // Equalization and smoothing change weights.
  const repairs = useSession((state) => JSON.stringify(state.project?.file.plan.repairs ?? {}));
  const key = [projectPath, tensor, repairs].join('\n');
  const [loaded, setLoaded] = useState<{ readonly key: string; readonly layers: readonly LayerWeightsView[] } | null>(
    null,
  );
  useEffect(() => {
    if (projectPath === undefined) return undefined;
    let isCurrent = true;
    const keep = (layers: readonly LayerWeightsView[]): void => {
      if (isCurrent) setLoaded({ key, layers });
    };
    api.getWeights({ projectPath, tensor }).then(keep, () => keep([]));
    return () => {
      isCurrent = false;
    };
  }, [api, projectPath, tensor, key]);
  return loaded?.key === key ? loaded.layers : null;
}

function LayerWeights({ weights }: { readonly weights: LayerWeightsView }) {
  const method = useSession((state) => weightMethodOf(state.project?.file.plan ?? {}, weights.layer));
  const { layer, amax, totalSqnrDb, worstChannel, sqnrDb, wastedRange, inputSpread } = weights;
  const facts: readonly (readonly [label: string, value: string])[] = [
    [t('histogram.weights.sqnr'), `${dbText(totalSqnrDb.minmax)} / ${dbText(totalSqnrDb.mse)}`],
    ...(worstChannel === null
      ? []
      : [
          [
            t('histogram.weights.worst'),
            t('histogram.weights.worst.value', {
              channel: worstChannel,
              sqnr: dbText(sqnrDb[method][worstChannel] ?? null),
            }),
          ] as const,
        ]),
    [t('histogram.weights.wasted'), formatPercent(100 * wastedRange)],
    ...(inputSpread === undefined
      ? []
      : [[t('histogram.weights.inputs'), `${formatSignificant(inputSpread)}×`] as const]),
  ];
  return (
    <div className={styles.layer}>
      <p className="ellipsis" title={layer}>
        {layer}
      </p>
      <Ranges amax={amax} worstChannel={worstChannel} />
      <dl className={styles.facts}>
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
      <Segmented
        label={t('histogram.weights.method')}
        value={method}
        choices={WEIGHT_METHODS.map((value) => ({
          value,
          label: t(`histogram.method.${value}`),
          title: t(`histogram.weights.${value}.title`),
        }))}
        onChoose={(chosen) => chooseWeightMethod(layer, chosen)}
      />
    </div>
  );
}

const PLOT = { width: 240, height: 40 };

/** Largest |w| of every output channel as bars from the bottom; the channel with the largest error is marked. */
function Ranges({ amax, worstChannel }: { readonly amax: readonly number[]; readonly worstChannel: number | null }) {
  const largest = amax.reduce((most, value) => Math.max(most, value), 0);
  const width = PLOT.width / amax.length;
  const path = amax
    .map((value, channel) => {
      const height = largest > 0 ? (PLOT.height * value) / largest : 0;
      return `M${channel * width} ${PLOT.height}v${-height}h${width}v${height}z`;
    })
    .join('');
  return (
    <svg
      className={styles.ranges}
      viewBox={`0 0 ${PLOT.width} ${PLOT.height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={t('histogram.weights.ranges', {
        channels: formatCount(amax.length),
        largest: formatReal(largest),
      })}
    >
      <path d={path} />
      {worstChannel === null ? null : (
        <rect className={styles.worst} x={worstChannel * width} y={0} width={Math.max(1, width)} height={PLOT.height} />
      )}
    </svg>
  );
}

function chooseWeightMethod(layer: string, method: WeightMethod): void {
  const name = t('histogram.weights.edit', { method: t(`histogram.method.${method}`) });
  void useSession.getState().edit(name, [{ kind: 'weights', layer, method }]);
}

function dbText(value: number | null): string {
  return value === null ? '∞' : formatDb(value);
}
