/**
 * Entry point of a process that benchmarks one variant. A separate process allows measuring the memory of the variant.
 * It opens the model, reports the additional resident memory, and then times inferences.
 */
import type { Feeding } from '../../src-shared/domain/project/feeding';
import { Responder, type RequestMessage } from '../../src-shared/contract/request-channel';
import { quantizedFeeds, syntheticFeeds } from './feeds';
import { profileLayers, type LayerProfile, type ProfileTask } from './layer-profile';
import { profileOpenvino } from './openvino/inspect-model';
import { openTimed } from './open-timed';
import { inputScalesOf, type OnnxVariant, type OpenvinoVariant } from './runnable-variant';
import type { TimedModel, TimedRuns } from './timed-model';

export interface BenchOpen {
  readonly variant: OnnxVariant | OpenvinoVariant;
  readonly threads: number;
  readonly streams: number;
  readonly feeding: Feeding;
  readonly batch: number;
  readonly warmUpMs: number;
}

export interface BenchOpened {
  /** Resident memory that the variant added; null on a GPU, whose memory is not that of the process. */
  readonly memoryMb: number | null;
  readonly millisecondsPerRun: number;
  /** On a GPU: whether some layer runs on the CPU. */
  readonly fallsBack: boolean;
}

export type HostProfileTask = Omit<ProfileTask, 'variant'> & { readonly variant: OnnxVariant | OpenvinoVariant };

/** The requests to a benchmark process. `open` must come before `time`. */
export interface BenchMethods {
  readonly open: { readonly params: BenchOpen; readonly result: BenchOpened };
  /** Runs at least the given number of inferences. */
  readonly time: { readonly params: { readonly iterations: number }; readonly result: TimedRuns };
  /** Times every layer, in a session of its own; the one that `open` opened is not used any more. */
  readonly profile: { readonly params: HostProfileTask; readonly result: LayerProfile };
}

const MIN_WARM_UP_RUNS = 3;

let open: TimedModel | null = null;

async function openVariant({ variant, ...how }: BenchOpen): Promise<BenchOpened> {
  // INT8 inputs are quantized before the timing: that is the work of the preprocessing.
  const feeds = quantizedFeeds(syntheticFeeds(how.feeding, how.batch), inputScalesOf(variant));
  const residentBefore = process.memoryUsage.rss();
  open = await openTimed(variant, { ...how, feeds });
  let runs = 0;
  const startedAt = performance.now();
  while (runs < MIN_WARM_UP_RUNS || performance.now() - startedAt < how.warmUpMs) {
    const { latenciesMs } = await open.time(1);
    runs += latenciesMs.length;
  }
  const millisecondsPerRun = (performance.now() - startedAt) / runs;
  const isOnGpu = variant.kind === 'onnx' && variant.gpu !== undefined;
  const memoryMb = isOnGpu ? null : (process.memoryUsage.rss() - residentBefore) / 1e6;
  return { memoryMb, millisecondsPerRun, fallsBack: open.fallsBack };
}

async function time({ iterations }: BenchMethods['time']['params']): Promise<TimedRuns> {
  if (!open) throw new Error('The variant is not open');
  return open.time(iterations);
}

function profile({ variant, ...task }: HostProfileTask): Promise<LayerProfile> {
  open = null;
  return variant.kind === 'openvino' ? profileOpenvino(variant, task) : profileLayers({ ...task, variant });
}

function handle(method: string, params: unknown): Promise<unknown> {
  switch (method) {
    case 'open':
      return openVariant(params as BenchOpen);
    case 'profile':
      return profile(params as HostProfileTask);
    default:
      return time(params as BenchMethods['time']['params']);
  }
}

const responder = new Responder(handle, (message) => process.send?.(message));
process.on('message', (message: RequestMessage) => responder.receive(message));
// Ctrl-C reaches the whole process group. It is ignored here; the app handles it.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
