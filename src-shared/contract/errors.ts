import { cancelledError, WorkbenchError, type ErrorCode } from '../base/errors';

/** A WorkbenchError as plain data, for the wire and for records. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  /** Technical detail (a stack) for a bug report; not shown by default. */
  readonly detail?: string;
}

export function toWireError(error: unknown): WireError {
  if (error instanceof WorkbenchError) {
    const detail = error.cause instanceof Error ? error.cause.stack : undefined;
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(detail === undefined ? {} : { detail }),
    };
  }
  // What Node's own functions throw when their signal is aborted.
  if (error instanceof Error && error.name === 'AbortError') return toWireError(cancelledError());
  if (error instanceof Error) {
    return { code: 'internal', message: error.message, ...(error.stack ? { detail: error.stack } : {}) };
  }
  return { code: 'internal', message: String(error) };
}

export function fromWireError(wire: WireError): WorkbenchError {
  return new WorkbenchError(wire.code, wire.message, {
    ...(wire.hint === undefined ? {} : { hint: wire.hint }),
    ...(wire.detail === undefined ? {} : { cause: Object.assign(new Error(wire.message), { stack: wire.detail }) }),
  });
}
