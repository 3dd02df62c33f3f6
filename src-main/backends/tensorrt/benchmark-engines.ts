import { isDeepStrictEqual } from 'node:util';
import type { Engine, GpuReadings, Runner, TimeResult } from '../../../native/tensorrt';
import { advise } from '../../../src-shared/base/advice';
import { throwIfAborted, WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { pairedLatencyRatio, summarizeLatency } from '../../../src-shared/domain/runs/latency';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { BenchmarkVariantRecord, GpuRecord, ShapeLatency } from '../../../src-shared/domain/runs/run-record';
import type { TensorrtBenchOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import { unsteady, type BenchmarkOutcome } from '../benchmark';
import type { EngineVariant } from '../runnable-variant';
import { closeOnAbort, loadEngine } from './engine-session';
import { openTensorrt, requireDevice, translated, translatedAsync } from './runtime';
import { profilePoints, shapesForBatch, type TimedShapes } from './timed-shapes';

const WARM_UP_MS = 200;
/** Minimum duration and minimum number of runs of a variant's turn. */
const TURN_MS = 25;
const TURN_RUNS = 20;
/**
 * The reasons for lower clocks that affect results. An idle GPU, or clocks that the user has set, are not among them.
 */
const THROTTLING = ['power-cap', 'hardware-slowdown', 'thermal', 'hardware-thermal', 'hardware-power-brake'];

export interface EngineBenchmark {
  readonly variants: readonly (EngineVariant & { readonly sizeMb: number })[];
  readonly feeding: Feeding;
  readonly batches: readonly number[];
  readonly rounds: number;
  readonly options: TensorrtBenchOptions;
}

interface Lane {
  readonly variant: EngineBenchmark['variants'][number];
  readonly runner: Runner;
  readonly rounds: TimeResult[];
}

/**
 * Times engines on the GPU. For every batch size and number of streams the engines take turns, round by round (A B C,
 * A B C, ...), and ratios to the first variant are formed within each round. A latency is the GPU time between two
 * events around one inference. Profiles that are tuned for the batch size and allow several shapes are timed at their
 * ends, too, with the first number of streams.
 */
export async function benchmarkEngines(benchmark: EngineBenchmark, context: TaskContext): Promise<BenchmarkOutcome> {
  const runtime = openTensorrt();
  const device = requireDevice(runtime, benchmark.variants[0]?.device ?? 0);
  const engines: Engine[] = [];
  const variants: BenchmarkVariantRecord[] = [];
  const throttled = new Set<string>();
  const readings: GpuReadings[] = [];
  const read = (): void => {
    const now = translated(() => runtime.addon.readings(device.index));
    readings.push(now);
    for (const reason of now.throttleReasons ?? []) if (THROTTLING.includes(reason)) throttled.add(reason);
  };
  try {
    for (const [i, variant] of benchmark.variants.entries()) {
      throwIfAborted(context.signal);
      context.onProgress?.({ phase: 'opening engines', done: i, total: benchmark.variants.length, unit: 'engines' });
      engines.push(await loadEngine(variant));
    }
    const plan = timingPlan(benchmark, engines);
    const timedPoints = plan.flatMap(({ usual, points }) => points.filter((point) => !isSame(point, usual)));
    const counts = [...new Set(benchmark.options.streams)];
    const [firstCount = 1, ...moreCounts] = counts;
    const total = benchmark.rounds * (plan.length * counts.length + timedPoints.length);
    let done = 0;
    const timeAt = async (shapes: TimedShapes, streams = firstCount): Promise<Lane[]> => {
      const lanes = await openLanes({ benchmark, engines, streams }, shapes, context.signal);
      // A turn may take seconds; closing its runner ends it.
      const stop = closeOnAbort(context.signal, () => closeLanes(lanes));
      try {
        for (let round = 0; round < benchmark.rounds; round++) {
          throwIfAborted(context.signal);
          context.onProgress?.({ phase: 'benchmarking', done: done++, total, unit: 'rounds' });
          for (const lane of lanes)
            lane.rounds.push(await turn(lane.runner, benchmark.options, round === 0 ? WARM_UP_MS : 0));
          read();
        }
      } finally {
        stop();
        closeLanes(lanes);
      }
      return lanes;
    };
    for (const { batch, usual, points } of plan) {
      const lanes = await timeAt(usual);
      const shapes: ShapeLatency[][] = lanes.map(() => []);
      for (const { at, ...timed } of points) {
        const latencies = latenciesOf(isSame(timed, usual) ? lanes : await timeAt(timed));
        for (const [i, latency] of latencies.entries())
          shapes[i]?.push({ profile: timed.profile, at, inputs: inputsOf(timed), ...latency });
      }
      const records = recordsOf(lanes, batch, firstCount);
      variants.push(
        ...records.map((record, i) => ({ ...record, ...(points.length === 0 ? {} : { shapes: shapes[i] ?? [] }) })),
      );
      for (const streams of moreCounts) variants.push(...recordsOf(await timeAt(usual, streams), batch, streams));
    }
    context.onProgress?.({ phase: 'benchmarking', done: total, total, unit: 'rounds' });
  } finally {
    for (const engine of engines) engine.close();
  }
  const warnings = [...unsteady(variants), ...throttleWarnings(throttled)];
  return { device: device.name, variants, warnings, gpu: gpuFacts(readings, runtime.library.version) };
}

/** The shapes to time, by batch size. All engines of a benchmark are built with the same profiles. */
function timingPlan({ batches, feeding }: EngineBenchmark, [engine]: readonly Engine[]) {
  if (engine === undefined) return [];
  return batches.map((batch) => {
    const usual = shapesForBatch(engine, feeding, batch);
    if (usual === null)
      throw new WorkbenchError('usage', `The engine has no profile for batch ${batch}`, {
        hint: advise('batches-of-engine'),
      });
    return { batch, usual, points: profilePoints(engine, feeding, batch) };
  });
}

function isSame(a: TimedShapes, b: TimedShapes): boolean {
  return a.profile === b.profile && isDeepStrictEqual(a.shapes, b.shapes);
}

function inputsOf({ shapes }: TimedShapes): ShapeLatency['inputs'] {
  return Object.entries(shapes).map(([name, dims]) => ({ name, dims }));
}

function closeLanes(lanes: readonly Lane[]): void {
  for (const { runner } of lanes) runner.close();
}

interface OpenEngines {
  readonly benchmark: EngineBenchmark;
  readonly engines: readonly Engine[];
  readonly streams: number;
}

async function openLanes(
  { benchmark, engines, streams }: OpenEngines,
  { profile, shapes }: TimedShapes,
  signal: AbortSignal | undefined,
): Promise<Lane[]> {
  const lanes: Lane[] = [];
  try {
    for (const [i, engine] of engines.entries()) {
      const variant = benchmark.variants[i];
      if (!variant) continue;
      throwIfAborted(signal);
      const runner = await translatedAsync(engine.createRunner({ profile, shapes, streams }));
      lanes.push({ variant, runner, rounds: [] });
    }
    return lanes;
  } catch (error) {
    // A runner that is not closed keeps its engine and GPU memory until the process ends.
    closeLanes(lanes);
    throw error;
  }
}

function turn(runner: Runner, { cudaGraph, transfers }: TensorrtBenchOptions, warmUpMs: number): Promise<TimeResult> {
  return translatedAsync(runner.time({ warmUpMs, runs: TURN_RUNS, minMs: TURN_MS, cudaGraph, transfers }));
}

/** The latencies of lanes that took turns, with the ratios to the first one. */
function latenciesOf(lanes: readonly Lane[]): Pick<BenchmarkVariantRecord, 'latencyMs' | 'ratioToFp32'>[] {
  const mediansOf = (lane: Lane): number[] =>
    lane.rounds.map(({ latenciesMs }) => summarizeLatency(latenciesMs).median);
  const [reference] = lanes;
  return lanes.map((lane) => {
    const latencyMs = summarizeLatency(lane.rounds.flatMap(({ latenciesMs }) => [...latenciesMs]));
    const ratio = !reference || lane === reference ? null : pairedLatencyRatio(mediansOf(lane), mediansOf(reference));
    return { latencyMs, ...(ratio === null ? {} : { ratioToFp32: ratio }) };
  });
}

function recordsOf(lanes: readonly Lane[], batch: number, streams: number): BenchmarkVariantRecord[] {
  const latencies = latenciesOf(lanes);
  return lanes.flatMap((lane, i): BenchmarkVariantRecord[] => {
    const latency = latencies[i];
    if (latency === undefined) return [];
    const runs = lane.rounds.reduce((sum, round) => sum + round.runs, 0);
    const wallMs = lane.rounds.reduce((sum, round) => sum + round.wallMs, 0);
    return [
      {
        variant: lane.variant.variant,
        batch,
        streams,
        ...latency,
        throughputPerSecond: (1000 * runs * batch) / wallMs,
        // Weights, scratch memory, inputs and outputs.
        memoryMb: lane.runner.deviceMemoryBytes / 1e6 + lane.variant.sizeMb,
        sizeMb: lane.variant.sizeMb,
        coefficientOfVariation: latency.latencyMs.coefficientOfVariation,
      },
    ];
  });
}

function throttleWarnings(reasons: ReadonlySet<string>): Warning[] {
  if (reasons.size === 0) return [];
  return [
    {
      code: 'gpu-throttled',
      message:
        `The GPU lowered its clocks during the benchmark (${[...reasons].join(', ')}): ` +
        'compare ratios within this run only.',
    },
  ];
}

function gpuFacts(readings: readonly GpuReadings[], tensorrt: string): GpuRecord {
  const largest = (field: 'smClockMhz' | 'memoryClockMhz' | 'temperatureC' | 'powerW'): number | null => {
    const values = readings.map((reading) => reading[field]).filter((value) => value !== null);
    return values.length === 0 ? null : Math.max(...values);
  };
  return {
    tensorrt,
    driver: readings[0]?.driver ?? null,
    smClockMhz: largest('smClockMhz'),
    memoryClockMhz: largest('memoryClockMhz'),
    temperatureC: largest('temperatureC'),
    powerW: largest('powerW'),
    throttleReasons: [...new Set(readings.flatMap(({ throttleReasons }) => throttleReasons ?? []))].sort(),
  };
}
