import { formatFraction, formatSignificant } from '../../../src-shared/base/units';
import type { EnginesView, EngineView } from '../../../src-shared/contract/views';
import type { EngineType } from '../../../src-shared/domain/engines/engine-layers';
import { parseEngineName } from '../../../src-shared/domain/engines/engine-name';
import type { LayerInEngine, Reformat } from '../../../src-shared/domain/engines/engine-view';
import { t, useLanguage } from '../../i18n';
import { useEngine } from '../../state/engine';
import { useSelection } from '../../state/selection';
import { PrecisionBadge, Tag } from '../../widgets/badge';
import { classNames } from '../../widgets/class-names';
import layerInspectorStyles from './layer-inspector.module.css';
import styles from './engine-part.module.css';
import layerTableStyles from './layer-table.module.css';
import { ModelName } from '../../widgets/model-name';
import { historyTime } from '../history/history-text';
import { EngineChoice, type EngineRun, useEngineRuns } from './engine-choice';
import type { LayerRow } from './layer-rows';
import type { Layers } from './use-layers';

/** All times within an engine use the same unit, so that they are easy to compare. */
export function formatMicroseconds(valueMs: number): string {
  return `${formatSignificant(valueMs * 1000)} µs`;
}

export function typeName(type: EngineType): string {
  return type === 'other' ? t('engine.type.other') : type.toUpperCase();
}

/** The reason why a layer runs in another type than requested; null if it runs in the requested one. */
export function mismatchText({ mismatch, asked, runsIn, sharedWith, kernels }: LayerInEngine): string | null {
  if (mismatch === null || asked === null) return null;
  const kernel = kernels.find(({ type }) => type === runsIn);
  const others = (kernel?.onnxLayers ?? sharedWith)
    .filter((name) => sharedWith.includes(name))
    .slice(0, 3)
    .join(', ');
  return t(`engine.mismatch.${mismatch}`, {
    asked: typeName(asked),
    runsIn: typeName(runsIn),
    kernel: kernel?.kind ?? '',
    others,
  });
}

/**
 * A summary of an engine: its variant, the types its layers run in, and the cost of conversions; and the choice of the
 * engine, and of the one that it is compared with. If there is none, it says how to build one.
 */
export function EngineSummaryPart({ layers }: { readonly layers: Layers }) {
  const { view, shown } = useEngine();
  const runs = useEngineRuns();
  if (view === null) return null;
  const isOfRun = parseEngineName(shown ?? '').runId !== undefined;
  return (
    <section className={classNames(layerInspectorStyles.part, styles.root)}>
      <h3>{t('engine.title')}</h3>
      {view.engine === null && view.variants.length === 0 && runs.length === 0 ? null : (
        <EngineChoices runs={runs} view={view} />
      )}
      {view.engine === null ? (
        <p className={classNames(layerInspectorStyles.reason, 'dim')}>
          {t(isOfRun ? 'engine.run.none' : 'engine.none')}
        </p>
      ) : (
        <Summary engine={view.engine} layers={layers} />
      )}
    </section>
  );
}

function EngineChoices({ runs, view }: { readonly runs: readonly EngineRun[]; readonly view: EnginesView }) {
  const { shown, show, compared, comparedWith, compareWith } = useEngine();
  const isAlone = runs.length === 0 && view.variants.length < 2;
  if (isAlone) return null;
  return (
    <>
      <EngineChoice
        label={t('engine.source')}
        variantLabel={t('engine.variant')}
        name={shown}
        view={view}
        runs={runs}
        onChoose={show}
      />
      <EngineChoice
        label={t('engine.compare')}
        variantLabel={t('engine.compare.variant')}
        name={comparedWith}
        view={compared}
        runs={runs}
        other={{ name: shown, view }}
        none={t('engine.compare.none')}
        onChoose={compareWith}
      />
    </>
  );
}

function Summary({ engine, layers }: { readonly engine: EngineView; readonly layers: Layers }) {
  const language = useLanguage();
  const { layers: counts, reformats, reformatMs, totalMs } = engine.summary;
  const built = historyTime(engine.createdAt, language);
  return (
    <>
      <p className={classNames(layerInspectorStyles.reason, 'dim')}>
        {t('engine.what', {
          variant: engine.variant,
          runtime: engine.runtime,
          device: engine.device,
          batch: engine.batch,
          built,
        })}
      </p>
      {engine.isCurrent ? null : (
        <p className={classNames(layerInspectorStyles.reason, layerInspectorStyles.refused)}>{t('engine.stale')}</p>
      )}
      <p className={classNames(layerInspectorStyles.line, styles.counts)}>
        {(['int8', 'fp16', 'fp32'] as const).map((type) => (
          <span key={type}>
            <PrecisionBadge precision={type} /> {counts[type]}
          </span>
        ))}
        {totalMs === null ? null : (
          <span className={classNames('number', styles.total)}>
            {t('engine.total', { time: formatMicroseconds(totalMs) })}
          </span>
        )}
      </p>
      <p className={layerInspectorStyles.reason}>
        {t('engine.reformats', { count: reformats })}
        {reformatMs === null || totalMs === null || totalMs === 0
          ? null
          : t('engine.reformats.cost', {
              time: formatMicroseconds(reformatMs),
              share: formatFraction(reformatMs / totalMs),
            })}
      </p>
      <Reformats reformats={layers.engine?.byLayer.reformats ?? []} />
    </>
  );
}

const MOST_REFORMATS = 6;

/** The most expensive conversions. */
function Reformats({ reformats }: { readonly reformats: readonly Reformat[] }) {
  const selectTensor = useSelection((state) => state.selectTensor);
  const costly = reformats
    .filter(({ engineLayer }) => engineLayer.medianMs !== 0)
    .toSorted((a, b) => (b.engineLayer.medianMs ?? 0) - (a.engineLayer.medianMs ?? 0));
  const rest = costly.length - MOST_REFORMATS;
  if (costly.length === 0) return null;
  return (
    <ul className={styles.reformats}>
      {costly.slice(0, MOST_REFORMATS).map(({ engineLayer, tensor, cause }) => (
        <li key={engineLayer.name} title={engineLayer.name}>
          <span>
            {t(`engine.cause.${cause}`, { from: typeName(engineLayer.type), to: typeName(engineLayer.outputType) })}
          </span>
          {tensor === null ? (
            <span className="dim ellipsis">{engineLayer.name}</span>
          ) : (
            <button type="button" className={layerInspectorStyles.link} onClick={() => selectTensor(tensor)}>
              <ModelName name={tensor} />
            </button>
          )}
          {engineLayer.medianMs === null ? null : (
            <span className="number">{formatMicroseconds(engineLayer.medianMs)}</span>
          )}
        </li>
      ))}
      {rest > 0 ? <li className="dim">{t('model.inspector.more', { count: rest })}</li> : null}
    </ul>
  );
}

/** How the engine implements one layer. */
export function LayerEnginePart({ row }: { readonly row: LayerRow }) {
  const { view } = useEngine();
  const found = row.inEngine;
  const engine = view?.engine ?? null;
  if (engine === null) return null;
  return (
    <section className={classNames(layerInspectorStyles.part, styles.root)}>
      <h3>{t('engine.layer', { variant: engine.variant })}</h3>
      {found === null ? (
        <p className={classNames(layerInspectorStyles.reason, 'dim')}>{t('engine.layer.absent')}</p>
      ) : (
        <LayerFacts found={found} />
      )}
    </section>
  );
}

function LayerFacts({ found }: { readonly found: LayerInEngine }) {
  const why = mismatchText(found);
  return (
    <>
      <p className={layerInspectorStyles.line}>
        {found.asked === null ? null : (
          <>
            {t('model.inspector.asked')} <PrecisionBadge precision={found.asked} />
          </>
        )}{' '}
        {t('engine.computes')} <EngineTypeBadge found={found} />
      </p>
      {found.medianMs === null ? null : (
        <p className={layerInspectorStyles.line}>
          {t('engine.time')}
          <span className={classNames('number', styles.total)}>
            {formatMicroseconds(found.medianMs)}
            {found.share === null ? null : <span className="dim"> · {formatFraction(found.share)}</span>}
          </span>
        </p>
      )}
      {why === null ? null : (
        <p className={classNames(layerInspectorStyles.reason, layerInspectorStyles.refused)}>{why}</p>
      )}
      {found.kernels.map((kernel) => (
        <p key={kernel.name} className={layerInspectorStyles.reason}>
          <code className={layerInspectorStyles.code}>{kernel.kind}</code>{' '}
          <span title={kernel.tactic}>{kernel.name}</span>
        </p>
      ))}
      {found.sharedWith.length === 0 ? null : (
        <p className={classNames(layerInspectorStyles.reason, 'dim')}>
          {t('engine.shared', { layers: found.sharedWith.join(', '), count: found.sharedWith.length })}
        </p>
      )}
      <Reformats reformats={found.reformats} />
    </>
  );
}

/** The types that a group of layers runs in. */
export function EngineTypes({ types }: { readonly types: readonly EngineType[] }) {
  return types.map((type) =>
    type === 'other' ? (
      <Tag key={type} title={t('engine.type.other')}>
        –
      </Tag>
    ) : (
      <PrecisionBadge key={type} precision={type} />
    ),
  );
}

/** The type a layer runs in; dashed if it differs from the requested one. */
export function EngineTypeBadge({ found }: { readonly found: LayerInEngine }) {
  if (found.runsIn === 'other') return <Tag title={t('engine.type.other')}>–</Tag>;
  const title = mismatchText(found);
  const badge = <PrecisionBadge precision={found.runsIn} {...(title === null ? {} : { title })} />;
  return found.mismatch === null ? (
    badge
  ) : (
    <span className={layerTableStyles.refused} data-testid="refused-precision">
      {badge}
    </span>
  );
}
