import { count, type InferOutput, number, object, optional, pair } from '../../base/schema';
import { medianOfSorted, percentileOfSorted } from '../statistics';

/**
 * A coefficient of variation above this (2.5 %) means that other load on the machine makes latencies not comparable.
 */
export const UNSTABLE_COEFFICIENT_OF_VARIATION = 0.025;

/**
 * Number of samples that a percentile needs, so that at least one sample is beyond it. With fewer samples, the
 * percentile would equal the slowest sample; it is omitted then.
 */
export const MIN_SAMPLES = { p90: 10, p95: 20, p99: 100 } as const;

export const latencySummarySchema = object({
  mean: number,
  median: number,
  p90: optional(number),
  p95: optional(number),
  p99: optional(number),
  min: number,
  max: number,
  /** Standard deviation (of the sample, n - 1) divided by the mean; 0 for a single value. */
  coefficientOfVariation: number,
  /** Number of measured values. */
  samples: count,
  /** 95 % intervals of the quantiles, see quantileInterval95; omitted where there are too few samples. */
  medianInterval95: optional(pair(number, number)),
  p99Interval95: optional(pair(number, number)),
});
/** Latencies of one variant in milliseconds; percentiles as trtexec defines them, omitted below MIN_SAMPLES. */
export type LatencySummary = InferOutput<typeof latencySummarySchema>;

/** Summarizes at least one latency; throws a RangeError if there is none. */
export function summarizeLatency(samplesMs: ArrayLike<number>): LatencySummary {
  const samples = samplesMs.length;
  if (samples === 0) throw new RangeError('Expected at least one latency to summarise, found none');
  const sorted = Float64Array.from(samplesMs).sort();
  const mean = sorted.reduce((sum, value) => sum + value, 0) / samples;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = samples > 1 ? Math.sqrt(squares / (samples - 1)) : 0;
  const medianInterval95 = quantileInterval95(sorted, 0.5);
  const p99Interval95 = quantileInterval95(sorted, 0.99);
  return {
    mean,
    median: medianOfSorted(sorted),
    ...(samples < MIN_SAMPLES.p90 ? {} : { p90: percentileOfSorted(sorted, 90) }),
    ...(samples < MIN_SAMPLES.p95 ? {} : { p95: percentileOfSorted(sorted, 95) }),
    ...(samples < MIN_SAMPLES.p99 ? {} : { p99: percentileOfSorted(sorted, 99) }),
    min: sorted[0] ?? Number.NaN,
    max: sorted[samples - 1] ?? Number.NaN,
    coefficientOfVariation: mean > 0 ? deviation / mean : 0,
    samples,
    ...(medianInterval95 === null ? {} : { medianInterval95 }),
    ...(p99Interval95 === null ? {} : { p99Interval95 }),
  };
}

/**
 * 95 % interval of a quantile by order statistics, which assumes no distribution: of n values, the number below the
 * quantile q is binomial with mean n q and variance n q (1 - q), so that the quantile lies between the values of these
 * ranks (normal approximation; Conover, Practical Nonparametric Statistics, section 3.2). null if a rank lies outside
 * of the sample. It covers the noise within this measurement, not a different state of the machine.
 */
export function quantileInterval95(sorted: ArrayLike<number>, q: number): readonly [number, number] | null {
  const n = sorted.length;
  const spread = 1.96 * Math.sqrt(n * q * (1 - q));
  const low = sorted[Math.floor(n * q - spread) - 1];
  const high = sorted[Math.ceil(n * q + spread)];
  return low === undefined || high === undefined ? null : [low, high];
}

export function isUnstable(summary: Pick<LatencySummary, 'coefficientOfVariation'>): boolean {
  return summary.coefficientOfVariation > UNSTABLE_COEFFICIENT_OF_VARIATION;
}

export const pairedRatioSchema = object({
  median: number,
  /** Omitted below ten rounds, like p90. */
  p10: optional(number),
  p90: optional(number),
});
export type PairedRatio = InferOutput<typeof pairedRatioSchema>;

/**
 * Ratio of the latency of a variant to that of the reference, round by round of an interleaved measurement (A B A B),
 * so that drift of the machine affects both and cancels. Each entry is one round's latency in ms; null without a
 * complete round.
 */
export function pairedLatencyRatio(variantMs: ArrayLike<number>, referenceMs: ArrayLike<number>): PairedRatio | null {
  const rounds = Math.min(variantMs.length, referenceMs.length);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const ratio = (variantMs[round] ?? Number.NaN) / (referenceMs[round] ?? Number.NaN);
    if (Number.isFinite(ratio)) ratios.push(ratio);
  }
  if (ratios.length === 0) return null;
  ratios.sort((a, b) => a - b);
  const spread =
    ratios.length < MIN_SAMPLES.p90 ? {} : { p10: percentileOfSorted(ratios, 10), p90: percentileOfSorted(ratios, 90) };
  return { median: medianOfSorted(ratios), ...spread };
}
