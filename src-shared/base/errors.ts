import { commandLineAdvice, type Advice } from './advice';

/**
 * Every error a user can meet. The message says what was expected, what was found, and where; the hint says what to do.
 */
export const ERROR_CODES = [
  'usage', // a flag or an argument is wrong
  'not-found', // a file or folder that was named does not exist
  'unwritable', // a file or folder cannot be written
  'disk-full',
  'model-invalid', // not ONNX, truncated, inconsistent
  'model-unsupported', // valid ONNX that we cannot process: op, dtype, opset, rank (named)
  'images-empty', // no usable image
  'image-invalid', // one image cannot be read (named)
  'labels-invalid',
  'preprocessing-invalid', // does not fit the model's input
  'activations-nan', // NaN or inf in activations (image and tensor named)
  'project-invalid',
  'project-newer', // written by a newer version
  'project-locked', // another process holds it
  'edit-conflict', // what is edited was changed after the author of the edit read it
  'calibration-missing', // the step needs `calibrate` first
  'calibration-mismatch', // shards or files of another model, set or version
  'cache-invalid', // calibration cache text cannot be parsed
  'backend-unavailable', // a backend, library or addon is missing (says what to install)
  'compute-crashed', // the compute process ended during a job
  'cancelled',
  'internal', // a bug of ours
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
  /** What to do: a sentence for every interface, or advice that each interface words itself. */
  readonly hint?: string | Advice;
  readonly cause?: unknown;
}

/** The one error class that crosses module borders. */
export class WorkbenchError extends Error {
  readonly code: ErrorCode;
  /** What to do; advice in the words of the command line. */
  readonly hint: string | undefined;
  readonly advice: Advice | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'WorkbenchError';
    this.code = code;
    this.advice = typeof details.hint === 'object' ? details.hint : undefined;
    this.hint = typeof details.hint === 'object' ? commandLineAdvice(details.hint) : details.hint;
  }
}

/** The error that ends a job whose AbortSignal fired. */
export function cancelledError(): WorkbenchError {
  return new WorkbenchError('cancelled', 'Cancelled');
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelledError();
}
