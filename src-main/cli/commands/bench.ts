import { resolve } from 'node:path';
import { formatMs, formatPercent, formatRate } from '../../../src-shared/base/units';
import type { BenchResult } from '../../../src-shared/contract/job-results';
import { MIN_SAMPLES } from '../../../src-shared/domain/runs/latency';
import { distinctRows, REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { servingAdvice, servingSentence, type ServingAdvice } from '../../../src-shared/domain/runs/serving-advice';
import { formatSpeed, speedOf } from '../../../src-shared/domain/runs/speed';
import { defineCommand, EXIT_OK, present } from '../command';
import { flag, realNumber, wholeNumber } from '../options';
import type { Block, Column } from '../output';
import {
  DEVICES_OPTIONS,
  devicesSpec,
  deviceText,
  MAX_BATCH,
  TENSORRT,
  VARIANT_OPTIONS,
  variantSpec,
} from '../shared-options';

const PERCENTILES = ['p90', 'p95', 'p99'] as const;

export const roundsOption = wholeNumber('N', 'benchmark turns of every variant (default: 20)', { min: 1, max: 10_000 });

export const bench = defineCommand({
  name: 'bench',
  summary: 'measure latency, throughput and memory of engines, taking turns',
  positionals: ['PROJECT'],
  options: {
    ...VARIANT_OPTIONS,
    batch: wholeNumber('N', 'images per inference (default: 1, or the batch size that the model fixes)', {
      min: 1,
      max: MAX_BATCH,
    }),
    rounds: roundsOption,
    sparse: flag('also times copies pruned to 2:4 with sparse kernels, and validates what pruning costs', TENSORRT),
    p99: realNumber(
      'MS',
      'P99 that a request may take, for advice on batching (default: gate maxP99LatencyMs)',
      'a number above 0',
      (value) => value > 0,
    ),
    layers: flag(
      'time every layer on ONNX Runtime or OpenVINO, too (engines of TensorRT have these times); compare with calib diff',
    ),
    ...DEVICES_OPTIONS,
  },
  details: 'A percentile needs at least one sample beyond it: p90 needs 10 samples, p95 20 and p99 100.',
  async run(values, [project = ''], { api, runJob, print, note }) {
    const result = await runJob({
      kind: 'bench',
      projectPath: resolve(project),
      ...variantSpec(values),
      ...devicesSpec(values),
      ...present({ batch: values.batch, rounds: values.rounds, isSparse: values.sparse, layers: values.layers }),
    });
    for (const warning of result.warnings) note(`warning: ${warning.message}`);
    const { file } = await api.openProject({ projectPath: resolve(project) });
    const serving = adviceOf(result, values.p99 ?? file.gates.maxP99LatencyMs ?? null);
    print({ ...result, ...(serving.length === 0 ? {} : { serving }) }, () => [
      ...asText(result),
      ...serving.map(servingSentence),
    ]);
    return EXIT_OK;
  },
});

/** One for each quantized variant with an engine of its own, on the first device with the first number of streams. */
function adviceOf({ variants }: BenchResult, limitMs: number | null): readonly ServingAdvice[] {
  if (limitMs === null) return [];
  const [first] = variants;
  const own = variants.filter(
    ({ device, streams }) => device?.index === first?.device?.index && streams === first?.streams,
  );
  const names = [...new Set(own.filter(({ sameAs }) => sameAs === undefined).map(({ variant }) => variant))];
  return names
    .filter((variant) => variant !== REFERENCE_VARIANT)
    .map((variant) => servingAdvice(own, variant, limitMs));
}

function asText(result: BenchResult): Block[] {
  // Variants with the same engine share one row.
  const shown = distinctRows(result.variants, []);
  const percentiles = PERCENTILES.filter((key) =>
    result.variants.some(({ latencyMs }) => latencyMs[key] !== undefined),
  );
  const hasStreams = result.variants.some(({ streams }) => streams > 1);
  const columns: Column[] = [
    ...(result.devices === undefined ? [] : [{ title: 'GPU' }]),
    { title: 'variant' },
    { title: 'batch', align: 'right' },
    ...(hasStreams ? [{ title: 'streams', align: 'right' } as const] : []),
    ...['median', 'mean', ...percentiles, 'CV', 'vs FP32', 'throughput', 'memory MB', 'size MB'].map(
      (title): Column => ({ title, align: 'right' }),
    ),
  ];
  const rows = shown.map(({ row, names }) => [
    ...(result.devices === undefined ? [] : [deviceText(row.device)]),
    names.join(' = '),
    String(row.batch),
    ...(hasStreams ? [String(row.streams)] : []),
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
  return [
    `${result.device}, ${gpuText(result)}, ${result.rounds} rounds`,
    { columns, rows },
    ...shapeBlocks(result),
    ...layerLines(result),
    ...(result.answers ?? []).map(({ sentence }) => sentence),
    ...(missing.length === 0 ? [] : [`Percentiles of too few samples are omitted: ${missing.join(', ')}.`]),
  ];
}

/** The latencies at the ends of the optimization profiles; none if every profile allows one shape only. */
function shapeBlocks({ variants, devices }: BenchResult): Block[] {
  const rows = variants.flatMap(({ device, variant, sameAs, shapes = [] }) =>
    sameAs === undefined
      ? shapes.map(({ profile, at, inputs, latencyMs, ratioToFp32 }) => [
          ...(devices === undefined ? [] : [deviceText(device)]),
          variant,
          String(profile + 1),
          at,
          inputs.map(({ name, dims }) => `${name} ${dims.join('x')}`).join(', '),
          formatMs(latencyMs.median),
          ratioToFp32 ? formatSpeed(speedOf(ratioToFp32)) : '',
        ])
      : [],
  );
  if (rows.length === 0) return [];
  const columns: Column[] = [
    ...(devices === undefined ? [] : [{ title: 'GPU' }]),
    { title: 'variant' },
    { title: 'profile', align: 'right' },
    { title: 'at' },
    { title: 'shapes' },
    { title: 'median', align: 'right' },
    { title: 'vs FP32', align: 'right' },
  ];
  return ['Latency by shape:', { columns, rows }];
}

/** How far the times of layers explain the latency. */
function layerLines({ variants }: BenchResult): string[] {
  return variants.flatMap(({ variant, batch, latencyMs, profile, sameAs }) =>
    profile === undefined || sameAs !== undefined
      ? []
      : [
          `Layers of ${variant} at batch ${batch}: kernels take ${formatMs(profile.kernelsMs)} in the median, ` +
            `${formatPercent((100 * profile.kernelsMs) / latencyMs.median)} of its latency ` +
            `(${formatPercent(100 * profile.kernelShare)} of the profiled runs)`,
        ],
  );
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
