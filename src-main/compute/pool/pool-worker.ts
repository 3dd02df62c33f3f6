import { Worker } from 'node:worker_threads';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { Requester, type ResponseMessage } from '../../../src-shared/contract/request-channel';
import { entryPath } from './entry-path';
import type { LoadRoleParams, OpenParams } from './worker-role';

/** Workers that a pool has given up and that have not ended yet. */
const unresponsive = new Set<Worker>();

/**
 * True while a worker is stuck in native code after its pool was closed. A thread cannot be terminated inside ONNX
 * Runtime without aborting the whole process, so the process has to be replaced.
 */
export function hasUnresponsiveWorkers(): boolean {
  return unresponsive.size > 0;
}

/** One worker thread. */
export class PoolWorker {
  /** Whether the role is made, so that requests can be sent. */
  isOpen = false;
  /** Requests that the pool has assigned to this worker and that have not ended. */
  load = 0;
  private readonly thread: Worker;
  private readonly requester: Requester;
  private readonly ended: Promise<void>;
  private hasEnded = false;
  private isClosing = false;
  private failure: { readonly error: unknown } | null = null;
  /** Called if the thread ends without a request to end. */
  onCrash: (error: unknown) => void = () => undefined;

  constructor() {
    const thread = new Worker(entryPath('compute-worker'));
    this.thread = thread;
    this.requester = new Requester({ send: (message) => thread.postMessage(message) });
    thread.on('message', (message: ResponseMessage) => this.requester.receive(message));
    const crash = (reason: string, cause?: unknown): void => {
      const error = new WorkbenchError('internal', `A compute worker failed: ${reason}`, { cause });
      this.rejectAll(error);
      this.onCrash(error);
    };
    thread.on('error', (error) => crash(error.message, error));
    this.ended = new Promise((resolve) => {
      thread.once('exit', (code) => {
        this.hasEnded = true;
        resolve();
        if (!this.isClosing) crash(`it ended with exit code ${code}`);
      });
    });
  }

  /** Loads the code of a role, and decodes images until the next request, so that `open` and they take less time. */
  async loadRole(params: LoadRoleParams): Promise<void> {
    await this.request('loadRole', params);
  }

  async open(params: OpenParams): Promise<void> {
    await this.requester.request('open', params);
    this.isOpen = true;
  }

  async request(method: string, params: unknown): Promise<unknown> {
    if (this.failure !== null) throw this.failure.error;
    return this.requester.request(method, params);
  }

  /** Whether the thread has ended or failed before it was used. */
  get hasFailed(): boolean {
    return this.hasEnded || this.failure !== null;
  }

  /** Rejects all open and later requests. */
  rejectAll(error: unknown): void {
    this.failure ??= { error };
    this.requester.rejectAll(() => error);
  }

  /** Ends the thread after its current requests. */
  async close(): Promise<void> {
    this.isClosing = true;
    // This request has no answer, because the thread ends.
    if (!this.hasEnded) this.requester.request('close', null).catch(() => undefined);
    await this.ended;
  }

  /** Stops waiting for a thread that has not ended; it continues by itself. */
  leave(): void {
    if (this.hasEnded) return;
    unresponsive.add(this.thread);
    this.thread.unref();
    void this.ended.then(() => unresponsive.delete(this.thread));
  }
}
