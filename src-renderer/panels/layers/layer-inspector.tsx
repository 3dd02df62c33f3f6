import type { ReactNode } from 'react';
import { formatCount, formatDb, formatFraction, formatReal } from '../../../src-shared/base/units';
import { t } from '../../i18n';
import { openHistogram } from '../../state/histogram-tab';
import { useSelection } from '../../state/selection';
import { useSession } from '../../state/session';
import { ChoiceBadge, PrecisionBadge } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import styles from './layer-inspector.module.css';
import { ModelName } from '../../widgets/model-name';
import { DlaPart, LayerDlaPart } from './dla-part';
import { EngineSummaryPart, LayerEnginePart } from './engine-part';
import { type EdgePlacement, edgePlacements, isRepair, layerRemarks } from './graph-structure';
import { formatShape, type LayerRow, useReasonText } from './layer-rows';
import { ModelOverview } from './model-overview';
import type { Layers } from './use-layers';

/** Facts and decisions of the chosen layer; `children` are the actions that the screen offers for it. */
export function LayerInspector({ layers, children }: { readonly layers: Layers; readonly children?: ReactNode }) {
  const row = layers.active;
  if (row === null) {
    return (
      <div className={styles.root}>
        <ModelOverview />
        <EngineSummaryPart layers={layers} />
        <DlaPart layers={layers} />
      </div>
    );
  }
  return (
    <div className={styles.root}>
      <header className={styles.part}>
        <h2 className={styles.name}>{row.layer}</h2>
        <p className="dim">
          {t('model.inspector.position', { op: row.op, number: row.number, count: layers.rows.length })}
        </p>
      </header>
      {children}
      <Decision row={row} />
      <LayerEnginePart row={row} />
      <LayerDlaPart layer={row.layer} />
      <Facts row={row} />
      <section className={styles.part}>
        <h3>{t('model.inspector.inputs')}</h3>
        <Inputs row={row} layers={layers} />
      </section>
      <section className={styles.part}>
        <h3>{t('model.inspector.outputs')}</h3>
        <Outputs row={row} layers={layers} />
      </section>
      <EngineSummaryPart layers={layers} />
    </div>
  );
}

function Decision({ row }: { readonly row: LayerRow }) {
  const reasonText = useReasonText();
  return (
    <section className={styles.part}>
      <h3>{t('model.inspector.decision')}</h3>
      <p className={styles.line}>
        {t('model.inspector.asked')} <ChoiceBadge choice={row.choice} /> {t('model.inspector.gets')}{' '}
        <PrecisionBadge precision={row.runsIn} />
        <code className={styles.code}>{row.code}</code>
      </p>
      <p className={classNames(styles.reason, row.isRefused && styles.refused)}>{reasonText(row)}</p>
      {layerRemarks(row.view).map((remark) => (
        <p
          key={`${remark.code} ${remark.tensor ?? ''}`}
          className={classNames(styles.reason, !isRepair(remark) && styles.refused)}
        >
          <code className={styles.code}>{remark.code}</code> {reasonText(remark)}
        </p>
      ))}
      <Fp16Forecast row={row} />
    </section>
  );
}

/** The expected effect of FP16 on a layer that does not run in FP16, before anything is built. */
function Fp16Forecast({ row }: { readonly row: LayerRow }) {
  const reasonText = useReasonText();
  const { fp16Hazards } = row.view;
  if (fp16Hazards === null || row.runsIn === 'fp16') return null;
  return (
    <>
      <h3>{t('model.inspector.fp16')}</h3>
      {fp16Hazards.length === 0 ? (
        <p className={classNames(styles.reason, 'dim')}>{t('model.inspector.fp16Fits')}</p>
      ) : null}
      {fp16Hazards.map((hazard) => (
        <p key={`${hazard.code} ${hazard.tensor}`} className={styles.reason} title={hazard.reason}>
          <code className={styles.code}>{hazard.code}</code> {reasonText(hazard)}
        </p>
      ))}
    </>
  );
}

function Facts({ row }: { readonly row: LayerRow }) {
  const threshold = useSession((state) =>
    row.tensor === null ? undefined : state.thresholds?.tensors.find((candidate) => candidate.name === row.tensor),
  );
  const facts: (readonly [key: string, value: string, exact?: string])[] = [];
  if (row.weightShape !== null) facts.push(['weightShape', formatShape(row.weightShape)]);
  facts.push(['parameters', formatCount(row.parameters), String(row.parameters)]);
  if (row.view.macs !== undefined) facts.push(['macs', formatCount(row.view.macs), String(row.view.macs)]);
  if (threshold !== undefined) {
    facts.push(['sqnrDb', formatDb(threshold.sqnrDb), `${threshold.sqnrDb} dB`]);
    facts.push(['clippedFraction', formatFraction(threshold.clippedFraction), `${threshold.clippedFraction * 100} %`]);
    facts.push(['threshold', formatReal(threshold.threshold), String(threshold.threshold)]);
    facts.push(['scale', formatReal(threshold.scale), String(threshold.scale)]);
    facts.push(['amax', formatReal(threshold.amax), String(threshold.amax)]);
  }
  return (
    <dl className={classNames(styles.part, styles.facts)}>
      {facts.map(([key, value, exact]) => (
        <div key={key}>
          <dt>{t(`model.fact.${key}`)}</dt>
          <dd className="number" title={exact}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Inputs({ row, layers }: { readonly row: LayerRow; readonly layers: Layers }) {
  const placements = edgePlacements(row.view);
  if (row.view.inputs.length === 0) return <p className="dim">{t('model.inspector.noInputs')}</p>;
  return (
    <ul className={styles.tensors}>
      {[...new Set(row.view.inputs)].map((tensor) => {
        const producer = layers.tensors.producerOf(tensor);
        return (
          <li key={tensor}>
            <TensorLine tensor={tensor} layers={layers} />
            {producer === undefined ? (
              <p className="dim">{t('model.inspector.modelInput')}</p>
            ) : (
              <p className={styles.links}>
                <span className="dim">{t('model.inspector.from')}</span>
                <LayerLink name={producer} layers={layers} />
              </p>
            )}
            <EdgeReason placement={placements.get(tensor)} />
          </li>
        );
      })}
    </ul>
  );
}

function Outputs({ row, layers }: { readonly row: LayerRow; readonly layers: Layers }) {
  return (
    <ul className={styles.tensors}>
      {row.view.outputs.map((tensor) => {
        const readers = layers.tensors.readersOf(tensor);
        return (
          <li key={tensor}>
            <TensorLine tensor={tensor} layers={layers} />
            {layers.tensors.isModelOutput(tensor) ? <p className="dim">{t('model.inspector.modelOutput')}</p> : null}
            <Readers tensor={tensor} names={readers} layers={layers} />
          </li>
        );
      })}
    </ul>
  );
}

/** A tensor that can be chosen, with a link to its histogram if it has one. */
function TensorLine({ tensor, layers }: { readonly tensor: string; readonly layers: Layers }) {
  const isChosen = useSelection((state) => state.tensor === tensor);
  const select = useSelection((state) => state.select);
  // Choosing a tensor keeps the current layer.
  const chooseTensor = (): void => select({ tensor, layer: layers.active?.layer ?? null });
  const isCalibrated = useSession((state) => state.thresholds !== null);
  const hasHistogram = isCalibrated && layers.model.calibrationTensors.includes(tensor);
  return (
    <div className={styles.line}>
      <button type="button" className={styles.link} aria-pressed={isChosen} onClick={chooseTensor}>
        <ModelName name={tensor} />
      </button>
      {hasHistogram ? (
        <Button
          tone="quiet"
          className={styles.open}
          title={t('model.inspector.histogram.title', { tensor })}
          onClick={() => {
            chooseTensor();
            openHistogram();
          }}
        >
          {t('model.inspector.histogram')}
        </Button>
      ) : null}
    </div>
  );
}

const MOST_READERS = 8;

/** Every layer that reads the tensor, each with the reason for the edge that leads to it. */
function Readers({
  tensor,
  names,
  layers,
}: {
  readonly tensor: string;
  readonly names: readonly string[];
  readonly layers: Layers;
}) {
  const rest = names.length - MOST_READERS;
  return (
    <>
      {names.slice(0, MOST_READERS).map((name) => {
        const reader = layers.rowOf(name);
        return (
          <div key={name}>
            <p className={styles.links}>
              <span className="dim">{t('model.inspector.to')}</span>
              <LayerLink name={name} layers={layers} />
            </p>
            <EdgeReason placement={reader === undefined ? undefined : edgePlacements(reader.view).get(tensor)} />
          </div>
        );
      })}
      {rest > 0 ? <p className="dim">{t('model.inspector.more', { count: rest })}</p> : null}
    </>
  );
}

function LayerLink({ name, layers }: { readonly name: string; readonly layers: Layers }) {
  return (
    <button type="button" className={styles.link} onClick={() => layers.choose(name)}>
      <ModelName name={name} short={layers.rowOf(name)?.shortName ?? name} />
    </button>
  );
}

function EdgeReason({ placement }: { readonly placement: EdgePlacement | undefined }) {
  const reasonText = useReasonText();
  if (placement === undefined) return null;
  const { decision, isOwn } = placement;
  const isQuantized = isOwn && decision.precision === 'int8';
  return (
    <p className={classNames(styles.reason, !isOwn && 'dim')}>
      {isOwn ? (
        <PrecisionBadge
          precision={decision.precision}
          title={isQuantized ? 'Q/DQ' : decision.precision.toUpperCase()}
        />
      ) : null}{' '}
      {isQuantized ? 'Q/DQ · ' : isOwn ? '' : `${t('model.inspector.noQdq')} · `}
      <code className={styles.code}>{decision.code}</code> {reasonText(decision)}
    </p>
  );
}
