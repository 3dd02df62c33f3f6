/** Entry point of the compute process: answers requests that arrive over the process channel. */
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Progress, TaskContext } from '../../../src-shared/contract/progress';
import { Responder, type RequestMessage } from '../../../src-shared/contract/request-channel';
import { isCudaUnusable } from '../../backends/tensorrt/runtime';
import { HANDLERS } from './handlers';
import type { ComputeMethod, HostMessage } from './protocol';
import { hasUnresponsiveWorkers } from './pool-worker';

/** Progress is sent at most ten times a second. */
const PROGRESS_INTERVAL_MS = 100;

function send(message: HostMessage): void {
  process.send?.(message);
}

/**
 * Holds reports back that follow the previous one too soon. The first and the last report of a phase are always sent,
 * and what was held back last when the request ends: it can say what was found last.
 */
class CoalescedProgress {
  private lastSentAt = 0;
  private lastPhase = '';
  private held: Progress | null = null;

  constructor(private readonly onProgress: (progress: Progress) => void) {}

  readonly report = (progress: Progress): void => {
    const isLast = progress.total > 0 && progress.done >= progress.total;
    const isSoon = performance.now() - this.lastSentAt < PROGRESS_INTERVAL_MS;
    this.held = progress;
    if (progress.phase !== this.lastPhase || isLast || !isSoon) this.end();
  };

  /** Sends what was held back. */
  end(): void {
    if (this.held === null) return;
    this.lastSentAt = performance.now();
    this.lastPhase = this.held.phase;
    this.onProgress(this.held);
    this.held = null;
  }
}

async function handle(method: string, params: unknown, context: TaskContext): Promise<unknown> {
  const handler = Object.hasOwn(HANDLERS, method)
    ? (HANDLERS[method as ComputeMethod] as (params: unknown, context: TaskContext) => Promise<unknown>)
    : undefined;
  if (!handler) throw new WorkbenchError('internal', `The compute process has no method "${method}"`);
  if (context.onProgress === undefined) return handler(params, context);
  const progress = new CoalescedProgress(context.onProgress);
  try {
    return await handler(params, { ...context, onProgress: progress.report });
  } finally {
    progress.end();
  }
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
