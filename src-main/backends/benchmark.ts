import { fork, type ChildProcess } from 'node:child_process';
import { cpus } from 'node:os';
import { cancelledError, throwIfAborted, WorkbenchError } from '../../src-shared/base/errors';
import { fromWireError } from '../../src-shared/contract/errors';
import type { Warning } from '../../src-shared/contract/jobs';
import type { TaskContext } from '../../src-shared/contract/progress';
import { isUnstable, pairedLatencyRatio, summarizeLatency } from '../../src-shared/domain/latency';
import type { ImageInput } from '../../src-shared/domain/preprocessing';
import type { BenchmarkVariantRecord, GpuRecord } from '../../src-shared/domain/run-record';
import { formatPercent } from '../../src-shared/base/units';
import type { OnnxVariant } from './runnable-variant';
import type { BenchOpen, FromBenchHost, ToBenchHost } from './bench-host';

const WARM_UP_MS = 300;
/** Each turn of a variant within a round lasts about this long, so that a slow moment of the machine meets all variants. */
const TURN_MS = 100;
const MIN_ITERATIONS = 3;
const MAX_ITERATIONS = 200;

export interface BenchmarkVariant extends OnnxVariant {
  readonly sizeMb: number;
}

export interface BenchmarkOptions {
  readonly hostPath: string;
  readonly variants: readonly BenchmarkVariant[];
  readonly input: ImageInput;
  readonly batch: number;
  readonly threads: number;
  readonly rounds: number;
}

export interface BenchmarkOutcome {
  readonly device: string;
  readonly variants: readonly BenchmarkVariantRecord[];
  readonly warnings: readonly Warning[];
  /** Of benchmarks on a GPU. */
  readonly gpu?: GpuRecord;
}

/**
 * Times variants on ONNX Runtime's CPU provider, each in a process of its own, taking turns round by round (A B C, A B
 * C, ...); the ratio to the first variant is formed within each round.
 */
export async function benchmark(options: BenchmarkOptions, context: TaskContext): Promise<BenchmarkOutcome> {
  const lanes: Lane[] = [];
  try {
    for (const [i, variant] of options.variants.entries()) {
      throwIfAborted(context.signal);
      context.onProgress?.({ phase: 'opening engines', done: i, total: options.variants.length, unit: 'engines' });
      lanes.push(await Lane.open(variant, options, context.signal));
    }
    for (let round = 0; round < options.rounds; round++) {
      context.onProgress?.({ phase: 'benchmarking', done: round, total: options.rounds, unit: 'rounds' });
      for (const lane of lanes) await lane.turn();
    }
    context.onProgress?.({ phase: 'benchmarking', done: options.rounds, total: options.rounds, unit: 'rounds' });
    return summarize(lanes, options);
  } finally {
    for (const lane of lanes) lane.close();
  }
}

function summarize(lanes: readonly Lane[], options: BenchmarkOptions): BenchmarkOutcome {
  const reference = lanes[0];
  const warnings: Warning[] = [];
  const variants = lanes.map((lane): BenchmarkVariantRecord => {
    const latencyMs = summarizeLatency(lane.rounds.flat());
    if (isUnstable(latencyMs)) {
      warnings.push({
        code: 'latency-unsteady',
        message: `Latency of ${lane.variant.variant} varies by ${formatPercent(latencyMs.coefficientOfVariation * 100)} (coefficient of variation): judge by the median and by the ratio to fp32.`,
      });
    }
    const ratio = !reference || lane === reference ? null : pairedLatencyRatio(lane.roundMediansMs(), reference.roundMediansMs());
    return {
      variant: lane.variant.variant,
      batch: options.batch,
      streams: 1,
      latencyMs,
      throughputPerSecond: (1000 * options.batch) / latencyMs.mean,
      memoryMb: lane.memoryMb,
      sizeMb: lane.variant.sizeMb,
      coefficientOfVariation: latencyMs.coefficientOfVariation,
      ...(ratio === null ? {} : { ratioToFp32: ratio }),
    };
  });
  return { device: cpus()[0]?.model.trim() ?? 'CPU', variants, warnings };
}

/** One variant in its process. */
class Lane {
  readonly rounds: number[][] = [];

  private constructor(
    readonly variant: BenchmarkVariant,
    private readonly child: ChildProcess,
    private readonly signal: AbortSignal | undefined,
    /** Resident memory that the engine added, and iterations of one turn. */
    private readonly measured: { readonly memoryMb: number; readonly iterations: number },
  ) {}

  get memoryMb(): number {
    return this.measured.memoryMb;
  }

  static async open(variant: BenchmarkVariant, options: BenchmarkOptions, signal: AbortSignal | undefined): Promise<Lane> {
    const child = fork(options.hostPath, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const request: BenchOpen = {
      type: 'open',
      variant,
      threads: options.threads,
      input: options.input,
      batch: options.batch,
      warmUpMs: WARM_UP_MS,
    };
    try {
      const opened = await ask(child, request, variant.variant, signal);
      if (opened.type !== 'opened') throw new WorkbenchError('internal', `Unexpected answer "${opened.type}" of the benchmark process`);
      const iterations = Math.round(TURN_MS / Math.max(opened.millisecondsPerRun, 1e-3));
      return new Lane(variant, child, signal, { memoryMb: opened.memoryMb, iterations: Math.min(MAX_ITERATIONS, Math.max(MIN_ITERATIONS, iterations)) });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  async turn(): Promise<void> {
    const answer = await ask(this.child, { type: 'time', iterations: this.measured.iterations }, this.variant.variant, this.signal);
    if (answer.type === 'timed') this.rounds.push([...answer.latenciesMs]);
  }

  roundMediansMs(): number[] {
    return this.rounds.map((latencies) => summarizeLatency(latencies).median);
  }

  close(): void {
    this.child.kill('SIGKILL');
  }
}

/** One question to a benchmark process; rejects when it fails, ends or the caller cancels. */
function ask(child: ChildProcess, message: ToBenchHost, variant: string, signal: AbortSignal | undefined): Promise<FromBenchHost> {
  return new Promise((resolve, reject) => {
    const finish = (action: () => void): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      signal?.removeEventListener('abort', onAbort);
      action();
    };
    const onMessage = (answer: unknown): void => {
      const parsed = answer as FromBenchHost;
      finish(() => (parsed.type === 'failed' ? reject(fromWireError(parsed.error)) : resolve(parsed)));
    };
    const onExit = (): void =>
      finish(() => reject(new WorkbenchError('compute-crashed', `The benchmark process of ${variant} ended unexpectedly`, { hint: 'If the machine is short of memory, benchmark fewer variants at once.' })));
    const onAbort = (): void => finish(() => reject(cancelledError()));
    child.on('message', onMessage);
    child.on('exit', onExit);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else if (!child.connected) onExit(); // it ended between two questions
    else child.send(message, (error) => error !== null && onExit());
  });
}
