import { formatMeasure, worstGroupText } from '../../../src-shared/domain/tasks/measure-text';
import {
  formatAccuracy,
  formatBytes,
  formatCount,
  formatDb,
  formatMs,
  formatRate,
} from '../../../src-shared/base/units';
import type {
  BuildResult,
  CalibrateResult,
  JobResult,
  QuantizeResult,
  RunResult,
} from '../../../src-shared/contract/job-results';
import type { TableRow } from '../../../src-shared/domain/runs/run-record';
import { distinctRows, type DistinctRow } from '../../../src-shared/domain/runs/run-table';
import { t } from '../../i18n';
import { recordSentence } from '../../i18n/record-sentences';
import { useView } from '../../state/view';
import { Tag, VariantBadge } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { finishedOf, rowsOf, warningsOf } from './finished-facts';
import { classNames } from '../../widgets/class-names';
import shared from './run.module.css';
import styles from './finished-view.module.css';

/** A short summary of a finished job, with links to the details. */
export function FinishedView({ result }: { readonly result: JobResult }) {
  const finished = finishedOf(result);
  const rows = rowsOf(finished);
  const warnings = warningsOf(finished);
  return (
    <div className={shared.outcome} data-testid="run-outcome">
      {finished.kind === 'run' ? <RunVerdict result={finished.result} /> : null}
      {finished.kind === 'calibrate' ? <CalibrationFacts result={finished.result} /> : null}
      {finished.kind === 'build' ? <BuildFacts result={finished.result} /> : null}
      {finished.kind === 'quantize' ? <ModelFacts result={finished.result} /> : null}
      {rows.length === 0 ? null : <ShortTable rows={distinctRows(rows, [])} />}
      {warnings.length === 0 ? null : (
        <details className={styles.warnings}>
          <summary>{t('run.warnings', { n: warnings.length })}</summary>
          <ul>
            {warnings.map((warning, index) => (
              <li key={index}>{recordSentence(warning.message)}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function RunVerdict({ result }: { readonly result: RunResult }) {
  const openScreen = useView((state) => state.openScreen);
  const { gates } = result.record;
  const missed = gates.filter((gate) => gate.state === 'missed').length;
  const unjudged = gates.filter((gate) => gate.state === 'unjudged').length;
  return (
    <div className={styles.verdict}>
      <strong>{t('run.finished')}</strong>
      {gates.length === 0 ? (
        <span className="dim">{t('run.gates.none')}</span>
      ) : (
        <>
          {missed === 0 && unjudged === 0 ? <Tag tone="good">{t('run.gates.met', { n: gates.length })}</Tag> : null}
          {missed === 0 ? null : <Tag tone="danger">{t('run.gates.missed', { n: gates.length, missed })}</Tag>}
          {unjudged === 0 ? null : <Tag tone="warning">{t('run.gates.unjudged', { n: gates.length, unjudged })}</Tag>}
        </>
      )}
      <span className={shared.grow} />
      <Button tone="primary" onClick={() => openScreen('results')}>
        {t('run.finished.results')}
      </Button>
    </div>
  );
}

function CalibrationFacts({ result }: { readonly result: CalibrateResult }) {
  const openScreen = useView((state) => state.openScreen);
  const { images, tensors, skipped, tensorrtGrid } = result;
  const rate = formatRate(result.imagesPerSecond, t('jobs.unit.images'));
  return (
    <div className={styles.verdict}>
      <div>
        {result.kept === true
          ? t('run.finished.kept', { images })
          : t('run.finished.calibrate', { images, tensors, rate })}
        {skipped.length === 0 ? '' : ` ${t('run.finished.skipped', { n: skipped.length })}`}
        {tensorrtGrid === undefined ? null : <p className="dim">{t('run.finished.grid', tensorrtGrid)}</p>}
      </div>
      <span className={shared.grow} />
      <Button onClick={() => openScreen('histogram')}>{t('run.finished.histograms')}</Button>
    </div>
  );
}

function BuildFacts({ result }: { readonly result: BuildResult }) {
  return (
    <ul className={styles.engines}>
      {result.engines.map((engine) => (
        <li key={engine.variant}>
          <VariantBadge variant={engine.variant} /> {engine.variant}{' '}
          <span className="dim">{formatBytes(engine.sizeMb * 1e6)}</span>
        </li>
      ))}
    </ul>
  );
}

/** The model file that was written. */
function ModelFacts({ result }: { readonly result: QuantizeResult }) {
  const { variant, target, nodes } = result;
  return (
    <div>
      <p>
        <VariantBadge variant={variant} />{' '}
        {t('run.finished.quantize', {
          variant,
          target,
          size: formatBytes(result.sizeBytes),
          quantize: nodes.QuantizeLinear,
          dequantize: nodes.DequantizeLinear,
          cast: nodes.Cast,
        })}
      </p>
      <p className={classNames(styles.path, 'mono')}>{result.out}</p>
    </div>
  );
}

interface ShortColumn {
  readonly key: string;
  readonly text: (row: TableRow) => string | null;
}

const SHORT_COLUMNS: readonly ShortColumn[] = [
  {
    key: 'top1',
    text: ({ measure, againstFp32 }) =>
      measure === undefined || againstFp32 ? null : formatMeasure(measure.name, measure.value),
  },
  {
    key: 'worst',
    text: ({ worstGroup }) => (worstGroup === undefined ? null : worstGroupText(worstGroup)),
  },
  { key: 'agreement', text: ({ agreement }) => (agreement === undefined ? null : formatAccuracy(agreement)) },
  { key: 'sqnr', text: ({ outputSqnrDb }) => (outputSqnrDb === undefined ? null : formatDb(outputSqnrDb)) },
  { key: 'median', text: ({ latencyMs }) => (latencyMs === undefined ? null : formatMs(latencyMs)) },
  { key: 'p99', text: ({ latency }) => (latency?.p99 === undefined ? null : formatMs(latency.p99)) },
  {
    key: 'rate',
    text: ({ throughputPerSecond }) =>
      throughputPerSecond === undefined ? null : `${formatCount(Number(throughputPerSecond.toPrecision(3)))}/s`,
  },
];

function ShortTable({ rows }: { readonly rows: readonly DistinctRow<TableRow>[] }) {
  const columns = SHORT_COLUMNS.filter((column) => rows.some(({ row }) => column.text(row) !== null));
  const measure = rows.find(({ row }) => row.measure !== undefined)?.row.measure?.name ?? 'top-1';
  return (
    <div className={styles.tableScroll} tabIndex={0} role="region" aria-label={t('run.column.variant')}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t('run.column.variant')}</th>
            {columns.map((column) => (
              <th key={column.key} scope="col" className="number">
                {column.key === 'top1' && measure !== 'top-1' ? measure : t(`run.column.${column.key}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ row, names }) => (
            <tr key={row.variant}>
              <th scope="row">
                <VariantBadge variant={row.variant} /> {names.join(' = ')}
              </th>
              {columns.map((column) => (
                <td key={column.key} className="number">
                  {column.text(row) ?? '–'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
