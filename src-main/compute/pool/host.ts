/** Entry point of the compute process: runs requests that come over the process channel, with progress and cancel. */
import { WorkbenchError } from '../../../src-shared/base/errors';
import { toWireError } from '../../../src-shared/contract/errors';
import type { Progress, TaskContext } from '../../../src-shared/contract/progress';
import type { ClientMessage, ComputeMethod, HostMessage } from './protocol';
import { isCudaUnusable } from '../../backends/tensorrt/runtime';
import { HANDLERS } from './handlers';

/** Progress is coalesced to ten reports a second. */
const PROGRESS_INTERVAL_MS = 100;

const running = new Map<number, AbortController>();

function send(message: HostMessage): void {
  process.send?.(message);
}

function coalescedProgress(id: number): (progress: Progress) => void {
  let lastSentAt = 0;
  let lastPhase = '';
  return (progress) => {
    const now = performance.now();
    const isLast = progress.total > 0 && progress.done >= progress.total;
    if (progress.phase === lastPhase && !isLast && now - lastSentAt < PROGRESS_INTERVAL_MS) return;
    lastSentAt = now;
    lastPhase = progress.phase;
    send({ type: 'progress', id, progress });
  };
}

async function handle(id: number, method: ComputeMethod, params: unknown): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const handler = HANDLERS[method] as ((params: unknown, context: TaskContext) => Promise<unknown>) | undefined;
    if (!handler) throw new WorkbenchError('internal', `The compute process knows no method "${method}"`);
    const result = await handler(params, { signal: controller.signal, onProgress: coalescedProgress(id) });
    send({ type: 'result', id, result });
  } catch (error) {
    send({ type: 'error', id, error: toWireError(error), mustRestartProcess: isCudaUnusable() });
  } finally {
    running.delete(id);
  }
}

process.on('message', (message: ClientMessage) => {
  if (message.type === 'request') void handle(message.id, message.method, message.params);
  else running.get(message.id)?.abort();
});
// Ctrl-C reaches the whole process group: the app decides what it means, and cancels over the channel.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
send({ type: 'ready' });
