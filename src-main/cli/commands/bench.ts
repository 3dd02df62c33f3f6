import { resolve } from 'node:path';
import { formatMs, formatPercent, formatRate } from '../../../src-shared/base/units';
import type { BenchResult } from '../../../src-shared/contract/job-results';
import { MIN_SAMPLES } from '../../../src-shared/domain/runs/latency';
import { distinctRows } from '../../../src-shared/domain/runs/run-table';
import { formatSpeed, speedOf } from '../../../src-shared/domain/runs/speed';
import { EXIT_OK, parseFlags, present, toJson, wholeNumber, type Command } from '../command';
import { renderTable, type Column } from '../text-table';
import {
  DEVICES_OPTIONS,
  DEVICES_USAGE,
  deviceText,
  parseDevicesFlags,
  parseVariantFlags,
  VARIANT_OPTIONS,
  VARIANT_USAGE,
} from '../variant-flags';

const PERCENTILES = ['p90', 'p95', 'p99'] as const;

export const bench: Command = {
  name: 'bench',
  summary: 'latency, throughput and memory of engines, in turns',
  usage: `Usage: calib bench PROJECT [--backend B] [--variants LIST] [--batch N] [--rounds N] [--threads N] [--json]
${VARIANT_USAGE}
  --batch N         images per inference (default 1, or what the model fixes)
  --rounds N        turns of every variant (default 20)
${DEVICES_USAGE}
A percentile is given where at least one sample lies beyond it: p90 from 10 samples on, p95 from 20, p99 from 100.`,
  async run(argv, { runJob, print, note }) {
    const { values, positionals } = parseFlags(
      argv,
      { ...VARIANT_OPTIONS, ...DEVICES_OPTIONS, batch: { type: 'string' }, rounds: { type: 'string' } },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const result = await runJob({
      kind: 'bench',
      projectPath: resolve(positionals[0] ?? ''),
      ...parseVariantFlags(values),
      ...parseDevicesFlags(values),
      ...present({
        batch: wholeNumber('--batch', values.batch, 1, 65_536),
        rounds: wholeNumber('--rounds', values.rounds, 1, 10_000),
      }),
    });
    for (const warning of result.warnings) note(`warning: ${warning.message}`);
    print(values.json ? toJson(result) : asText(result));
    return EXIT_OK;
  },
};

function asText(result: BenchResult): string {
  // The same engine under another name has the same numbers.
  const shown = distinctRows(result.variants, []);
  const percentiles = PERCENTILES.filter((key) =>
    result.variants.some(({ latencyMs }) => latencyMs[key] !== undefined),
  );
  const columns: Column[] = [
    ...(result.devices === undefined ? [] : [{ title: 'GPU' }]),
    { title: 'variant' },
    { title: 'batch', align: 'right' },
    ...['median', 'mean', ...percentiles, 'CV', 'vs FP32', 'throughput', 'memory MB', 'size MB'].map(
      (title): Column => ({ title, align: 'right' }),
    ),
  ];
  const rows = shown.map(({ row, names }) => [
    ...(result.devices === undefined ? [] : [deviceText(row.device)]),
    names.join(' = '),
    String(row.batch),
    ...(['median', 'mean', ...percentiles] as const).map((key) => msText(row.latencyMs[key])),
    formatPercent(row.coefficientOfVariation * 100),
    row.ratioToFp32 ? formatSpeed(speedOf(row.ratioToFp32)) : '',
    formatRate(row.throughputPerSecond, 'images'),
    row.memoryMb?.toFixed(1) ?? '',
    row.sizeMb.toFixed(2),
  ]);
  const missing = PERCENTILES.filter((key) => !percentiles.includes(key)).map(
    (key) => `${key} below ${MIN_SAMPLES[key]}`,
  );
  const omitted = missing.length === 0 ? '' : `Percentiles of too few samples are omitted: ${missing.join(', ')}.\n`;
  return `${result.device}, ${gpuText(result)}, ${result.rounds} rounds\n${renderTable(columns, rows)}${omitted}`;
}

function msText(valueMs: number | undefined): string {
  return valueMs === undefined ? '' : formatMs(valueMs);
}

function gpuText({ gpu, threads }: BenchResult): string {
  if (gpu === undefined) return `${threads} threads`;
  const facts = [
    `TensorRT ${gpu.tensorrt}`,
    ...(gpu.smClockMhz === null ? [] : [`${gpu.smClockMhz} MHz`]),
    ...(gpu.temperatureC === null ? [] : [`${gpu.temperatureC} °C`]),
    ...(gpu.powerW === null ? [] : [`${gpu.powerW.toFixed(0)} W`]),
  ];
  return facts.join(', ');
}
