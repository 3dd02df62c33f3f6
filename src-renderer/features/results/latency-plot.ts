import type { BenchmarkVariantRecord } from '../../../src-shared/domain/runs/run-record';

/**
 * A logarithmic latency axis. On a linear axis, one slow sample of many times the median would compress all other
 * values.
 */
export interface LatencyAxis {
  readonly lowMs: number;
  readonly highMs: number;
  readonly ticksMs: readonly number[];
}

const PADDING_RATIO = 1.06;
/** Ticks within a decade. The sets are tried from coarse to fine until at least three ticks fall on the axis. */
const TICK_FACTORS: readonly (readonly number[])[] = [
  [1],
  [1, 3],
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9],
];

/** The axis for the given entries; null if none has a positive latency. */
export function latencyAxis(entries: readonly BenchmarkVariantRecord[]): LatencyAxis | null {
  const values = entries
    .flatMap(({ latencyMs }) => [latencyMs.min, latencyMs.max])
    .filter((value) => value > 0 && Number.isFinite(value));
  if (values.length === 0) return null;
  const lowMs = Math.min(...values) / PADDING_RATIO;
  const highMs = Math.max(...values) * PADDING_RATIO;
  return { lowMs, highMs, ticksMs: ticks(lowMs, highMs) };
}

function ticks(lowMs: number, highMs: number): readonly number[] {
  let found: number[] = [];
  for (const factors of TICK_FACTORS) {
    found = [];
    for (let decade = Math.floor(Math.log10(lowMs)); decade <= Math.ceil(Math.log10(highMs)); decade += 1) {
      for (const factor of factors) {
        const value = Number((factor * 10 ** decade).toPrecision(3));
        if (value >= lowMs && value <= highMs) found.push(value);
      }
    }
    if (found.length >= 3) break;
  }
  return found;
}

/** The position of a latency on the axis, 0..1. */
export function fractionFromMs(axis: LatencyAxis, valueMs: number): number {
  const span = Math.log(axis.highMs / axis.lowMs);
  if (span <= 0) return 0;
  return Math.min(1, Math.max(0, Math.log(valueMs / axis.lowMs) / span));
}

/** The statistics at which the shaded segments of a latency strip end. */
export const STRIP_SEGMENTS = ['min', 'median', 'p90', 'p95', 'p99', 'max'] as const;

export interface StripSegment {
  readonly from: (typeof STRIP_SEGMENTS)[number];
  readonly to: (typeof STRIP_SEGMENTS)[number];
  /** The start of the segment along the axis, 0..1. */
  readonly start: number;
  readonly end: number;
}

export function stripSegments(axis: LatencyAxis, entry: BenchmarkVariantRecord): readonly StripSegment[] {
  // A percentile that cannot be determined from so few samples is omitted; the segment extends to the next one.
  const marks = STRIP_SEGMENTS.flatMap((name) => {
    const valueMs = entry.latencyMs[name];
    return valueMs === undefined ? [] : [{ name, at: fractionFromMs(axis, valueMs) }];
  });
  return marks.slice(1).flatMap(({ name: to, at: end }, index) => {
    const before = marks[index];
    return before === undefined ? [] : [{ from: before.name, to, start: before.at, end }];
  });
}

/** A logarithmic axis of the latency relative to FP32. It includes 1, and 2x faster is as far from 1 as 2x slower. */
export interface RatioAxis {
  readonly low: number;
  readonly high: number;
  /** Round ratios on the axis, including 1. */
  readonly ticks: readonly number[];
}

export function ratioAxis(entries: readonly BenchmarkVariantRecord[]): RatioAxis | null {
  const ratios = entries.flatMap((entry) =>
    entry.ratioToFp32 === undefined
      ? []
      : [entry.ratioToFp32.p10 ?? entry.ratioToFp32.median, entry.ratioToFp32.p90 ?? entry.ratioToFp32.median],
  );
  if (ratios.length === 0) return null;
  const low = Math.min(1, ...ratios);
  const high = Math.max(1, ...ratios);
  const margin = Math.max(0.02, (high - low) * 0.05);
  const range = { low: Math.max(low / 2, low - margin), high: high + margin };
  return { ...range, ticks: ratioTicks(range) };
}

/** Factors between ticks. They are tried from coarse to fine until at least three ticks fall on the axis. */
const RATIO_STEPS = [2, 1.5, 1.2, 1.1, 1.05, 1.02] as const;

/** The powers of a factor on both sides of 1, so that equal factors have equal distances. */
function ratioTicks({ low, high }: Pick<RatioAxis, 'low' | 'high'>): readonly number[] {
  let found: readonly number[] = [1];
  for (const step of RATIO_STEPS) {
    const first = Math.ceil(Math.log(low) / Math.log(step));
    const last = Math.floor(Math.log(high) / Math.log(step));
    found = Array.from({ length: last - first + 1 }, (_, index) => step ** (first + index));
    if (found.length >= 3) break;
  }
  return found;
}

export function fractionFromRatio(axis: Pick<RatioAxis, 'low' | 'high'>, ratio: number): number {
  return Math.min(1, Math.max(0, Math.log(ratio / axis.low) / Math.log(axis.high / axis.low)));
}
