import { commandLineAdvice, type Advice } from './advice';

/**
 * Codes of all errors that a user can see. The message of an error says what was expected, what was found, and where;
 * the hint says what to do.
 */
export const ERROR_CODES = [
  'usage', // a flag or an argument is wrong
  'not-found', // a file or folder that was named does not exist
  'unwritable', // a file or folder cannot be written
  'disk-full',
  'memory-limit', // the work takes more memory than the user allows
  'model-invalid', // the file is not ONNX, truncated or inconsistent
  'model-unsupported', // valid ONNX that we cannot process; the message names the op, dtype, opset or rank
  'images-empty', // the set has no usable image
  'image-invalid', // one image cannot be read; the message names it
  'labels-invalid',
  'metric-failed', // a user's own metric threw, hung or returned no usable value; the message names the image
  'metric-not-allowed', // a user's own metric runs code that nobody allowed on this machine
  'preprocessing-invalid', // does not fit the model's input
  'activations-nan', // NaN or infinity in activations; the message names image and tensor
  'project-invalid',
  'project-newer', // the file was written by a newer version
  'project-locked', // another process has locked the project
  'edit-conflict', // the edited data was changed after the author of the edit had read it
  'calibration-missing', // the step needs `calibrate` first
  'calibration-mismatch', // shards or files belong to another model, set or version
  'package-invalid', // a package is incomplete or damaged
  'cache-invalid', // the text of a calibration cache cannot be parsed
  'toolchain-differs', // the project is locked to other hardware or software
  'backend-unavailable', // a backend, library or addon is missing; the hint says what to install
  'compute-crashed', // the compute process ended during a job
  'cancelled',
  'stopped', // a shard was asked to end early; what it has computed is stored, and it can be continued
  'internal', // a bug of ours
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
  /** What to do: a sentence for all interfaces, or advice that each interface words itself. */
  readonly hint?: string | Advice;
  readonly cause?: unknown;
}

/** The only error class that is thrown across module boundaries. */
export class WorkbenchError extends Error {
  readonly code: ErrorCode;
  /** What to do; an advice is given in the words of the command line. */
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

/** The error with which a job ends after its AbortSignal fired. */
export function cancelledError(): WorkbenchError {
  return new WorkbenchError('cancelled', 'Cancelled');
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelledError();
}
