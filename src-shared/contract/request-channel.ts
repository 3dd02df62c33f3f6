import { cancelledError } from '../base/errors';
import { fromWireError, toWireError, type WireError } from './errors';
import { abortPatiently, isPatient, type Progress, type TaskContext } from './progress';

/** Messages of the requesting side of a channel. */
export type RequestMessage =
  | {
      readonly type: 'request';
      readonly id: number;
      readonly method: string;
      readonly params: unknown;
      readonly memoryLimitBytes?: number;
    }
  | {
      readonly type: 'cancel';
      readonly id: number;
      /** See isPatient. */
      readonly isPatient?: true;
    };

/** Messages of the responding side. A request ends with exactly one `result` or `error`. */
export type ResponseMessage =
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: WireError };

/** How a Requester reaches the responding side. */
export interface RequestChannel {
  send(message: Extract<RequestMessage, { type: 'request' }>): void;
  /** Asks the responding side to end a request early. If it is omitted, a cancelled request is rejected immediately. */
  cancel?(id: number, isPatient: boolean): void;
}

/** A request that has not been answered yet. */
export interface OpenRequest {
  readonly method: string;
  /** Phase of the latest progress report; the method's name before the first report. */
  readonly phase: string;
}

interface Pending extends OpenRequest {
  phase: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: TaskContext['onProgress'];
  /** The error of a progress listener that threw; the request is rejected with it. */
  failure?: { readonly error: unknown };
}

/**
 * The requesting side of a channel between two processes, threads or windows: numbers requests and settles each promise
 * with the answer of the same number. The owner passes incoming messages to `receive`, and calls `rejectAll` when the
 * other side has ended.
 */
export class Requester {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;

  constructor(private readonly channel: RequestChannel) {}

  /** Number of requests that have not been answered. */
  get openCount(): number {
    return this.pending.size;
  }

  isOpen(id: number): boolean {
    return this.pending.has(id);
  }

  /**
   * Sends one request. If a progress listener throws, the request is cancelled and rejected with that error.
   * @throws WorkbenchError the error of the responding side, or `cancelled` if the signal is already aborted.
   */
  request(
    method: string,
    params: unknown,
    { signal, onProgress, memoryLimitBytes }: TaskContext = {},
  ): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(cancelledError());
    const id = this.nextId++;
    const onAbort = (): void => this.cancel(id, cancelledError(), isPatient(signal));
    return new Promise<unknown>((resolve, reject) => {
      this.pending.set(id, { method, phase: method, resolve, reject, onProgress });
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        this.channel.send({
          type: 'request',
          id,
          method,
          params,
          ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
        });
      } catch (error) {
        this.reject(id, error);
      }
    }).finally(() => signal?.removeEventListener('abort', onAbort));
  }

  /** Handles one message of the responding side; messages about settled requests are ignored. */
  receive(message: ResponseMessage): void {
    switch (message.type) {
      case 'progress':
        this.report(message.id, message.progress);
        return;
      case 'result':
        this.settle(message.id, ({ failure, resolve, reject }) =>
          failure === undefined ? resolve(message.result) : reject(failure.error),
        );
        return;
      case 'error':
        this.reject(message.id, fromWireError(message.error));
        return;
    }
  }

  reject(id: number, error: unknown): void {
    this.settle(id, ({ failure, reject }) => reject(failure === undefined ? error : failure.error));
  }

  /** Rejects every open request, because the responding side will not answer any more. */
  rejectAll(errorOf: (request: OpenRequest) => unknown): void {
    for (const [id, request] of [...this.pending]) this.reject(id, errorOf(request));
  }

  private report(id: number, progress: Progress): void {
    const pending = this.pending.get(id);
    if (!pending || pending.failure !== undefined) return;
    pending.phase = progress.phase;
    try {
      pending.onProgress?.(progress);
    } catch (error) {
      pending.failure = { error };
      this.cancel(id, error);
    }
  }

  private cancel(id: number, error: unknown, patient = false): void {
    if (this.channel.cancel === undefined) this.reject(id, error);
    else this.channel.cancel(id, patient);
  }

  private settle(id: number, action: (pending: Pending) => void): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    this.pending.delete(id);
    action(pending);
  }
}

/** Performs one request. An error that it throws becomes the answer to the request. */
export type RequestHandler = (method: string, params: unknown, context: TaskContext) => Promise<unknown>;

/** The responding side of a channel: runs requests concurrently, each with its own cancellation and progress. */
export class Responder {
  private readonly running = new Map<number, AbortController>();

  constructor(
    private readonly handle: RequestHandler,
    private readonly send: (message: ResponseMessage) => void,
  ) {}

  receive(message: RequestMessage): void {
    if (message.type === 'request') void this.answer(message);
    else this.cancel(message);
  }

  private cancel(message: Extract<RequestMessage, { type: 'cancel' }>): void {
    const controller = this.running.get(message.id);
    if (controller === undefined) return;
    if (message.isPatient) abortPatiently(controller);
    else controller.abort();
  }

  private async answer(request: Extract<RequestMessage, { type: 'request' }>): Promise<void> {
    const { id, method, params, memoryLimitBytes } = request;
    const controller = new AbortController();
    this.running.set(id, controller);
    const onProgress = (progress: Progress): void => this.send({ type: 'progress', id, progress });
    try {
      const result = await this.handle(method, params, {
        signal: controller.signal,
        onProgress,
        ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
      });
      this.send({ type: 'result', id, result });
    } catch (error) {
      this.send({ type: 'error', id, error: toWireError(error) });
    } finally {
      this.running.delete(id);
    }
  }
}
