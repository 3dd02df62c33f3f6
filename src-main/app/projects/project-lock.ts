import { randomBytes } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { number, object, oneOf, optional, string, type InferOutput } from '../../../src-shared/base/schema';
import { errnoOf, writeError } from '../../base/file-errors';
import { parseStoredJson } from '../../base/json-file';
import { hasEnded, ownIdentity, processIdentitySchema } from '../../base/running-process';
import { temporaryName } from '../../base/temporary-files';
import { artifactPaths } from './artifact-paths';

/** A lock that this process holds on a project. */
export interface ProjectLock {
  /** Releases the lock. Calling it twice is allowed. */
  release(): Promise<void>;
}

/** An edit takes moments, so that others wait for it; a job may take hours, so that others are refused. */
export type LockPurpose = 'edit' | 'job';

export interface LockOptions {
  /** Lock file to use in place of the project's, for work that may run while another process holds the project. */
  readonly lockFile?: string;
  readonly purpose?: LockPurpose;
  /** How long to wait for an edit of another process, milliseconds. */
  readonly waitMs?: number;
  /** Called once when the wait begins. */
  readonly onWait?: (message: string) => void;
}

const lockSchema = object({
  ...processIdentitySchema.entries,
  /** Absent in the lock of an older version, which is taken for a job's. */
  purpose: optional(oneOf('edit', 'job')),
  /** When the lock was taken, milliseconds since 1970. For messages only, because clocks can be set. */
  startedAtMs: number,
  /** Random text that distinguishes this lock from any other one. */
  token: string,
});
type LockRecord = InferOutput<typeof lockSchema>;

export const EDIT_WAIT_MS = 20_000;
const RETRY_MS = 25;
/** Minimum number of attempts if other processes take and release the lock at every attempt. */
const MIN_ATTEMPTS = 20;

/**
 * Takes the project for this process by creating a lock file that names the process. The lock of a process that has
 * certainly ended is taken over; clocks play no part in this decision. An edit of another process is waited for, at
 * most `waitMs`.
 * @throws WorkbenchError project-locked if another process, or this one, holds the project; not-found
 */
export async function acquireProjectLock(projectDir: string, options: LockOptions = {}): Promise<ProjectLock> {
  const {
    lockFile = artifactPaths(resolve(projectDir)).lockFile,
    purpose = 'job',
    waitMs = EDIT_WAIT_MS,
    onWait,
  } = options;
  const record: LockRecord = {
    ...ownIdentity(),
    purpose,
    startedAtMs: Date.now(),
    token: randomBytes(8).toString('hex'),
  };
  const startedAt = performance.now();
  let isWaiting = false;
  for (let attempt = 0; ; attempt += 1) {
    if (await tryCreate(lockFile, record, projectDir)) return { release: () => release(lockFile, record.token) };
    const held = await readLock(lockFile);
    const waitedMs = performance.now() - startedAt;
    if (held === 'gone') {
      if (attempt >= MIN_ATTEMPTS && waitedMs > waitMs)
        throw lockedError(projectDir, lockFile, { held: 'unreadable', waitedMs });
      continue;
    }
    if (held !== 'unreadable' && hasEnded(held)) {
      await removeStale(lockFile, held);
      continue;
    }
    const isEdit = held !== 'unreadable' && held.purpose === 'edit';
    if (!isEdit || waitedMs >= waitMs)
      throw lockedError(projectDir, lockFile, { held, waitedMs: isEdit ? waitedMs : 0 });
    if (!isWaiting)
      onWait?.(`Waiting for process ${held.pid}, which edits ${projectDir}, for at most ${waitMs / 1000} s`);
    isWaiting = true;
    await setTimeout(RETRY_MS);
  }
}

async function tryCreate(lockFile: string, record: LockRecord, projectDir: string): Promise<boolean> {
  try {
    return await createExclusively(lockFile, JSON.stringify(record));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      throw new WorkbenchError('not-found', `Project ${projectDir} does not exist`, {
        hint: advise('make-project'),
        cause: error,
      });
    }
    throw writeError(error, lockFile);
  }
}

/**
 * Creates a file that is complete as soon as it exists: a process that is killed while it writes leaves no empty file.
 * Returns false if the file exists already. On file systems without hard links the file is created first and written
 * then.
 */
async function createExclusively(path: string, content: string): Promise<boolean> {
  const temporary = join(dirname(path), temporaryName(basename(path)));
  try {
    await writeNew(temporary, content);
    await link(temporary, path);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return false;
    if (errno !== 'EPERM' && errno !== 'ENOTSUP' && errno !== 'ENOSYS' && errno !== 'EMLINK') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  try {
    await writeNew(path, content);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    await rm(path, { force: true }); // nobody could tell that an empty lock file is out of use
    throw error;
  }
}

async function writeNew(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

async function readLock(lockFile: string): Promise<LockRecord | 'gone' | 'unreadable'> {
  try {
    return parseStoredJson(await readFile(lockFile, 'utf8'), lockSchema) ?? 'unreadable';
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? 'gone' : 'unreadable';
  }
}

/**
 * Deletes the lock of a process that has ended. Only the process that created the takeover file may delete it, and only
 * if the lock is still the one that was found: another process may have taken the project in the meantime.
 */
async function removeStale(lockFile: string, stale: LockRecord): Promise<void> {
  const takeoverFile = `${lockFile}.takeover`;
  const record: LockRecord = {
    ...ownIdentity(),
    purpose: 'edit',
    startedAtMs: Date.now(),
    token: randomBytes(8).toString('hex'),
  };
  if (!(await createExclusively(takeoverFile, JSON.stringify(record)))) {
    const other = await readLock(takeoverFile);
    // That process was killed during a takeover.
    if (typeof other === 'object' && hasEnded(other)) await rm(takeoverFile, { force: true });
    else await setTimeout(RETRY_MS);
    return;
  }
  try {
    const held = await readLock(lockFile);
    if (typeof held === 'object' && held.token === stale.token) await rm(lockFile, { force: true });
  } finally {
    await rm(takeoverFile, { force: true });
  }
}

async function release(lockFile: string, token: string): Promise<void> {
  const held = await readLock(lockFile);
  if (typeof held === 'object' && held.token === token) await rm(lockFile, { force: true });
}

function lockedError(
  projectDir: string,
  lockFile: string,
  { held, waitedMs }: { readonly held: LockRecord | 'unreadable'; readonly waitedMs: number },
): WorkbenchError {
  if (held === 'unreadable') {
    return new WorkbenchError(
      'project-locked',
      `Project ${projectDir} is held by another process; its lock ${lockFile} cannot be read`,
      {
        hint: `If no other process works on the project, delete ${lockFile}.`,
      },
    );
  }
  const since = new Date(held.startedAtMs).toISOString();
  const waited = waitedMs > 0 ? `, also after a wait of ${Math.round(waitedMs / 1000)} s` : '';
  return new WorkbenchError(
    'project-locked',
    `Project ${projectDir} is held by process ${held.pid} on ${held.host} since ${since}${waited}`,
    {
      hint: `Wait until it ends or close it; if that process no longer exists, delete ${lockFile}.`,
    },
  );
}
