import { formatCount, formatFraction, formatMs } from '../../../src-shared/base/units';
import { isUnstable, MIN_SAMPLES, type PairedRatio } from '../../../src-shared/domain/runs/latency';
import { distinctRows, operatingName } from '../../../src-shared/domain/runs/run-table';
import { speedOf, speedOfRatio } from '../../../src-shared/domain/runs/speed';
import type { BenchmarkRecord, BenchmarkVariantRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { BatchPlot } from './batch-plot';
import {
  fractionFromMs,
  fractionFromRatio,
  latencyAxis,
  ratioAxis,
  stripSegments,
  type LatencyAxis,
  type RatioAxis,
} from './latency-plot';
import { speedSpreadText, speedText } from '../../widgets/number-text';
import { VariantBadge, variantColor } from '../../widgets/badge';
import shared from './results.module.css';
import styles from './latency-section.module.css';

/** The latency of every variant as a strip on a common logarithmic axis, the ratio to FP32, and all numbers. */
export function LatencySection({
  benchmark,
  shipped,
}: {
  readonly benchmark: BenchmarkRecord;
  readonly shipped: readonly string[];
}) {
  const distinct = distinctRows(benchmark.variants, shipped);
  const entries = distinct.map(({ row }) => row);
  const axis = latencyAxis(entries);
  const ratios = ratioAxis(entries);
  if (axis === null) return null;
  const { backend, device, threads, rounds } = benchmark;
  const names = new Map(distinct.map(({ row, names: own }) => [row.variant, own.join(' = ')]));
  const kinds = new Map(distinct.map(({ row, kind }) => [row.variant, kind]));
  const kindOf = ({ variant }: BenchmarkVariantRecord): string => kinds.get(variant) ?? variant;
  const nameOf = (entry: BenchmarkVariantRecord): string =>
    operatingName(entry, names.get(entry.variant) ?? entry.variant, benchmark.variants, (count) =>
      t('measured.latency.streams', { count }),
    );
  return (
    <section className={shared.section} aria-labelledby="results-latency">
      <header className={shared.sectionHead}>
        <h2 id="results-latency">{t('measured.latency')}</h2>
        <span className="dim">{t('measured.latency.note', { backend, device, threads, rounds })}</span>
      </header>
      <div role="group" aria-label={t('measured.latency.plot')}>
        {entries.map((entry) => (
          <Strip key={keyOf(entry)} entry={entry} kind={kindOf(entry)} name={nameOf(entry)} axis={axis} />
        ))}
        <LatencyTicks axis={axis} />
      </div>
      <p className={classNames(styles.small, 'dim')}>{legendText(entries)}</p>
      {ratios === null ? null : <Ratios entries={entries} nameOf={nameOf} kindOf={kindOf} axis={ratios} />}
      <BatchPlot entries={entries} />
      <Numbers entries={entries} nameOf={nameOf} />
      <Shapes entries={entries} nameOf={nameOf} />
    </section>
  );
}

/** The style of the segment that ends at each statistic. */
const STRIPS = {
  min: undefined,
  median: undefined,
  p90: styles.stripP90,
  p95: styles.stripP95,
  p99: styles.stripP99,
  max: styles.stripMax,
};

const keyOf = ({ variant, batch, streams, device }: BenchmarkVariantRecord): string =>
  `${variant} ${batch} ${streams} ${device?.index ?? ''}`;

function percent(fraction: number): string {
  return `${fraction * 100}%`;
}

interface StripProps {
  readonly entry: BenchmarkVariantRecord;
  /** The variant that determines the badge and the colour. */
  readonly kind: string;
  readonly name: string;
  readonly axis: LatencyAxis;
}

function Strip({ entry, kind, name, axis }: StripProps) {
  const { min, median, max, samples } = entry.latencyMs;
  const values = { min: formatMs(min), median: formatMs(median), max: formatMs(max) };
  const percentiles = PERCENTILES.flatMap((key) => {
    const valueMs = entry.latencyMs[key];
    return valueMs === undefined ? [] : [`${key} ${formatMs(valueMs)}`];
  });
  const title = t('measured.latency.row', {
    variant: name,
    samples,
    ...values,
    percentiles: ['', ...percentiles].join(', '),
  });
  return (
    <div className={styles.plotRow}>
      <span className={styles.plotName}>
        <VariantBadge variant={kind} /> {name}
      </span>
      <span className={styles.plotArea} role="img" aria-label={title} title={title}>
        {stripSegments(axis, entry).map((segment) => (
          <span
            key={segment.to}
            className={classNames(styles.strip, STRIPS[segment.to])}
            style={{
              left: percent(segment.start),
              width: percent(segment.end - segment.start),
              background: variantColor(kind),
            }}
          />
        ))}
        <span className={styles.stripLine} style={{ left: percent(fractionFromMs(axis, median)) }} />
      </span>
      <span className="number">{values.median}</span>
    </div>
  );
}

function LatencyTicks({ axis }: { readonly axis: LatencyAxis }) {
  return (
    <div className={classNames(styles.plotRow, styles.plotAxis)} aria-hidden="true">
      <span />
      <span className={styles.plotArea}>
        {axis.ticksMs.map((tick) => (
          <span key={tick} className={styles.tick} style={{ left: percent(fractionFromMs(axis, tick)) }}>
            {formatMs(tick)}
          </span>
        ))}
      </span>
      <span />
    </div>
  );
}

interface RatiosProps {
  readonly entries: readonly BenchmarkVariantRecord[];
  readonly kindOf: (entry: BenchmarkVariantRecord) => string;
  readonly nameOf: (entry: BenchmarkVariantRecord) => string;
  readonly axis: RatioAxis;
}

function Ratios({ entries, nameOf, kindOf, axis }: RatiosProps) {
  return (
    <>
      <h3>{t('measured.ratio')}</h3>
      <div role="group" aria-label={t('measured.ratio')}>
        {entries.map((entry) =>
          entry.ratioToFp32 === undefined ? null : (
            <Ratio
              key={keyOf(entry)}
              variant={kindOf(entry)}
              name={nameOf(entry)}
              ratio={entry.ratioToFp32}
              axis={axis}
            />
          ),
        )}
        <RatioTicks axis={axis} />
      </div>
      <p className={classNames(styles.small, 'dim')}>{t('measured.ratio.note')}</p>
    </>
  );
}

/** Ticks whose labels say faster or slower, so that the direction of the axis is clear. */
function RatioTicks({ axis }: { readonly axis: RatioAxis }) {
  return (
    <div className={classNames(styles.plotRow, styles.plotAxis)} aria-hidden="true">
      <span />
      <span className={styles.plotArea}>
        {axis.ticks.map((tick) => (
          <span key={tick} className={styles.tick} style={{ left: percent(fractionFromRatio(axis, tick)) }}>
            {tick === 1 ? 'FP32' : speedText(speedOfRatio(tick))}
          </span>
        ))}
      </span>
      <span />
    </div>
  );
}

interface RatioProps {
  readonly variant: string;
  readonly name: string;
  readonly ratio: PairedRatio;
  readonly axis: RatioAxis;
}

function Ratio({ variant, name, ratio, axis }: RatioProps) {
  const speed = speedText(speedOf(ratio));
  const spread = speedSpreadText(ratio);
  const title = t('measured.ratio.row', {
    variant: name,
    speed,
    spread: spread === '' ? '' : t('measured.ratio.spread', { spread }),
  });
  const start = fractionFromRatio(axis, ratio.p10 ?? ratio.median);
  const end = fractionFromRatio(axis, ratio.p90 ?? ratio.median);
  return (
    <div className={styles.plotRow}>
      <span className={styles.plotName}>
        <VariantBadge variant={variant} /> {name}
      </span>
      <span className={styles.plotArea} role="img" aria-label={title} title={title}>
        <span className={styles.one} style={{ left: percent(fractionFromRatio(axis, 1)) }} />
        <span
          className={styles.whisker}
          style={{ left: percent(start), width: percent(end - start), background: variantColor(variant) }}
        />
        <span
          className={styles.dot}
          style={{ left: percent(fractionFromRatio(axis, ratio.median)), background: variantColor(variant) }}
        />
      </span>
      <span className="number">{speed}</span>
    </div>
  );
}

const PERCENTILES = ['p90', 'p95', 'p99'] as const;

function percentilesOf(entries: readonly BenchmarkVariantRecord[]): readonly (typeof PERCENTILES)[number][] {
  return PERCENTILES.filter((key) => entries.some(({ latencyMs }) => latencyMs[key] !== undefined));
}

/** The meaning of the shades, and the percentiles that could not be determined from so few samples. */
function legendText(entries: readonly BenchmarkVariantRecord[]): string {
  const shown = percentilesOf(entries);
  const omitted = PERCENTILES.filter((key) => !shown.includes(key)).map((key) =>
    t('measured.latency.below', { percentile: key, n: MIN_SAMPLES[key] }),
  );
  const legend =
    shown.length === 0
      ? t('measured.latency.legendPlain')
      : t('measured.latency.legend', { percentiles: shown.join(', ') });
  return omitted.length === 0
    ? legend
    : `${legend} ${t('measured.latency.omitted', { percentiles: omitted.join(', ') })}`;
}

interface NumbersProps {
  readonly entries: readonly BenchmarkVariantRecord[];
  readonly nameOf: (entry: BenchmarkVariantRecord) => string;
}

function Numbers({ entries, nameOf }: NumbersProps) {
  const columns = ['median', 'mean', ...percentilesOf(entries), 'min', 'max'] as const;
  return (
    <div className={shared.scroll} tabIndex={0} role="region" aria-label={t('measured.latency.numbers')}>
      <table className={shared.table}>
        <thead>
          <tr>
            <th scope="col">{t('results.column.variant')}</th>
            <th scope="col" className="number">
              {t('measured.latency.batch')}
            </th>
            {columns.map((column) => (
              <th key={column} scope="col" className="number">
                {t(`measured.latency.${column}`)}
              </th>
            ))}
            <th scope="col" className="number">
              {t('measured.latency.variation')}
            </th>
            <th scope="col" className="number">
              {t('measured.latency.samples')}
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={keyOf(entry)}>
              <th scope="row">{nameOf(entry)}</th>
              <td className="number">{formatCount(entry.batch)}</td>
              {columns.map((column) => (
                <td key={column} className="number">
                  {msText(entry.latencyMs[column])}
                </td>
              ))}
              <td className={classNames('number', isUnstable(entry) && shared.caution)}>
                {formatFraction(entry.coefficientOfVariation)}
              </td>
              <td className="number">{formatCount(entry.latencyMs.samples)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The latencies at the ends of the optimization profiles; nothing if every profile allows one shape only. */
function Shapes({ entries, nameOf }: NumbersProps) {
  const rows = entries.flatMap((entry) => (entry.shapes ?? []).map((shape) => ({ entry, shape })));
  if (rows.length === 0) return null;
  return (
    <>
      <h3 title={t('shapes.measured.note')}>{t('shapes.measured')}</h3>
      <div className={shared.scroll} tabIndex={0} role="region" aria-label={t('shapes.measured')}>
        <table className={shared.table}>
          <thead>
            <tr>
              <th scope="col">{t('results.column.variant')}</th>
              <th scope="col" className="number">
                {t('shapes.measured.profile')}
              </th>
              <th scope="col">{t('shapes.measured.at')}</th>
              <th scope="col">{t('shapes.measured.inputs')}</th>
              <th scope="col" className="number">
                {t('measured.latency.median')}
              </th>
              <th scope="col" className="number">
                {t('shapes.measured.ratio')}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ entry, shape: { profile, at, inputs, latencyMs, ratioToFp32 } }) => (
              <tr key={`${keyOf(entry)} ${profile} ${at}`}>
                <th scope="row">{nameOf(entry)}</th>
                <td className="number">{formatCount(profile + 1)}</td>
                <td>{t(`shapes.${at}`)}</td>
                <td>{inputs.map(({ name, dims }) => `${name} ${dims.join('×')}`).join(', ')}</td>
                <td className="number">{formatMs(latencyMs.median)}</td>
                <td className="number">{ratioToFp32 === undefined ? '–' : speedText(speedOf(ratioToFp32))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function msText(valueMs: number | undefined): string {
  return valueMs === undefined ? '–' : formatMs(valueMs);
}
