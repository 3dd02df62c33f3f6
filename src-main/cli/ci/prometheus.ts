import { METRIC_NAMES, type HistoryEntry } from '../../../src-shared/domain/history/history-entry';
import { METRICS } from '../../../src-shared/domain/history/metrics';

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
      return value === undefined ? [] : [`${name}${labels(labelsOf(entry))} ${value}`];
    });
    return family(name, `${title} of the shipped variant`, samples);
  });
  const gates = entries.flatMap((entry) =>
    entry.gates.map(
      ({ name, state }) =>
        `calib_gate_met${labels({ ...labelsOf(entry), gate: name, state })} ${state === 'met' ? 1 : 0}`,
    ),
  );
  const times = entries.map(
    (entry) => `calib_run_timestamp_seconds${labels(labelsOf(entry))} ${Date.parse(entry.createdAt) / 1000}`,
  );
  return [
    ...families,
    ...family('calib_gate_met', 'whether a gate is met; 0 also if it could not be judged', gates),
    ...family('calib_run_timestamp_seconds', 'time of the run', times),
  ]
    .flat()
    .map((line) => `${line}\n`)
    .join('');
}

function family(name: string, help: string, samples: readonly string[]): readonly string[] {
  return samples.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples];
}

function labelsOf({ project, variant, branch, hardware }: HistoryEntry): Readonly<Record<string, string>> {
  return { project, variant: variant ?? '', branch: branch ?? '', hardware };
}

function labels(values: Readonly<Record<string, string>>): string {
  const parts = Object.entries(values).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${parts.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** `p99LatencyMs` as `p99_latency`: units are named by the metric. */
function snake(name: string): string {
  return name.replace(/(Ms|Mb|PerSecond|Db)$/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
