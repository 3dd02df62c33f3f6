/** Entry point of the compute process: answers requests that arrive over the process channel. */
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Progress, TaskContext } from '../../../src-shared/contract/progress';
import { Responder, type RequestMessage } from '../../../src-shared/contract/request-channel';
import { isCudaUnusable } from '../../backends/tensorrt/runtime';
import { HANDLERS } from './handlers';
import type { ComputeMethod, HostMessage } from './protocol';
import { hasUnresponsiveWorkers } from './worker-pool';

/** Progress is sent at most ten times a second. */
const PROGRESS_INTERVAL_MS = 100;

function send(message: HostMessage): void {
  process.send?.(message);
}

/** Drops reports that follow the previous one too soon. The first and the last report of a phase are always sent. */
function coalesced(onProgress: (progress: Progress) => void): (progress: Progress) => void {
  let lastSentAt = 0;
  let lastPhase = '';
  return (progress) => {
    const now = performance.now();
    const isLast = progress.total > 0 && progress.done >= progress.total;
    if (progress.phase === lastPhase && !isLast && now - lastSentAt < PROGRESS_INTERVAL_MS) return;
    lastSentAt = now;
    lastPhase = progress.phase;
    onProgress(progress);
  };
}

async function handle(method: string, params: unknown, context: TaskContext): Promise<unknown> {
  const handler = Object.hasOwn(HANDLERS, method)
    ? (HANDLERS[method as ComputeMethod] as (params: unknown, context: TaskContext) => Promise<unknown>)
    : undefined;
  if (!handler) throw new WorkbenchError('internal', `The compute process has no method "${method}"`);
  return handler(params, {
    ...context,
    ...(context.onProgress === undefined ? {} : { onProgress: coalesced(context.onProgress) }),
  });
}

const responder = new Responder(handle, (message) =>
  send(
    message.type === 'error'
      ? { ...message, mustRestartProcess: isCudaUnusable() || hasUnresponsiveWorkers() }
      : message,
  ),
);

process.on('message', (message: RequestMessage) => responder.receive(message));
// Ctrl-C and the SIGTERM of a batch system reach all processes of a job. They are ignored here; the app decides and
// cancels over the channel.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
send({ type: 'ready' });
