import { WorkbenchError } from '../../src-shared/contract/errors';

const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'EEXIST']);

/** The `code` of a Node file-system error (`ENOENT`), or null. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a failed write means for a person: `disk-full`, `unwritable`, or the error as it came when it is neither. */
export function writeError(error: unknown, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new WorkbenchError('disk-full', `The disk is full: ${path} was not written`, {
      hint: 'Free some space and start the step again; what was there before is unchanged.',
      cause: error,
    });
  }
  if (errno === 'ENOENT') {
    return new WorkbenchError('unwritable', `Cannot write ${path}: its folder does not exist`, { cause: error });
  }
  if (errno !== null && UNWRITABLE.has(errno)) {
    return new WorkbenchError('unwritable', `Cannot write ${path} (${errno})`, {
      hint: 'Choose another folder, or give this user write permission to it.',
      cause: error,
    });
  }
  return error;
}

/** What a failed read of a file or folder that a person named means; `what` names it: `Calibration set`. */
export function readError(error: unknown, path: string, what: string): unknown {
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return new WorkbenchError('not-found', `${what} ${path} does not exist`, { cause: error });
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new WorkbenchError('not-found', `${what} ${path} cannot be read (${errno})`, { hint: 'Give this user permission to read it.', cause: error });
  }
  return error;
}
