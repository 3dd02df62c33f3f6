import type { Advice } from '../base/advice';
import { cancelledError, WorkbenchError, type ErrorCode } from '../base/errors';

/** A WorkbenchError as plain data, for the wire and for records. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do, in the words of the command line. */
  readonly hint?: string;
  /** The same as data, if the graphical interface has its own words for it. */
  readonly advice?: Advice;
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
      ...(error.advice === undefined ? {} : { advice: error.advice }),
      ...(detail === undefined ? {} : { detail }),
    };
  }
  // Node's own functions throw such an error when their signal is aborted.
  if (error instanceof Error && error.name === 'AbortError') return toWireError(cancelledError());
  if (error instanceof Error) {
    return { code: 'internal', message: error.message, ...(error.stack ? { detail: error.stack } : {}) };
  }
  return { code: 'internal', message: String(error) };
}

export function fromWireError(wire: WireError): WorkbenchError {
  const hint = wire.advice ?? wire.hint;
  return new WorkbenchError(wire.code, wire.message, {
    ...(hint === undefined ? {} : { hint }),
    ...(wire.detail === undefined ? {} : { cause: Object.assign(new Error(wire.message), { stack: wire.detail }) }),
  });
}
