import { fork, type ChildProcess } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import { throwIfAborted, WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { Requester, type OpenRequest, type RequestMessage } from '../../../src-shared/contract/request-channel';
import { findTensorrt } from '../../backends/tensorrt/find-library';
import { switchOffTelemetry } from '../../base/telemetry';
import type { Compute, ComputeMethod, ComputeMethods, HostMessage } from './protocol';

/**
 * If a cancelled request has not ended after this time, the compute process is killed, unless it is a patient one.
 * Together with the time that the kill takes, every cancellation ends within 2 s.
 */
const CANCEL_GRACE_MS = 1_700;
/**
 * A compute process without requests is ended after this time, so that its memory is given back: open models, memory
 * that native code keeps, and code. Starting another one takes a fraction of a second.
 */
const IDLE_MS = 15_000;
const STDERR_TAIL_CHARS = 4_000;

/** A cancelled request whose process had to be killed. */
export class ForcedCancelError extends WorkbenchError {
  constructor() {
    super('cancelled', 'Cancelled; the compute process did not stop in time and was ended');
  }
}

/** One compute process with its open requests. */
class Host {
  readonly child: ChildProcess;
  readonly requester: Requester;
  private stderrTail = '';

  /** @param onDisobeyed called when a cancelled request has not ended in time. */
  constructor(
    hostPath: string,
    private readonly onDisobeyed: (id: number) => void,
  ) {
    this.child = fork(hostPath, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: hostEnvironment(),
    });
    this.child.stderr?.setEncoding('utf8');
    this.child.stderr?.on('data', (text: string) => {
      this.stderrTail = (this.stderrTail + text).slice(-STDERR_TAIL_CHARS);
    });
    this.requester = new Requester({
      send: (message) => this.send(message),
      cancel: (id, isPatient) => this.cancel(id, isPatient),
    });
  }

  /** An idle compute process must not keep the app's process alive. */
  setReferenced(referenced: boolean): void {
    const stderr = this.child.stderr as unknown as { ref?: () => void; unref?: () => void } | null;
    if (referenced) {
      this.child.ref();
      this.child.channel?.ref?.();
      stderr?.ref?.();
    } else {
      this.child.unref();
      this.child.channel?.unref?.();
      stderr?.unref?.();
    }
  }

  crashError({ phase }: OpenRequest, code: number | null, signal: NodeJS.Signals | null): WorkbenchError {
    const how = signal === null ? `with exit code ${code ?? '?'}` : `by ${signal}`;
    const output = this.stderrTail.trim() || 'no output';
    return new WorkbenchError('compute-crashed', `The compute process was ended ${how} while ${phase}`, {
      hint: advise('start-again'),
      cause: Object.assign(new Error(output), { stack: output }),
    });
  }

  private send(message: RequestMessage): void {
    // A send fails only when the process is gone; its exit event then rejects all open requests.
    this.child.send(message, () => undefined);
  }

  /** Ends a process that has no requests. */
  end(): void {
    if (this.child.connected) this.child.disconnect();
  }

  private cancel(id: number, isPatient: boolean): void {
    this.send({ type: 'cancel', id, ...(isPatient ? { isPatient } : {}) });
    if (isPatient) return;
    setTimeout(() => {
      if (this.requester.isOpen(id)) this.onDisobeyed(id);
    }, CANCEL_GRACE_MS).unref();
  }
}

/**
 * The app's handle on the compute process. The first request starts the process, and it ends when it was idle for a
 * while. A crash fails the open requests with
 * code `compute-crashed` and their latest phase, and the next request starts a fresh process.
 */
export class ComputeClient implements Compute {
  private host: Host | null = null;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly hostPath: string,
    private readonly idleMs = IDLE_MS,
  ) {}

  async request<M extends ComputeMethod>(
    method: M,
    params: ComputeMethods[M]['params'],
    context: TaskContext = {},
  ): Promise<ComputeMethods[M]['result']> {
    throwIfAborted(context.signal);
    this.host ??= this.start();
    const { host } = this;
    clearTimeout(this.idle);
    host.setReferenced(true);
    try {
      return (await host.requester.request(method, params, context)) as ComputeMethods[M]['result'];
    } finally {
      if (host.requester.openCount === 0) {
        host.setReferenced(false);
        if (this.host === host) this.endWhenIdle(host);
      }
    }
  }

  private endWhenIdle(host: Host): void {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => {
      if (this.host !== host || host.requester.openCount > 0) return;
      this.host = null;
      host.end();
    }, this.idleMs).unref();
  }

  /** Ends the process; open requests fail with `compute-crashed`. */
  dispose(): void {
    clearTimeout(this.idle);
    this.host?.child.kill('SIGKILL');
  }

  private start(): Host {
    const host = new Host(this.hostPath, (id) => {
      host.requester.reject(id, new ForcedCancelError());
      this.replace(host);
    });
    host.child.on('message', (message) => this.receive(host, message as HostMessage));
    // A process that could not be started emits `error` and no `exit`.
    host.child.on('error', () => this.onExit(host, null, null));
    host.child.on('exit', (code, signal) => this.onExit(host, code, signal));
    return host;
  }

  private receive(host: Host, message: HostMessage): void {
    if (message.type === 'ready') return;
    host.requester.receive(message);
    // Other open requests may still succeed; the process is replaced when the last one has ended.
    if (message.type === 'error' && message.mustRestartProcess && host.requester.openCount === 0) this.replace(host);
  }

  /** Kills a process and fails its open requests at once, so that the next request starts a fresh process. */
  private replace(host: Host): void {
    host.child.kill('SIGKILL');
    this.onExit(host, null, 'SIGKILL');
  }

  private onExit(host: Host, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.host === host) this.host = null;
    host.requester.rejectAll((request) => host.crashError(request, code, signal));
  }
}

/**
 * The environment of the compute process and of the processes that it starts: without ONNX Runtime's telemetry, and
 * with TensorRT's folder in LD_LIBRARY_PATH. TensorRT opens its builder resource by bare name, which the loader looks
 * up in LD_LIBRARY_PATH; the loader reads that variable only when a process starts.
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
