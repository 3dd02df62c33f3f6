/** Entry point of one compute worker thread: loads images and runs its role over them, one batch after the other. */
import { parentPort } from 'node:worker_threads';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { toWireError } from '../../../src-shared/contract/errors';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import { errnoOf } from '../../base/file-errors';
import { createCollectRole, type CollectInit } from '../tasks/collect-role';
import { createGridRangesRole, type GridInit } from '../tasks/grid-role';
import { createEvaluateRole, type EvaluateInit } from '../tasks/evaluate-role';
import type { Batch, FromWorker, ImageOutcome, ToWorker } from './image-pool';

/** An image that was decoded and preprocessed, or the reason why not. */
export type LoadedImage =
  | { readonly ok: true; readonly entry: ImageEntry; readonly data: Float32Array }
  | { readonly ok: false; readonly reason: string; readonly isAbsent?: true };

/** What a worker does with images. */
export interface Role {
  load(entry: ImageEntry): Promise<Float32Array>;
  /** One outcome per image, in order. */
  process(images: readonly { readonly entry: ImageEntry; readonly data: Float32Array }[]): Promise<readonly unknown[]>;
  flush(): unknown;
}

const port = parentPort;
if (!port) throw new Error('compute-worker runs as a worker thread only');

let role: Role | null = null;
/** Batches that still wait when the pool stops are dropped. */
let isStopped = false;
/** Messages are handled strictly one after the other; only decoding runs ahead. */
let chain: Promise<void> = Promise.resolve();

const send = (message: FromWorker): void => port.postMessage(message);

async function createRole(name: string, init: unknown): Promise<Role> {
  if (name === 'collect') return createCollectRole(init as CollectInit);
  if (name === 'grid-ranges') return createGridRangesRole(init as GridInit);
  if (name === 'evaluate') return createEvaluateRole(init as EvaluateInit);
  throw new WorkbenchError('internal', `A compute worker knows no role "${name}"`);
}

async function loadImage(entry: ImageEntry): Promise<LoadedImage> {
  try {
    if (!role) throw new WorkbenchError('internal', 'A batch came before the role of the worker');
    return { ok: true, entry, data: await role.load(entry) };
  } catch (error) {
    // Only the image is at fault: it is named and skipped. Everything else ends the job.
    if (error instanceof WorkbenchError && error.code === 'image-invalid')
      return { ok: false, reason: error.message, ...(errnoOf(error.cause) === null ? {} : { isAbsent: true }) };
    throw error;
  }
}

async function processBatch(batch: Batch, loading: Promise<LoadedImage[]>): Promise<void> {
  if (isStopped) return;
  const loaded = await loading;
  const usable = loaded.filter((image) => image.ok);
  const values = role && usable.length > 0 ? await role.process(usable) : [];
  let next = 0;
  const outcomes = loaded.map((image): ImageOutcome<unknown> =>
    image.ok ? { ok: true, value: values[next++] } : image,
  );
  send({ type: 'batch', index: batch.index, outcomes });
}

function enqueue(work: () => Promise<void>): void {
  chain = chain.then(work).catch((error: unknown) => send({ type: 'fatal', error: toWireError(error) }));
}

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'init':
      enqueue(async () => {
        role = await createRole(message.role, message.init);
        send({ type: 'ready' });
      });
      return;
    case 'batch': {
      const loading = Promise.all(message.batch.entries.map(loadImage));
      loading.catch(() => undefined); // handled when its turn comes
      enqueue(() => processBatch(message.batch, loading));
      return;
    }
    case 'stop':
      isStopped = true;
      enqueue(async () => port.close());
      return;
    case 'flush':
      enqueue(async () => send({ type: 'flushed', state: role?.flush() }));
      return;
  }
});
