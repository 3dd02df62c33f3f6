import { fork, type ChildProcess } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { cancelledError, WorkbenchError } from '../../../src-shared/base/errors';
import { fromWireError } from '../../../src-shared/contract/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { findTensorrt } from '../../backends/tensorrt/find-library';
import { switchOffTelemetry } from '../../base/telemetry';
import type { ClientMessage, Compute, ComputeMethod, ComputeMethods, HostMessage } from './protocol';

/** A cancelled request that has not ended by then is ended by killing the process (design: within 2 s in all). */
const CANCEL_GRACE_MS = 1_700;
const STDERR_TAIL_CHARS = 4_000;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly context: TaskContext;
  lastPhase: string;
}

/** A cancelled request whose process had to be killed. */
export class ForcedCancelError extends WorkbenchError {
  constructor() {
    super('cancelled', 'Cancelled; the compute process did not stop in time and was ended');
  }
}

/**
 * The app's handle on the compute process. The process starts with the first request, a crash fails the requests in
 * flight with code `compute-crashed` and their last phase, and the next request starts a fresh process.
 */
export class ComputeClient implements Compute {
  private child: ChildProcess | null = null;
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private stderrTail = '';

  constructor(private readonly hostPath: string) {}

  request<M extends ComputeMethod>(
    method: M,
    params: ComputeMethods[M]['params'],
    context: TaskContext = {},
  ): Promise<ComputeMethods[M]['result']> {
    if (context.signal?.aborted) return Promise.reject(cancelledError());
    const child = this.start();
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const cleanup = this.watchAbort(id, child, context.signal);
      this.pending.set(id, {
        resolve: (value) => {
          cleanup();
          resolve(value as ComputeMethods[M]['result']);
        },
        reject: (error: Error) => {
          cleanup();
          reject(error);
        },
        context,
        lastPhase: method,
      });
      this.send(child, { type: 'request', id, method, params });
    });
  }

  /** Ends the process; requests in flight fail as crashed. */
  dispose(): void {
    this.child?.kill('SIGKILL');
  }

  private send(child: ChildProcess, message: ClientMessage): void {
    // A failed send means that the process is gone; its exit event fails everything that is pending.
    child.send(message, () => undefined);
  }

  /** Ends a process that does not obey. What else it was doing fails at once, so that the next request meets a fresh one. */
  private abandon(child: ChildProcess): void {
    child.kill('SIGKILL');
    this.onExit(child, null, 'SIGKILL');
  }

  private watchAbort(id: number, child: ChildProcess, signal: AbortSignal | undefined): () => void {
    if (!signal) return () => undefined;
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      this.send(child, { type: 'cancel', id });
      timer = setTimeout(() => {
        this.settle(id, (pending) => pending.reject(new ForcedCancelError()));
        this.abandon(child);
      }, CANCEL_GRACE_MS);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    return () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  }

  private settle(id: number, action: (pending: Pending) => void): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    this.pending.delete(id);
    action(pending);
    if (this.pending.size === 0) this.setReferenced(false);
  }

  private start(): ChildProcess {
    if (this.child) {
      this.setReferenced(true);
      return this.child;
    }
    const child = fork(this.hostPath, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: hostEnvironment(),
    });
    this.child = child;
    this.stderrTail = '';
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      this.stderrTail = (this.stderrTail + text).slice(-STDERR_TAIL_CHARS);
    });
    child.on('message', (message) => this.receive(message as HostMessage));
    // A process that could not be started has no exit.
    child.on('error', () => this.onExit(child, null, null));
    child.on('exit', (code, signal) => this.onExit(child, code, signal));
    return child;
  }

  /** An idle compute process must not keep the app's process alive. */
  private setReferenced(referenced: boolean): void {
    const child = this.child;
    if (!child) return;
    const stderr = child.stderr as unknown as { ref?: () => void; unref?: () => void } | null;
    if (referenced) {
      child.ref();
      child.channel?.ref?.();
      stderr?.ref?.();
    } else {
      child.unref();
      child.channel?.unref?.();
      stderr?.unref?.();
    }
  }

  private receive(message: HostMessage): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'progress': {
        const pending = this.pending.get(message.id);
        if (!pending) return;
        pending.lastPhase = message.progress.phase;
        pending.context.onProgress?.(message.progress);
        return;
      }
      case 'result':
        this.settle(message.id, (pending) => pending.resolve(message.result));
        return;
      case 'error':
        this.settle(message.id, (pending) => pending.reject(fromWireError(message.error)));
        // Others of its requests may still end well; the last one to fail ends the process.
        if (message.mustRestartProcess && this.pending.size === 0 && this.child) this.abandon(this.child);
        return;
    }
  }

  private onExit(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.child !== child) return;
    this.child = null;
    const how = signal === null ? `with exit code ${code ?? '?'}` : `by ${signal}`;
    for (const id of [...this.pending.keys()]) {
      this.settle(id, (pending) =>
        pending.reject(
          new WorkbenchError('compute-crashed', `The compute process was ended ${how} while ${pending.lastPhase}`, {
            hint: 'Start the step again: finished images are kept. If it happens again with SIGKILL the machine may be out of memory: use fewer --threads.',
            cause: Object.assign(new Error(this.stderrTail.trim() || 'no output'), {
              stack: this.stderrTail.trim() || 'no output',
            }),
          }),
        ),
      );
    }
  }
}

/**
 * The environment of the compute process and of all that it starts: without ONNX Runtime's telemetry, and with the folder in which
 * TensorRT was found. TensorRT opens its builder resource by bare name, which the loader looks for in LD_LIBRARY_PATH; that is read
 * when a process starts.
 */
function hostEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  switchOffTelemetry(environment);
  const { found } = findTensorrt();
  if (found !== null) {
    const folders = [
      dirname(found.nvinferPath),
      ...(process.env['LD_LIBRARY_PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''),
    ];
    environment['LD_LIBRARY_PATH'] = [...new Set(folders)].join(delimiter);
  }
  return environment;
}
