/** Entry point of a worker thread: makes its role and answers the pool's requests, one after the other. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { Responder, type RequestMessage } from '../../../src-shared/contract/request-channel';
import { useImageCache } from '../../calibration/preprocessing/image-cache';
import { PREPARATIONS, ROLES } from '../roles/roles';
import {
  StopFlag,
  type ImagesAhead,
  type LoadRoleParams,
  type OpenParams,
  type ThreadMethod,
  type WorkerRole,
} from './worker-role';

const port = parentPort;
if (!port) throw new Error('compute-worker can only run as a worker thread');

let role: WorkerRole | null = null;
/** Settles when all requests that have arrived so far are done. */
let queue: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = queue.then(work);
  queue = result.catch(() => undefined);
  return result;
}

/** Number of requests that have arrived. */
let arrived = 0;

async function loadRole({ role: name, ahead }: LoadRoleParams, request: number): Promise<void> {
  await (Object.hasOwn(PREPARATIONS, name) ? PREPARATIONS[name as keyof typeof PREPARATIONS] : undefined)?.();
  if (ahead !== undefined) await decodeAhead(ahead, () => arrived > request);
}

/** Decodes images into the cache until this thread is needed for something else. */
async function decodeAhead(
  { entries, feeding, imageCache }: ImagesAhead,
  isNeededElsewhere: () => boolean,
): Promise<void> {
  const { createFeedLoader } = await import('../../calibration/inputs/feed-loader');
  useImageCache(imageCache);
  const loader = createFeedLoader(feeding);
  for (const entry of entries) {
    await nextTurn(); // so that a request can arrive
    if (isNeededElsewhere()) return;
    await loader.load(entry).catch(() => undefined); // What is wrong is found again when it is needed.
  }
}

async function openRole({ role: name, init, imageCache, stop }: OpenParams): Promise<void> {
  const create = Object.hasOwn(ROLES, name) ? ROLES[name as keyof typeof ROLES] : undefined;
  if (!create) throw new WorkbenchError('internal', `A worker has no role "${name}"`);
  useImageCache(imageCache);
  role = await create(init as never, new StopFlag(stop));
}

async function closeRole(): Promise<void> {
  try {
    await role?.close?.();
  } finally {
    port?.close();
  }
}

async function handle(method: string, params: unknown): Promise<unknown> {
  const name = method as ThreadMethod;
  const request = ++arrived;
  if (name === 'loadRole') return inTurn(() => loadRole(params as LoadRoleParams, request));
  if (name === 'open') return inTurn(() => openRole(params as OpenParams));
  if (name === 'close') return inTurn(closeRole);
  const opened = role;
  if (!opened) throw new WorkbenchError('internal', `A worker was sent "${method}" before its role was open`);
  const preloaded = opened.preload?.(method, params);
  preloaded?.catch(() => undefined); // It is handled when its turn comes.
  return inTurn(async () => opened.run(method, params, await preloaded));
}

const responder = new Responder(handle, (message) => port.postMessage(message));
port.on('message', (message: RequestMessage) => responder.receive(message));
