import { resolve } from 'node:path';
import { formatMs, formatPercent, formatRate } from '../../../src-shared/base/units';
import type { BenchResult } from '../../../src-shared/contract/jobs';
import { EXIT_OK, parseFlags, present, toJson, wholeNumber, type Command } from '../command';
import { renderTable, type Column } from '../text-table';
import { DEVICES_OPTIONS, DEVICES_USAGE, deviceText, parseDevicesFlags, parseVariantFlags, VARIANT_OPTIONS, VARIANT_USAGE } from '../variant-flags';

export const bench: Command = {
  name: 'bench',
  summary: 'latency, throughput and memory of engines, in turns',
  usage: `Usage: calib bench PROJECT [--backend B] [--variants LIST] [--batch N] [--rounds N] [--threads N] [--json]
${VARIANT_USAGE}
  --batch N         images per inference (default 1, or what the model fixes)
  --rounds N        turns of every variant (default 20)
${DEVICES_USAGE}`,
  async run(argv, { runJob, print, note }) {
    const { values, positionals } = parseFlags(argv, { ...VARIANT_OPTIONS, ...DEVICES_OPTIONS, batch: { type: 'string' }, rounds: { type: 'string' } }, { min: 1, max: 1, names: 'PROJECT' });
    const result = await runJob({
      kind: 'bench',
      projectPath: resolve(positionals[0] ?? ''),
      ...parseVariantFlags(values),
      ...parseDevicesFlags(values),
      ...present({ batch: wholeNumber('--batch', values.batch, 1, 65_536), rounds: wholeNumber('--rounds', values.rounds, 1, 10_000) }),
    });
    for (const warning of result.warnings) note(`warning: ${warning.message}`);
    print(values.json ? toJson(result) : asText(result));
    return EXIT_OK;
  },
};

function asText(result: BenchResult): string {
  const columns: Column[] = [
    ...(result.devices === undefined ? [] : [{ title: 'GPU' }]),
    { title: 'variant' },
    { title: 'batch', align: 'right' },
    ...['median', 'mean', 'p90', 'p95', 'p99', 'CV', 'vs FP32', 'throughput', 'memory MB', 'size MB'].map((title): Column => ({ title, align: 'right' })),
  ];
  const rows = result.variants.map((row) => [
    ...(result.devices === undefined ? [] : [deviceText(row.device)]),
    row.variant,
    String(row.batch),
    ...(['median', 'mean', 'p90', 'p95', 'p99'] as const).map((key) => formatMs(row.latencyMs[key])),
    formatPercent(row.coefficientOfVariation * 100),
    row.ratioToFp32 ? `${row.ratioToFp32.median.toFixed(2)}×` : '',
    formatRate(row.throughputPerSecond, 'images'),
    row.memoryMb?.toFixed(1) ?? '',
    row.sizeMb.toFixed(2),
  ]);
  return `${result.device}, ${gpuText(result)}, ${result.rounds} rounds\n${renderTable(columns, rows)}`;
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
