import { formatCount, formatMs, formatRate } from '../../base/units';
import { MIN_SAMPLES } from './latency';
import type { BenchmarkVariantRecord } from './run-record';

/** How a server should join requests and how many copies of the model it should run, from measured points. */
export type ServingAdvice =
  | {
      readonly state: 'advised';
      readonly variant: string;
      /** Largest P99 that a request may take, in milliseconds. */
      readonly limitMs: number;
      /** Most requests that are joined. */
      readonly batch: number;
      /** Copies that run at the same time: the streams of the measurement. */
      readonly instances: number;
      /** Measured batch sizes that are clearly better than all smaller ones; empty: joining does not help. */
      readonly preferredBatches: readonly number[];
      /** How long a request may wait for others, in microseconds. */
      readonly queueDelayUs: number;
      readonly p99Ms: number;
      readonly throughputPerSecond: number;
      /** What to measure to know more; null if the curve was measured beyond its best point. */
      readonly measureNext: string | null;
    }
  | {
      readonly state: 'unmeasured';
      readonly variant: string;
      readonly limitMs: number;
      readonly measureNext: string;
    }
  | {
      readonly state: 'too-slow';
      readonly variant: string;
      readonly limitMs: number;
      readonly measureNext: string;
    };

/** A batch is preferred if its throughput is larger than that of all smaller ones by this factor. */
const CLEAR_GAIN = 1.05;

interface Point {
  readonly batch: number;
  readonly streams: number;
  readonly p99Ms: number;
  readonly throughputPerSecond: number;
}

/**
 * The measured point with the largest throughput at which a request meets the limit under full load. A request that
 * arrives while a batch runs waits for that batch and then for its own, so that 2 P99 plus the wait for others must be
 * within the limit; the wait is at most the time in which the other requests of a batch arrive at that throughput.
 * @param records points of one device; of the other variants nothing is used.
 */
export function servingAdvice(
  records: readonly BenchmarkVariantRecord[],
  variant: string,
  limitMs: number,
): ServingAdvice {
  const own = records.filter((record) => record.variant === variant);
  const points = own.flatMap(({ batch, streams, latencyMs, throughputPerSecond }): Point[] =>
    latencyMs.p99 === undefined ? [] : [{ batch, streams, p99Ms: latencyMs.p99, throughputPerSecond }],
  );
  const base = { variant, limitMs };
  const sizes = [...new Set(own.map(({ batch }) => batch))].sort((a, b) => a - b);
  if (points.length === 0) {
    const measureNext =
      own.length === 0
        ? `the latency of ${variant} at several batch sizes, for example 1, 4, 8 and 16`
        : `with more rounds: P99 needs ${MIN_SAMPLES.p99} samples`;
    return { state: 'unmeasured', ...base, measureNext };
  }
  if (sizes.length < 2)
    return {
      state: 'unmeasured',
      ...base,
      measureNext: `other batch sizes than ${sizes.join(', ')}, for example 1, 4, 8 and 16`,
    };
  const fitting = points.filter(({ p99Ms }) => 2 * p99Ms <= limitMs);
  const [first, ...others] = fitting;
  if (first === undefined) {
    const least = Math.min(...points.map(({ p99Ms }) => p99Ms));
    const smaller = (sizes[0] ?? 1) > 1 ? 'smaller batches' : 'a faster variant';
    return {
      state: 'too-slow',
      ...base,
      measureNext: `${smaller}: the fastest measured P99 is ${formatMs(least)}, and a request takes up to twice that`,
    };
  }
  const best = others.reduce(
    (most, point) => (point.throughputPerSecond > most.throughputPerSecond ? point : most),
    first,
  );
  const { batch, streams, p99Ms, throughputPerSecond } = best;
  const fillMs = (1000 * (batch - 1)) / throughputPerSecond;
  return {
    state: 'advised',
    ...base,
    batch,
    instances: streams,
    preferredBatches: preferredOf(fitting.filter((point) => point.streams === streams && point.batch <= batch)),
    queueDelayUs: Math.floor(1000 * Math.max(0, Math.min(limitMs - 2 * p99Ms, fillMs))),
    p99Ms,
    throughputPerSecond,
    measureNext: nextOf(best, points),
  };
}

function preferredOf(points: readonly Point[]): readonly number[] {
  const sorted = [...points].sort((a, b) => a.batch - b.batch);
  return sorted
    .filter(({ batch, throughputPerSecond }) =>
      sorted.every((other) => other.batch >= batch || throughputPerSecond >= CLEAR_GAIN * other.throughputPerSecond),
    )
    .map(({ batch }) => batch)
    .filter((batch) => batch > 1);
}

/** The end of a measured curve may not be its best point. */
function nextOf(best: Point, points: readonly Point[]): string | null {
  const isLargest = (of: (point: Point) => number): boolean => points.every((point) => of(point) <= of(best));
  if (isLargest(({ batch }) => batch)) return `batch ${2 * best.batch}: the largest measured one is the best`;
  const isOnGpu = points.some(({ streams }) => streams > 1);
  if (isOnGpu && isLargest(({ streams }) => streams))
    return `${2 * best.streams} streams: the largest measured number is the best`;
  return null;
}

/** The advice as one English sentence. */
export function servingSentence(advice: ServingAdvice): string {
  const { variant, limitMs } = advice;
  const within = `P99 within ${formatMs(limitMs)}`;
  if (advice.state === 'unmeasured') return `Serving ${variant} with ${within}: measure ${advice.measureNext}.`;
  if (advice.state === 'too-slow')
    return `Serving ${variant}: no measured point keeps ${within} under load. Measure ${advice.measureNext}.`;
  const { batch, instances, queueDelayUs, throughputPerSecond, p99Ms, measureNext } = advice;
  const joined =
    batch === 1
      ? 'single requests'
      : `batches of up to ${formatCount(batch)} that wait at most ${formatMs(queueDelayUs / 1000)}`;
  const copies = instances === 1 ? 'one instance' : `${formatCount(instances)} instances`;
  return (
    `Serving ${variant} with ${within}: ${joined} on ${copies}, measured ${formatRate(throughputPerSecond, 'images')} ` +
    `with P99 ${formatMs(p99Ms)} a batch.${measureNext === null ? '' : ` Not measured: ${measureNext}.`}`
  );
}
