import type { HistoryEntry, MetricName } from './history-entry';
import { METRICS } from './metrics';

/** What can change between two runs; the order is that of the likeliest causes of a change of results. */
export const CHANGES = [
  'hardware',
  'software',
  'model',
  'calibration-set',
  'validation-set',
  'method',
  'variant',
  'target',
] as const;
export type Change = (typeof CHANGES)[number];

export interface TrendPoint {
  readonly entry: HistoryEntry;
  readonly value: number;
  /** What differs from the point before. */
  readonly changes: readonly Change[];
}

const FIELD_OF: Readonly<Record<Change, (entry: HistoryEntry) => string>> = {
  hardware: ({ hardware }) => hardware,
  software: ({ software }) => software,
  model: ({ model }) => model,
  'calibration-set': ({ calibrationSet }) => calibrationSet,
  'validation-set': ({ validationSet }) => validationSet ?? '',
  method: ({ method }) => method,
  variant: ({ variant }) => variant ?? '',
  target: ({ target, backend }) => `${target} on ${backend}`,
};

/** What differs between two runs. */
export function changesBetween(from: HistoryEntry, to: HistoryEntry): readonly Change[] {
  return CHANGES.filter((change) => FIELD_OF[change](from) !== FIELD_OF[change](to));
}

/** The part of a run that a change is about, for people: `ONNX Runtime 1.24.0`, or the beginning of a hash. */
export function changedPart(change: Change, entry: HistoryEntry): string {
  const text = FIELD_OF[change](entry);
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
}

/** The values of a metric over time, oldest first; runs without a value are left out. @param entries in any order */
export function trendOf(entries: readonly HistoryEntry[], metric: MetricName): readonly TrendPoint[] {
  const known = entries.filter(({ values }) => values[metric] !== undefined).sort(byTime);
  return known.map((entry, i): TrendPoint => {
    const before = known[i - 1];
    return {
      entry,
      value: entry.values[metric] ?? Number.NaN,
      changes: before === undefined ? [] : changesBetween(before, entry),
    };
  });
}

/**
 * Runs whose values can be compared with those of `entry`: the same project and target, and for costs the same machine.
 */
export function isComparable(entry: HistoryEntry, other: HistoryEntry, metric: MetricName): boolean {
  const isSameTarget =
    other.project === entry.project && other.target === entry.target && other.backend === entry.backend;
  const { isOfHardware } = METRICS[metric];
  if (!isSameTarget || other.software !== entry.software) return false;
  if (isOfHardware) return other.hardware === entry.hardware;
  return other.measureName === entry.measureName && other.validationSet === entry.validationSet;
}

function byTime(a: HistoryEntry, b: HistoryEntry): number {
  return a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0;
}
