import { fork, type ChildProcess } from 'node:child_process';
import { throwIfAborted, WorkbenchError } from '../../src-shared/base/errors';
import type { Warning } from '../../src-shared/contract/job-results';
import type { TaskContext } from '../../src-shared/contract/progress';
import { Requester, type ResponseMessage } from '../../src-shared/contract/request-channel';
import { isUnstable, pairedLatencyRatio, summarizeLatency } from '../../src-shared/domain/runs/latency';
import type { Feeding } from '../../src-shared/domain/project/feeding';
import type { BenchmarkVariantRecord, GpuRecord } from '../../src-shared/domain/runs/run-record';
import { formatPercent } from '../../src-shared/base/units';
import type { LayerProfile, NamedLayer, ProfileTask } from './layer-profile';
import { PROVIDER_NAMES } from './ort-gpu-files';
import type { OnnxVariant, OpenvinoVariant } from './runnable-variant';
import type { BenchMethods, BenchOpen, BenchOpened, HostProfileTask } from './bench-host';
import type { TimedRuns } from './timed-model';

const WARM_UP_MS = 300;
/** Duration of a variant's turn within a round. Short turns spread a slow phase of the machine over all variants. */
const TURN_MS = 100;
const MIN_ITERATIONS = 3;
const MAX_ITERATIONS = 200;

export type BenchmarkVariant = (OnnxVariant | OpenvinoVariant) & { readonly sizeMb: number };

export interface BenchmarkOptions {
  readonly hostPath: string;
  readonly variants: readonly BenchmarkVariant[];
  readonly feeding: Feeding;
  /** Batch sizes; every variant is timed at each. */
  readonly batches: readonly number[];
  readonly threads: number;
  /** Numbers of inferences that run at the same time; every variant is timed with each. */
  readonly streams: readonly number[];
  readonly rounds: number;
  /** Name of the device that the variants run on, for the record. */
  readonly device: string;
  /** The model's layers: times every layer, too, at the first batch size. */
  readonly onnxLayers?: readonly NamedLayer[];
}

/** The layers of a variant. */
export interface VariantProfile extends LayerProfile {
  readonly variant: string;
  readonly batch: number;
}

export interface BenchmarkOutcome {
  readonly device: string;
  readonly variants: readonly BenchmarkVariantRecord[];
  readonly warnings: readonly Warning[];
  /** Only for benchmarks on TensorRT. */
  readonly gpu?: GpuRecord;
  /** The layers of variants on ONNX Runtime or OpenVINO, if they were timed; an unusable profile is left out. */
  readonly profiles?: readonly VariantProfile[];
}

/**
 * Times variants on ONNX Runtime or OpenVINO, each in its own process. For every batch size and number of streams the
 * variants take turns, round by round (A B C, A B C, ...), and the ratio to the first variant is formed within each
 * round. A latency is that of the whole call: on a GPU it includes the copies of input and output.
 * @throws WorkbenchError compute-crashed when a process ends unexpectedly; cancelled.
 */
export async function benchmark(options: BenchmarkOptions, context: TaskContext): Promise<BenchmarkOutcome> {
  const variants: BenchmarkVariantRecord[] = [];
  const fallingBack = new Set<string>();
  const profiles: VariantProfile[] = [];
  const warnings: Warning[] = [];
  const points = options.batches.flatMap((batch) => options.streams.map((streams) => ({ batch, streams })));
  const total = options.rounds * points.length;
  for (const [point, { batch, streams }] of points.entries()) {
    const lanes: Lane[] = [];
    try {
      for (const [i, variant] of options.variants.entries()) {
        throwIfAborted(context.signal);
        context.onProgress?.({ phase: 'opening engines', done: i, total: options.variants.length, unit: 'engines' });
        const lane = new Lane(variant, options.hostPath, context.signal);
        lanes.push(lane);
        const { threads, feeding } = options;
        await lane.open({ threads, streams, feeding, batch, warmUpMs: WARM_UP_MS });
        if (lane.fallsBack) fallingBack.add(variant.variant);
      }
      for (let round = 0; round < options.rounds; round++) {
        context.onProgress?.({ phase: 'benchmarking', done: point * options.rounds + round, total, unit: 'rounds' });
        for (const lane of lanes) await lane.turn();
      }
      variants.push(...recordsOf(lanes, batch, streams));
      if (options.onnxLayers !== undefined && point === 0) {
        const { threads, feeding, onnxLayers } = options;
        const profiled = await profileLanes(lanes, { threads, feeding, batch, onnxLayers }, context);
        profiles.push(...profiled.profiles);
        warnings.push(...profiled.warnings);
      }
    } finally {
      for (const lane of lanes) lane.close();
    }
  }
  context.onProgress?.({ phase: 'benchmarking', done: total, total, unit: 'rounds' });
  return {
    device: options.device,
    variants,
    warnings: [...unsteady(variants), ...fallbackWarnings(fallingBack), ...warnings],
    ...(options.onnxLayers === undefined ? {} : { profiles }),
  };
}

/** Times the layers of the variants, each in its process. */
async function profileLanes(
  lanes: readonly Lane[],
  task: Omit<ProfileTask, 'variant'>,
  { onProgress }: TaskContext,
): Promise<{ readonly profiles: readonly VariantProfile[]; readonly warnings: readonly Warning[] }> {
  const profiles: VariantProfile[] = [];
  const warnings: Warning[] = [];
  for (const [i, lane] of lanes.entries()) {
    const own = lane.variant;
    const { variant } = own;
    onProgress?.({ phase: 'timing layers', done: i, total: lanes.length, unit: 'engines' });
    try {
      profiles.push({ variant, batch: task.batch, ...(await lane.profile({ ...task, variant: own })) });
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code === 'cancelled') throw error;
      warnings.push({ code: 'no-layer-times', message: `${variant}: its layers were not timed: ${error.message}` });
    }
  }
  onProgress?.({ phase: 'timing layers', done: lanes.length, total: lanes.length, unit: 'engines' });
  return { profiles, warnings };
}

function recordsOf(lanes: readonly Lane[], batch: number, streams: number): BenchmarkVariantRecord[] {
  const [reference] = lanes;
  return lanes.map((lane): BenchmarkVariantRecord => {
    const latenciesMs = lane.rounds.flatMap((round) => Array.from(round.latenciesMs));
    const latencyMs = summarizeLatency(latenciesMs);
    const wallMs = lane.rounds.reduce((sum, round) => sum + round.wallMs, 0);
    const ratio =
      !reference || lane === reference ? null : pairedLatencyRatio(lane.roundMediansMs(), reference.roundMediansMs());
    return {
      variant: lane.variant.variant,
      batch,
      streams,
      latencyMs,
      throughputPerSecond: (1000 * batch * latenciesMs.length) / wallMs,
      ...(lane.memoryMb === null ? {} : { memoryMb: lane.memoryMb }),
      sizeMb: lane.variant.sizeMb,
      coefficientOfVariation: latencyMs.coefficientOfVariation,
      ...(ratio === null ? {} : { ratioToFp32: ratio }),
    };
  });
}

/** One warning, for its worst batch, for each variant whose latencies vary too much to be compared. */
export function unsteady(records: readonly BenchmarkVariantRecord[]): Warning[] {
  const worst = new Map<string, BenchmarkVariantRecord>();
  for (const record of records) {
    const known = worst.get(record.variant);
    if (
      isUnstable(record.latencyMs) &&
      (known === undefined || known.coefficientOfVariation < record.coefficientOfVariation)
    )
      worst.set(record.variant, record);
  }
  return [...worst.values()].map(({ variant, batch, coefficientOfVariation }) => ({
    code: 'latency-unsteady',
    message:
      `Latency of ${variant} at batch ${batch} varies by ${formatPercent(coefficientOfVariation * 100)} ` +
      '(coefficient of variation): judge by the median and by the speed against fp32.',
  }));
}

function fallbackWarnings(variants: ReadonlySet<string>): Warning[] {
  if (variants.size === 0) return [];
  return [
    {
      code: 'cpu-fallback',
      message:
        `Some layers of ${[...variants].join(', ')} have no kernel on the GPU and run on the CPU; ` +
        'their tensors are copied there and back.',
    },
  ];
}

/** One variant in a separate process. */
class Lane {
  readonly rounds: TimedRuns[] = [];
  /** Inferences of one turn. */
  private iterations = MIN_ITERATIONS;
  private opened: BenchOpened | null = null;
  private readonly child: ChildProcess;
  private readonly requester: Requester;

  constructor(
    readonly variant: BenchmarkVariant,
    hostPath: string,
    private readonly signal: AbortSignal | undefined,
  ) {
    const child = fork(hostPath, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child = child;
    const fail = (killer: NodeJS.Signals | null): void =>
      this.requester.rejectAll(() => endedError(this.variant, killer));
    this.requester = new Requester({
      send: (message) => {
        // A process that ended between two requests cannot be sent anything.
        if (!child.connected) throw endedError(this.variant, child.signalCode);
        child.send(message, (error) => error !== null && fail(child.signalCode));
      },
    });
    child.on('message', (message) => this.requester.receive(message as ResponseMessage));
    child.on('error', () => fail(null));
    child.on('exit', (_, killer) => fail(killer));
  }

  /** Resident memory that the variant added, in MB; null on a GPU. */
  get memoryMb(): number | null {
    return this.opened?.memoryMb ?? null;
  }

  get fallsBack(): boolean {
    return this.opened?.fallsBack ?? false;
  }

  async open(params: Omit<BenchOpen, 'variant'>): Promise<void> {
    this.opened = await this.ask('open', { variant: this.variant, ...params });
    const iterations = Math.round(TURN_MS / Math.max(this.opened.millisecondsPerRun, 1e-3));
    this.iterations = Math.min(MAX_ITERATIONS, Math.max(MIN_ITERATIONS, iterations));
  }

  profile(params: HostProfileTask): Promise<LayerProfile> {
    return this.ask('profile', params);
  }

  async turn(): Promise<void> {
    this.rounds.push(await this.ask('time', { iterations: this.iterations }));
  }

  roundMediansMs(): number[] {
    return this.rounds.map(({ latenciesMs }) => summarizeLatency(Array.from(latenciesMs)).median);
  }

  close(): void {
    this.child.kill('SIGKILL');
  }

  /** Rejects when the process fails or ends, or when the signal is aborted. */
  private async ask<M extends keyof BenchMethods>(
    method: M,
    params: BenchMethods[M]['params'],
  ): Promise<BenchMethods[M]['result']> {
    const context = this.signal === undefined ? {} : { signal: this.signal };
    return (await this.requester.request(method, params, context)) as BenchMethods[M]['result'];
  }
}

function endedError(ended: BenchmarkVariant, killer: NodeJS.Signals | null): WorkbenchError {
  const how = killer === null ? '' : ` (${killer})`;
  const { variant } = ended;
  const gpu = ended.kind === 'onnx' ? ended.gpu : undefined;
  if (gpu !== undefined) {
    return new WorkbenchError(
      'compute-crashed',
      `ONNX Runtime's ${PROVIDER_NAMES[gpu.provider]} provider crashed${how} while it ran ${variant}`,
      { hint: 'Update the driver of the GPU, or choose another backend.' },
    );
  }
  return new WorkbenchError('compute-crashed', `The benchmark process of ${variant} ended unexpectedly${how}`, {
    hint: 'If the machine is short of memory, benchmark fewer variants at once.',
  });
}
