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

/**
 * What a failed write means for a person: `disk-full`, `unwritable`, or the error as it came when it is not the
 * system's.
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
 * What a failed read of a file or folder that a person named means; `what` names it: `Calibration set`, `hint` the fix
 * when it is not there.
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
