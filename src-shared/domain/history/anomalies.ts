import { formatCountOf } from '../../base/units';
import { medianOfSorted, outliersOf, studentQuantile } from '../statistics';
import { METRIC_NAMES, type HistoryEntry, type MetricName } from './history-entry';
import { formatMetric, METRICS } from './metrics';
import { changedPart, changesBetween, isComparable, type Change } from './trend';

/** Fewer comparable runs do not show what is usual. */
export const MIN_RUNS = 8;
/** Only the newest comparable runs count, so that slow changes become usual. */
const MOST_RUNS = 50;
/**
 * Share of usual values that count as unusual, per direction. A regression is what a run is judged for, so that it has
 * the larger share; together they stay below 2 %.
 */
const FALSE_ALARMS = { worse: 0.008, better: 0.003, changed: 0.0055 } as const;
/** Significance of the test for outliers among earlier runs. */
const OUTLIER_LEVEL = 0.02;

/** Metrics that are judged, and the least deviation that counts as noise, where runs repeat each other exactly. */
const NOISE_FLOOR: Readonly<Partial<Record<MetricName, number>>> = {
  measure: 0.1,
  worstGroupDrop: 0.2,
  outputSqnrDb: 0.2,
  latencyMs: 0.01,
  p99LatencyMs: 0.03,
  gain: 0.01,
  throughputPerSecond: 0.01,
  memoryMb: 0.02,
  sizeMb: 0.01,
  buildSeconds: 0.05,
  thresholdLog2: 0.01,
};
/** Metrics of which ratios are compared; of the others, differences are. */
const BY_RATIO: readonly MetricName[] = [
  'latencyMs',
  'p99LatencyMs',
  'gain',
  'throughputPerSecond',
  'memoryMb',
  'sizeMb',
  'buildSeconds',
];

export interface Anomaly {
  readonly metric: MetricName;
  readonly value: number;
  /** Of the earlier runs without outliers. */
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly runs: number;
  /** Distance from the mean of these in standard errors of prediction, and the distance that is still usual. */
  readonly deviations: number;
  readonly limit: number;
  readonly direction: 'worse' | 'better' | 'changed';
  /** One English sentence. */
  readonly message: string;
}

export interface AnomalyReport {
  readonly anomalies: readonly Anomaly[];
  /** Metrics that cannot be judged yet, with the number of comparable runs. */
  readonly tooFew: readonly { readonly metric: MetricName; readonly runs: number }[];
  /** What differs from the newest earlier run of the project, likeliest cause first; empty without an anomaly. */
  readonly causes: readonly AnomalyCause[];
}

export interface AnomalyCause {
  readonly code: Change | 'nothing-changed' | 'unsteady';
  readonly message: string;
}

/**
 * What is unusual about a run against earlier runs of the same project on the same hardware with the same software.
 * Earlier outliers (a busy machine) are left out first, so that they do not hide a new one; the value is then compared
 * with the prediction interval of a normal distribution (Student's t), one-sided in each direction.
 * @param earlier in any order; runs that cannot be compared are left out.
 */
export function findAnomalies(entry: HistoryEntry, earlier: readonly HistoryEntry[]): AnomalyReport {
  const before = earlier
    .filter(({ runId, project }) => runId < entry.runId && project === entry.project)
    .sort((a, b) => (a.runId < b.runId ? 1 : -1));
  const anomalies: Anomaly[] = [];
  const tooFew: { metric: MetricName; runs: number }[] = [];
  for (const metric of METRIC_NAMES) {
    const floor = NOISE_FLOOR[metric];
    const value = entry.values[metric];
    if (floor === undefined || value === undefined) continue;
    const values = newestValues(entry, before, metric);
    if (values.length < MIN_RUNS) tooFew.push({ metric, runs: values.length });
    else {
      const found = judge({ entry, metric, value, floor }, values);
      if (found !== null) anomalies.push(found);
    }
  }
  const [last] = before;
  return {
    anomalies,
    tooFew,
    causes: anomalies.length === 0 || last === undefined ? [] : causesOf(last, entry, anomalies),
  };
}

/** Values of the newest comparable runs. @param before newest first */
function newestValues(entry: HistoryEntry, before: readonly HistoryEntry[], metric: MetricName): number[] {
  const values: number[] = [];
  for (const other of before) {
    const value = other.values[metric];
    if (value !== undefined && isComparable(entry, other, metric)) values.push(value);
    if (values.length === MOST_RUNS) break;
  }
  return values;
}

interface Judged {
  readonly entry: HistoryEntry;
  readonly metric: MetricName;
  readonly value: number;
  readonly floor: number;
}

function judge({ entry, metric, value, floor }: Judged, values: readonly number[]): Anomaly | null {
  const scale = BY_RATIO.includes(metric) ? Math.log : (own: number) => own;
  const outliers = outliersOf(values.map(scale), OUTLIER_LEVEL);
  const kept = values.filter((_, at) => !outliers.has(at)).sort((a, b) => a - b);
  const usual = kept.map(scale);
  const runs = usual.length;
  const mean = usual.reduce((sum, own) => sum + own, 0) / runs;
  const spread = Math.sqrt(usual.reduce((sum, own) => sum + (own - mean) ** 2, 0) / (runs - 1));
  const deviations = (scale(value) - mean) / (Math.max(floor, spread) * Math.sqrt(1 + 1 / runs));
  const direction = directionOf(metric, deviations, entry.higherIsBetter);
  const limit = studentQuantile(1 - FALSE_ALARMS[direction], runs - 1);
  if (!(Math.abs(deviations) > limit)) return null;
  const [least = value, most = value] = [kept[0], kept.at(-1)];
  return {
    metric,
    value,
    median: medianOfSorted(kept),
    least,
    most,
    runs,
    deviations,
    limit,
    direction,
    message: sentence({ entry, metric, value, floor }, { least, most, runs }),
  };
}

function directionOf(metric: MetricName, deviations: number, higherIsBetter = true): Anomaly['direction'] {
  const { isBetter } = METRICS[metric];
  if (isBetter === 'neither') return 'changed';
  const isHigherBetter = metric === 'measure' ? higherIsBetter : isBetter === 'higher';
  return deviations > 0 === isHigherBetter ? 'better' : 'worse';
}

function sentence(
  { entry, metric, value }: Judged,
  { least, most, runs }: { readonly least: number; readonly most: number; readonly runs: number },
): string {
  const text = (own: number): string => formatMetric(metric, own, entry.measureName);
  const { title } = METRICS[metric];
  return (
    `${title.charAt(0).toUpperCase()}${title.slice(1)} ${text(value)} is unusual for this project: ` +
    `${formatCountOf(runs, 'earlier run')} were ${text(least)} to ${text(most)}`
  );
}

/** What changed since the run before; a change that cannot explain what was found is left out. */
function causesOf(last: HistoryEntry, entry: HistoryEntry, anomalies: readonly Anomaly[]): readonly AnomalyCause[] {
  const isOnlyCost = anomalies.every(({ metric }) => METRICS[metric].isOfHardware);
  const changes = changesBetween(last, entry).filter(
    (change) => !(isOnlyCost && (change === 'validation-set' || change === 'calibration-set')),
  );
  const changed = changes.map((change): AnomalyCause => {
    const parts = [last, entry].map((own) => changedPart(change, own));
    return { code: change, message: `${CHANGE_TITLES[change]} changed from ${parts.join(' to ')}` };
  });
  const unsteady: AnomalyCause = {
    code: 'unsteady',
    message: 'the latencies of this run varied much: other work ran on the machine',
  };
  const found = [...(entry.warnings.includes('latency-unsteady') ? [unsteady] : []), ...changed];
  if (found.length > 0) return found;
  const message = isOnlyCost
    ? 'nothing that decides the run changed since the run before: the state of the machine is the likely cause'
    : 'nothing that is recorded changed since the run before';
  return [{ code: 'nothing-changed', message }];
}

const CHANGE_TITLES: Readonly<Record<Change, string>> = {
  hardware: 'the hardware',
  software: 'the software',
  model: 'the model',
  'calibration-set': 'the calibration set',
  'validation-set': 'the validation set',
  method: 'the method',
  variant: 'the shipped variant',
  target: 'the target or the backend',
};
