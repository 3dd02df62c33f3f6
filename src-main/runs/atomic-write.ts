import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { WorkbenchError } from '../../src-shared/contract/errors';

/** The system's error code (`ENOSPC`), or null for another kind of error. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** A failed write as the error a person sees: what could not be written, where and why. */
export function writeError(path: string, error: unknown): WorkbenchError {
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new WorkbenchError('disk-full', `No space left to write ${path}`, { cause: error, hint: 'Free some space and run again.' });
  }
  return new WorkbenchError('unwritable', `Cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

/**
 * Writes a whole file or nothing: to a temporary file beside it, flushed, then renamed. The folder must exist. Throws
 * `disk-full` or `unwritable`.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(text, 'utf8');
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeError(path, error);
  }
}
