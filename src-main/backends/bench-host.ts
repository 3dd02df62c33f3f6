/**
 * Entry point of a process that holds one variant for benchmarking, so that its memory can be told from everything
 * else. Opens the session, reports what it added to resident memory, then times single inferences on request.
 */
import type { ImageInput } from '../../src-shared/domain/project/preprocessing';
import { toWireError, type WireError } from '../../src-shared/contract/errors';
import type { OutputTensor } from './model-session';
import type { OnnxVariant } from './runnable-variant';
import { inputDims, OrtSession } from './ort-session';

export interface BenchOpen {
  readonly type: 'open';
  readonly variant: OnnxVariant;
  readonly threads: number;
  readonly input: ImageInput;
  readonly batch: number;
  readonly warmUpMs: number;
}
export type ToBenchHost = BenchOpen | { readonly type: 'time'; readonly iterations: number };
export type FromBenchHost =
  | {
      readonly type: 'opened';
      /** Resident memory that it added; null on a GPU, whose memory that is not. */
      readonly memoryMb: number | null;
      readonly millisecondsPerRun: number;
      /** On a GPU: some layer runs on the CPU. */
      readonly fallsBack: boolean;
    }
  | { readonly type: 'timed'; readonly latenciesMs: readonly number[] }
  | { readonly type: 'failed'; readonly error: WireError };

const MIN_WARM_UP_RUNS = 3;

interface OpenVariant {
  readonly session: OrtSession;
  readonly values: Float32Array;
  readonly dims: readonly number[];
  readonly buffers: ReadonlyMap<string, OutputTensor>;
}

let open: OpenVariant | null = null;

function send(message: FromBenchHost): void {
  process.send?.(message);
}

async function timeOnce(variant: OpenVariant): Promise<number> {
  const startedAt = performance.now();
  await variant.session.run(variant.values, variant.dims, variant.buffers);
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

async function openVariant(request: BenchOpen): Promise<void> {
  const { input, batch } = request;
  const values = new Float32Array(input.channels * input.height * input.width * batch).map(
    (_, i) => ((i * 37) % 255) / 255 - 0.5,
  );
  const residentBefore = process.memoryUsage.rss();
  const { session, fallsBack } = await openSession(request);
  const dims = inputDims(input, batch);
  // Outputs are written into the same buffers every time, as a serving loop would do.
  const first = await session.run(values, dims);
  const buffers = new Map(first.filter((output) => output.data !== null).map((output) => [output.name, output]));
  open = { session, values, dims, buffers };
  let runs = 0;
  const startedAt = performance.now();
  while (runs < MIN_WARM_UP_RUNS || performance.now() - startedAt < request.warmUpMs) {
    await timeOnce(open);
    runs++;
  }
  const millisecondsPerRun = (performance.now() - startedAt) / runs;
  const memoryMb = request.variant.gpu === undefined ? (process.memoryUsage.rss() - residentBefore) / 1e6 : null;
  send({ type: 'opened', memoryMb, millisecondsPerRun, fallsBack });
}

async function handle(message: ToBenchHost): Promise<void> {
  if (message.type === 'open') return openVariant(message);
  if (!open) throw new Error('The variant is not open');
  const latenciesMs: number[] = [];
  for (let i = 0; i < message.iterations; i++) latenciesMs.push(await timeOnce(open));
  send({ type: 'timed', latenciesMs });
}

process.on('message', (message: ToBenchHost) => {
  handle(message).catch((error: unknown) => send({ type: 'failed', error: toWireError(error) }));
});
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
