/**
 * Entry point of a process that benchmarks one variant. A separate process allows measuring the memory of the variant.
 * It opens the session, reports the additional resident memory, and then times single inferences.
 */
import type { Feeding } from '../../src-shared/domain/project/feeding';
import { Responder, type RequestMessage } from '../../src-shared/contract/request-channel';
import { syntheticFeeds, type Feed } from './feeds';
import type { OnnxVariant, OutputTensor } from './runnable-variant';
import { OrtSession } from './ort-session';

export interface BenchOpen {
  readonly variant: OnnxVariant;
  readonly threads: number;
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

/** The requests to a benchmark process. `open` must be the first. */
export interface BenchMethods {
  readonly open: { readonly params: BenchOpen; readonly result: BenchOpened };
  /** Runs the given number of inferences. @returns their latencies in milliseconds. */
  readonly time: { readonly params: { readonly iterations: number }; readonly result: readonly number[] };
}

const MIN_WARM_UP_RUNS = 3;

interface OpenVariant {
  readonly session: OrtSession;
  readonly feeds: readonly Feed[];
  readonly buffers: ReadonlyMap<string, OutputTensor>;
}

let open: OpenVariant | null = null;

async function timeOnce(variant: OpenVariant): Promise<number> {
  const startedAt = performance.now();
  await variant.session.run(variant.feeds, variant.buffers);
  return performance.now() - startedAt;
}

async function openSession({
  variant,
  threads,
}: BenchOpen): Promise<{ readonly session: OrtSession; readonly fallsBack: boolean }> {
  const options = { ...variant, model: variant.modelPath, threads };
  if (variant.gpu === undefined) return { session: await OrtSession.open(options), fallsBack: false };
  const whole = await OrtSession.open({ ...options, gpuOnly: true }).catch(() => null);
  return whole === null
    ? { session: await OrtSession.open(options), fallsBack: true }
    : { session: whole, fallsBack: false };
}

async function openVariant(request: BenchOpen): Promise<BenchOpened> {
  const feeds = syntheticFeeds(request.feeding, request.batch);
  const residentBefore = process.memoryUsage.rss();
  const { session, fallsBack } = await openSession(request);
  // Outputs are written into the same buffers every time, as a server would do.
  const first = await session.run(feeds);
  const buffers = new Map(first.filter((output) => output.data !== null).map((output) => [output.name, output]));
  open = { session, feeds, buffers };
  let runs = 0;
  const startedAt = performance.now();
  while (runs < MIN_WARM_UP_RUNS || performance.now() - startedAt < request.warmUpMs) {
    await timeOnce(open);
    runs++;
  }
  const millisecondsPerRun = (performance.now() - startedAt) / runs;
  const memoryMb = request.variant.gpu === undefined ? (process.memoryUsage.rss() - residentBefore) / 1e6 : null;
  return { memoryMb, millisecondsPerRun, fallsBack };
}

async function time({ iterations }: BenchMethods['time']['params']): Promise<readonly number[]> {
  if (!open) throw new Error('The variant is not open');
  const latenciesMs: number[] = [];
  for (let i = 0; i < iterations; i++) latenciesMs.push(await timeOnce(open));
  return latenciesMs;
}

const responder = new Responder(
  async (method, params) =>
    method === 'open' ? openVariant(params as BenchOpen) : time(params as BenchMethods['time']['params']),
  (message) => process.send?.(message),
);
process.on('message', (message: RequestMessage) => responder.receive(message));
// Ctrl-C reaches the whole process group. It is ignored here; the app handles it.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
