import type { BenchmarkVariantRecord } from './run-record';

export interface BatchPoint {
  readonly batch: number;
  /** Median. */
  readonly latencyMs: number;
  /** Images per second. */
  readonly throughputPerSecond: number;
}

/** Latency and throughput of one variant by batch size, ascending. */
export interface BatchCurve {
  readonly variant: string;
  readonly points: readonly BatchPoint[];
}

/**
 * One curve for each variant, in the order of the benchmark, with the first number of streams; empty unless several
 * batch sizes were timed.
 */
export function batchCurves(records: readonly BenchmarkVariantRecord[]): BatchCurve[] {
  if (new Set(records.map(({ batch }) => batch)).size < 2) return [];
  const streams = records[0]?.streams;
  const variants = [...new Set(records.map(({ variant }) => variant))];
  return variants.map((variant) => ({
    variant,
    points: records
      .filter((record) => record.variant === variant && record.streams === streams)
      .map(({ batch, latencyMs, throughputPerSecond }) => ({ batch, latencyMs: latencyMs.median, throughputPerSecond }))
      .sort((a, b) => a.batch - b.batch),
  }));
}
