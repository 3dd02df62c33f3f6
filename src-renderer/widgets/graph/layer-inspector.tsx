import type { ReactNode } from 'react';
import { formatCount, formatDb, formatFraction, formatReal } from '../../../src-shared/base/units';
import type { PlacementDecision } from '../../../src-shared/domain/precision';
import { t } from '../../i18n';
import { useSelection } from '../../state/selection';
import { useSession } from '../../state/session';
import { useView } from '../../state/view';
import { PrecisionBadge } from '../badge';
import { Button } from '../button';
import { classNames } from '../class-names';
import { EmptyState } from '../empty-state';
import { edgeDecisions } from './graph-structure';
import './layer-inspector.css';
import { formatShape, type LayerRow } from './layer-rows';
import { useReasonText } from './reason-text';
import type { Layers } from './use-layers';

/** Facts and decisions of the chosen layer; `children` are what the screen lets a person do with it. */
export function LayerInspector({ layers, children }: { readonly layers: Layers; readonly children?: ReactNode }) {
  const row = layers.active;
  if (row === null) return <EmptyState title={t('model.inspector.empty')}>{t('model.inspector.empty.text')}</EmptyState>;
  return (
    <div className="inspect">
      <header className="inspect-part">
        <h2 className="inspect-name">{row.layer}</h2>
        <p className="dim">{t('model.inspector.position', { op: row.op, number: row.number, count: layers.rows.length })}</p>
      </header>
      {children}
      <Decision row={row} />
      <Facts row={row} />
      <section className="inspect-part">
        <h3>{t('model.inspector.inputs')}</h3>
        <Inputs row={row} layers={layers} />
      </section>
      <section className="inspect-part">
        <h3>{t('model.inspector.outputs')}</h3>
        <Outputs row={row} layers={layers} />
      </section>
    </div>
  );
}

function Decision({ row }: { readonly row: LayerRow }) {
  const reasonText = useReasonText();
  return (
    <section className="inspect-part">
      <h3>{t('model.inspector.decision')}</h3>
      <p className="inspect-line">
        {t('model.inspector.asked')} <PrecisionBadge precision={row.planned} /> {t('model.inspector.gets')} <PrecisionBadge precision={row.runsIn} />
        <code className="inspect-code">{row.code}</code>
      </p>
      <p className={classNames('inspect-reason', row.isRefused && 'inspect-refused')}>{reasonText(row)}</p>
    </section>
  );
}

function Facts({ row }: { readonly row: LayerRow }) {
  const threshold = useSession((state) => (row.tensor === null ? undefined : state.thresholds?.tensors.find((candidate) => candidate.name === row.tensor)));
  const facts: (readonly [key: string, value: string, exact?: string])[] = [];
  if (row.weightShape !== null) facts.push(['weightShape', formatShape(row.weightShape)]);
  facts.push(['parameters', formatCount(row.parameters), String(row.parameters)]);
  if (threshold !== undefined) {
    facts.push(['sqnrDb', formatDb(threshold.sqnrDb), `${threshold.sqnrDb} dB`]);
    facts.push(['clippedFraction', formatFraction(threshold.clippedFraction), `${threshold.clippedFraction * 100} %`]);
    facts.push(['threshold', formatReal(threshold.threshold), String(threshold.threshold)]);
    facts.push(['scale', formatReal(threshold.scale), String(threshold.scale)]);
    facts.push(['amax', formatReal(threshold.amax), String(threshold.amax)]);
  }
  return (
    <dl className="inspect-part inspect-facts">
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
  const decisions = edgeDecisions(row.view);
  if (row.view.inputs.length === 0) return <p className="dim">{t('model.inspector.noInputs')}</p>;
  return (
    <ul className="inspect-tensors">
      {[...new Set(row.view.inputs)].map((tensor) => {
        const producer = layers.tensors.producerOf(tensor);
        return (
          <li key={tensor}>
            <TensorLine tensor={tensor} layers={layers} />
            {producer === undefined ? <p className="dim">{t('model.inspector.modelInput')}</p> : <LayerLinks label={t('model.inspector.from')} names={[producer]} layers={layers} />}
            <EdgeDecision decision={decisions.get(tensor)} />
          </li>
        );
      })}
    </ul>
  );
}

function Outputs({ row, layers }: { readonly row: LayerRow; readonly layers: Layers }) {
  return (
    <ul className="inspect-tensors">
      {row.view.outputs.map((tensor) => {
        const readers = layers.tensors.readersOf(tensor);
        return (
          <li key={tensor}>
            <TensorLine tensor={tensor} layers={layers} />
            {layers.tensors.isModelOutput(tensor) ? <p className="dim">{t('model.inspector.modelOutput')}</p> : null}
            {readers.length === 0 ? null : <LayerLinks label={t('model.inspector.to')} names={readers} layers={layers} />}
          </li>
        );
      })}
    </ul>
  );
}

/** A tensor to choose, and the way to its histogram where it has one. */
function TensorLine({ tensor, layers }: { readonly tensor: string; readonly layers: Layers }) {
  const isChosen = useSelection((state) => state.tensor === tensor);
  const selectTensor = useSelection((state) => state.selectTensor);
  const openScreen = useView((state) => state.openScreen);
  const isCalibrated = useSession((state) => state.thresholds !== null);
  const hasHistogram = isCalibrated && layers.model.calibrationTensors.includes(tensor);
  return (
    <div className="inspect-line">
      <button type="button" className="inspect-link ellipsis" aria-pressed={isChosen} title={tensor} onClick={() => selectTensor(tensor)}>
        {tensor}
      </button>
      {hasHistogram ? (
        <Button
          tone="quiet"
          className="inspect-open"
          title={t('model.inspector.histogram.title', { tensor })}
          onClick={() => {
            selectTensor(tensor);
            openScreen('histogram');
          }}
        >
          {t('model.inspector.histogram')}
        </Button>
      ) : null}
    </div>
  );
}

const MOST_LINKS = 8;

function LayerLinks({ label, names, layers }: { readonly label: string; readonly names: readonly string[]; readonly layers: Layers }) {
  return (
    <p className="inspect-links">
      <span className="dim">{label}</span>
      {names.slice(0, MOST_LINKS).map((name) => (
        <button key={name} type="button" className="inspect-link" title={name} onClick={() => layers.choose(name)}>
          {layers.rowOf(name)?.shortName ?? name}
        </button>
      ))}
      {names.length > MOST_LINKS ? <span className="dim">{t('model.inspector.more', { count: names.length - MOST_LINKS })}</span> : null}
    </p>
  );
}

function EdgeDecision({ decision }: { readonly decision: PlacementDecision | undefined }) {
  const reasonText = useReasonText();
  if (decision === undefined) return <p className="dim">{t('model.inspector.noQdq')}</p>;
  return (
    <p className="inspect-reason">
      <PrecisionBadge precision={decision.precision} title={decision.precision === 'int8' ? 'Q/DQ' : decision.precision.toUpperCase()} />{' '}
      {decision.precision === 'int8' ? 'Q/DQ · ' : ''}
      <code className="inspect-code">{decision.code}</code> {reasonText(decision)}
    </p>
  );
}
