import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeError } from './file-errors';

/**
 * Writes a file so that a reader sees either the old content or all of the new one, also after a crash: a temporary
 * file in the same folder, flushed to disk, then renamed over the target. The folder must exist. Throws WorkbenchError
 * `disk-full` or `unwritable`; the old file is then unchanged and nothing is left behind.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first error is the one to report
    throw writeError(error, path);
  }
  await syncFolder(dirname(path));
}

/** Makes the rename itself durable; some systems (Windows) cannot flush a folder, which costs only that durability. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    return;
  }
}
