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

/** A project held by this process. */
export interface ProjectLock {
  /** Gives the project back; harmless when called twice. */
  release(): Promise<void>;
}

/** An edit lasts moments and is waited for; a job may last hours. */
export type LockPurpose = 'edit' | 'job';

export interface LockOptions {
  /** Another file of the project, for work that may go on beside what holds the project. */
  readonly lockFile?: string;
  readonly purpose?: LockPurpose;
  /** How long edits of other processes are waited for, milliseconds. */
  readonly waitMs?: number;
  /** Told once, when the wait begins. */
  readonly onWait?: (message: string) => void;
}

const lockSchema = object({
  ...processIdentitySchema.entries,
  /** Absent in the lock of an older version, which is taken for a job's. */
  purpose: optional(oneOf('edit', 'job')),
  /** When the lock was taken, milliseconds since 1970; for people only, because clocks jump. */
  startedAtMs: number,
  /** Tells this lock from any other one. */
  token: string,
});
type LockRecord = InferOutput<typeof lockSchema>;

export const EDIT_WAIT_MS = 20_000;
const RETRY_MS = 25;
/** A lock that changes hands, or is taken over, at every attempt. */
const MIN_ATTEMPTS = 20;

/**
 * Takes the project for this process: a lock file, created exclusively, that says which process holds it. A lock whose process has
 * certainly ended is taken over; no clock decides that. Waits for an edit of another process, at most `waitMs`. Throws
 * `project-locked` when another process, or this one, holds the project; `not-found` when the project does not exist.
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
 * Creates a file that is complete as soon as it exists: a process that is killed while it writes leaves no empty file. False when
 * the file exists. File systems without hard links get it in two steps.
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
    await rm(path, { force: true }); // an empty lock would hold the project for ever
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
 * Deletes the lock of a process that has ended. Only the process that made the takeover file may, and only while the lock is still
 * the one that was found, so that a lock that another process took anew in the meantime is never deleted.
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
    // It was killed in those milliseconds.
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
