import { METRIC_NAMES, type HistoryEntry } from '../../../src-shared/domain/history/history-entry';
import { METRICS } from '../../../src-shared/domain/history/metrics';
import { metricFamily } from './exposition';

/**
 * Runs in the text format of Prometheus (exposition format 0.0.4), for the textfile collector of node_exporter: one
 * sample for each run and value, labelled with project, variant, branch and hardware.
 */
export function prometheusText(entries: readonly HistoryEntry[]): string {
  const families = METRIC_NAMES.map((metric) => {
    const { title, unit } = METRICS[metric];
    const name = ['calib', snake(metric), ...(unit === undefined || snake(metric).endsWith(unit) ? [] : [unit])].join(
      '_',
    );
    const samples = entries.flatMap((entry) => {
      const value = entry.values[metric];
      return value === undefined ? [] : [{ labels: labelsOf(entry), value }];
    });
    return metricFamily(name, `${title} of the shipped variant`, samples);
  });
  const gates = entries.flatMap((entry) =>
    entry.gates.map(({ name, state }) => ({
      labels: { ...labelsOf(entry), gate: name, state },
      value: state === 'met' ? 1 : 0,
    })),
  );
  const times = entries.map((entry) => ({ labels: labelsOf(entry), value: Date.parse(entry.createdAt) / 1000 }));
  return [
    ...families,
    ...metricFamily('calib_gate_met', 'whether a gate is met; 0 also if it could not be judged', gates),
    ...metricFamily('calib_run_timestamp_seconds', 'time of the run', times),
  ]
    .flat()
    .map((line) => `${line}\n`)
    .join('');
}

function labelsOf({ project, variant, branch, hardware }: HistoryEntry): Readonly<Record<string, string>> {
  return { project, variant: variant ?? '', branch: branch ?? '', hardware };
}

/** `p99LatencyMs` as `p99_latency`: units are named by the metric. */
function snake(name: string): string {
  return name.replace(/(Ms|Mb|PerSecond|Db)$/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
