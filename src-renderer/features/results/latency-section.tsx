import { formatCount, formatFraction, formatMs, formatSignificant } from '../../../src-shared/base/units';
import { isUnstable, type PairedRatio } from '../../../src-shared/domain/latency';
import type { BenchmarkRecord, BenchmarkVariantRecord } from '../../../src-shared/domain/run-record';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { BatchPlot } from './batch-plot';
import { fractionFromMs, fractionFromRatio, latencyAxis, ratioAxis, stripSegments, type LatencyAxis, type RatioAxis } from './latency-plot';
import { variantColor, VariantBadge } from '../../widgets/variant-badge';

/** Latency of every variant as a strip over one logarithmic axis, the ratio to FP32, and all numbers. */
export function LatencySection({ benchmark }: { readonly benchmark: BenchmarkRecord }) {
  const axis = latencyAxis(benchmark.variants);
  const ratios = ratioAxis(benchmark.variants);
  if (axis === null) return null;
  const { backend, device, threads, rounds } = benchmark;
  const hasBatches = new Set(benchmark.variants.map(({ batch }) => batch)).size > 1;
  const nameOf = ({ variant, batch }: BenchmarkVariantRecord): string => (hasBatches ? t('results.batch.row', { variant, batch }) : variant);
  return (
    <section className="results-section" aria-labelledby="results-latency">
      <header className="results-section-head">
        <h2 id="results-latency">{t('results.latency')}</h2>
        <span className="dim">{t('results.latency.note', { backend, device, threads, rounds })}</span>
      </header>
      <div className="results-plot" role="group" aria-label={t('results.latency.plot')}>
        {benchmark.variants.map((entry) => (
          <Strip key={keyOf(entry)} entry={entry} name={nameOf(entry)} axis={axis} />
        ))}
        <LatencyTicks axis={axis} />
      </div>
      <p className="dim results-small">{t('results.latency.legend')}</p>
      {ratios === null ? null : <Ratios entries={benchmark.variants} nameOf={nameOf} axis={ratios} />}
      <BatchPlot entries={benchmark.variants} />
      <Numbers entries={benchmark.variants} />
    </section>
  );
}

const keyOf = ({ variant, batch }: BenchmarkVariantRecord): string => `${variant} ${batch}`;

function percent(fraction: number): string {
  return `${fraction * 100}%`;
}

interface StripProps {
  readonly entry: BenchmarkVariantRecord;
  readonly name: string;
  readonly axis: LatencyAxis;
}

function Strip({ entry, name, axis }: StripProps) {
  const { min, median, p90, p95, p99, max, samples } = entry.latencyMs;
  const values = { min: formatMs(min), median: formatMs(median), p90: formatMs(p90), p95: formatMs(p95), p99: formatMs(p99), max: formatMs(max) };
  const title = t('results.latency.row', { variant: name, samples, ...values });
  return (
    <div className="results-plot-row">
      <span className="results-plot-name">
        <VariantBadge variant={entry.variant} /> {name}
      </span>
      <span className="results-plot-area" role="img" aria-label={title} title={title}>
        {stripSegments(axis, entry).map((segment) => (
          <span
            key={segment.to}
            className={`results-strip results-strip-${segment.to}`}
            style={{ left: percent(segment.start), width: percent(segment.end - segment.start), background: variantColor(entry.variant) }}
          />
        ))}
        <span className="results-strip-line" style={{ left: percent(fractionFromMs(axis, median)) }} />
      </span>
      <span className="number">{values.median}</span>
    </div>
  );
}

function LatencyTicks({ axis }: { readonly axis: LatencyAxis }) {
  return (
    <div className="results-plot-row results-plot-axis" aria-hidden="true">
      <span />
      <span className="results-plot-area">
        {axis.ticksMs.map((tick) => (
          <span key={tick} className="results-tick" style={{ left: percent(fractionFromMs(axis, tick)) }}>
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
  readonly nameOf: (entry: BenchmarkVariantRecord) => string;
  readonly axis: RatioAxis;
}

function Ratios({ entries, nameOf, axis }: RatiosProps) {
  return (
    <>
      <h3>{t('results.ratio')}</h3>
      <div className="results-plot" role="group" aria-label={t('results.ratio')}>
        {entries.map((entry) => (entry.ratioToFp32 === undefined ? null : <Ratio key={keyOf(entry)} variant={entry.variant} name={nameOf(entry)} ratio={entry.ratioToFp32} axis={axis} />))}
      </div>
      <p className="dim results-small">{t('results.ratio.note')}</p>
    </>
  );
}

interface RatioProps {
  readonly variant: string;
  readonly name: string;
  readonly ratio: PairedRatio;
  readonly axis: RatioAxis;
}

function Ratio({ variant, name, ratio, axis }: RatioProps) {
  const median = formatSignificant(ratio.median);
  const title = t('results.ratio.row', { variant: name, median, p10: formatSignificant(ratio.p10), p90: formatSignificant(ratio.p90) });
  const start = fractionFromRatio(axis, ratio.p10);
  const verdict = ratio.p90 < 1 ? 'faster' : ratio.p10 > 1 ? 'slower' : 'same';
  return (
    <div className="results-plot-row">
      <span className="results-plot-name">
        <VariantBadge variant={variant} /> {name}
      </span>
      <span className="results-plot-area results-plot-thin" role="img" aria-label={title} title={title}>
        <span className="results-one" style={{ left: percent(fractionFromRatio(axis, 1)) }} />
        <span className="results-whisker" style={{ left: percent(start), width: percent(fractionFromRatio(axis, ratio.p90) - start), background: variantColor(variant) }} />
        <span className="results-dot" style={{ left: percent(fractionFromRatio(axis, ratio.median)), background: variantColor(variant) }} />
      </span>
      <span className="number">
        {median}× <span className="dim">{t(`results.ratio.${verdict}`)}</span>
      </span>
    </div>
  );
}

const NUMBER_COLUMNS = ['median', 'mean', 'p90', 'p95', 'p99', 'min', 'max'] as const;

function Numbers({ entries }: { readonly entries: readonly BenchmarkVariantRecord[] }) {
  return (
    <div className="results-scroll" tabIndex={0} role="region" aria-label={t('results.latency.numbers')}>
      <table className="results-table">
        <thead>
          <tr>
            <th scope="col">{t('results.column.variant')}</th>
            <th scope="col" className="number">
              {t('results.latency.batch')}
            </th>
            {NUMBER_COLUMNS.map((column) => (
              <th key={column} scope="col" className="number">
                {t(`results.latency.${column}`)}
              </th>
            ))}
            <th scope="col" className="number">
              {t('results.latency.variation')}
            </th>
            <th scope="col" className="number">
              {t('results.latency.samples')}
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={keyOf(entry)}>
              <th scope="row">{entry.variant}</th>
              <td className="number">{formatCount(entry.batch)}</td>
              {NUMBER_COLUMNS.map((column) => (
                <td key={column} className="number">
                  {formatMs(entry.latencyMs[column])}
                </td>
              ))}
              <td className={classNames('number', isUnstable(entry) && 'results-caution')}>{formatFraction(entry.coefficientOfVariation)}</td>
              <td className="number">{formatCount(entry.latencyMs.samples)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
