import type { Advice } from '../../src-shared/base/advice';
import { WorkbenchError } from '../../src-shared/base/errors';
import { ownValue } from '../../src-shared/base/records';

const UNWRITABLE: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'a folder has that name',
  ENOTEMPTY: 'a folder has that name',
  EEXIST: 'something of that name exists',
  EFBIG: 'the file system does not allow files this large',
};

/** The `code` of a Node file-system error (`ENOENT`), or null. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The message of what caused an error, if it names a cause: `fetch` itself says only that it failed. */
export function messageOfCause(error: unknown): string {
  return messageOf(error instanceof Error ? (error.cause ?? error) : error);
}

/**
 * The error to report for a failed write: `disk-full` or `unwritable` for an error of the file system; any other error
 * is returned unchanged.
 */
export function writeError(error: unknown, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new WorkbenchError('disk-full', `The disk is full: ${path} was not written`, {
      hint: 'Free some space and start the step again; what was there before is unchanged.',
      cause: error,
    });
  }
  if (errno === null) return error;
  return new WorkbenchError('unwritable', `Cannot write ${path}: ${ownValue(UNWRITABLE, errno) ?? errno}`, {
    hint: 'Choose another folder, or give this user write permission to it.',
    cause: error,
  });
}

/**
 * The error to report if a file or folder that the user named cannot be read. Errors of other kinds are returned
 * unchanged. `what` is its role, for example `Calibration set`; `hint` is the solution if it does not exist.
 */
export function readError(error: unknown, path: string, what: string, hint?: string | Advice): unknown {
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return new WorkbenchError('not-found', `${what} ${path} does not exist`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new WorkbenchError('not-found', `${what} ${path} cannot be read (${errno})`, {
      hint: 'Give this user permission to read it.',
      cause: error,
    });
  }
  return error;
}
