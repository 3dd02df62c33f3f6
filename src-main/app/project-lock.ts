import { randomBytes } from 'node:crypto';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { hostname, uptime } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { WorkbenchError } from '../../src-shared/base/errors';
import { errnoOf, writeError } from '../base/file-errors';
import { isRunning } from '../base/running-process';
import { artifactPaths } from './artifact-paths';

/** A project held by this process. */
export interface ProjectLock {
  /** Gives the project back; harmless when called twice. */
  release(): Promise<void>;
}

interface LockRecord {
  readonly pid: number;
  readonly host: string;
  /** When the lock was taken, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Tells this lock from any other one. */
  readonly token: string;
}

/** Clocks and the kernel's uptime do not agree to the second. */
const BOOT_SLACK_MS = 60_000;
const ATTEMPTS = 20;
const RETRY_MS = 10;
const TAKEOVER_MS = 5_000;

/**
 * Takes the project for this process: a lock file, created exclusively, with pid, host and time. A lock whose process
 * is gone (same host: no such process, or taken before the machine started) is taken over. Throws `project-locked`
 * when another process, or this one, holds it; `not-found` when the project does not exist.
 * @param lockFile another file of the project, for work that may go on beside what holds the project.
 */
export async function acquireProjectLock(projectDir: string, lockFile = artifactPaths(resolve(projectDir)).lockFile): Promise<ProjectLock> {
  const record: LockRecord = { pid: process.pid, host: hostname(), startedAtMs: Date.now(), token: randomBytes(8).toString('hex') };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (await tryCreate(lockFile, record, projectDir)) return { release: () => release(lockFile, record.token) };
    const held = await readLock(lockFile);
    if (held === 'gone') continue;
    if (held === 'unreadable' || !isStale(held)) throw lockedError(projectDir, lockFile, held);
    await removeStale(lockFile, held);
  }
  throw lockedError(projectDir, lockFile, 'unreadable');
}

async function tryCreate(lockFile: string, record: LockRecord, projectDir: string): Promise<boolean> {
  try {
    const file = await open(lockFile, 'wx');
    try {
      await file.writeFile(JSON.stringify(record));
    } catch (error) {
      await rm(lockFile, { force: true }); // an empty lock would hold the project for ever
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return false;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      throw new WorkbenchError('not-found', `Project ${projectDir} does not exist`, { hint: 'Make one with `calib init MODEL --calibration DIR`.', cause: error });
    }
    throw writeError(error, lockFile);
  }
}

async function readLock(lockFile: string): Promise<LockRecord | 'gone' | 'unreadable'> {
  try {
    const value: unknown = JSON.parse(await readFile(lockFile, 'utf8'));
    return isLockRecord(value) ? value : 'unreadable';
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? 'gone' : 'unreadable';
  }
}

function isLockRecord(value: unknown): value is LockRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as { readonly [K in keyof LockRecord]?: unknown };
  return (
    Number.isInteger(record.pid) && typeof record.host === 'string' && typeof record.startedAtMs === 'number' && typeof record.token === 'string'
  );
}

function isStale(held: LockRecord): boolean {
  if (held.host !== hostname()) return false;
  const bootedAtMs = Date.now() - uptime() * 1000;
  return held.startedAtMs < bootedAtMs - BOOT_SLACK_MS || !isRunning(held.pid);
}

/**
 * Deletes a stale lock. Only the process that made the takeover file may, and only while the lock is still the one that was
 * found stale, so that a lock that another process took anew in the meantime is never deleted.
 */
async function removeStale(lockFile: string, stale: LockRecord): Promise<void> {
  const takeoverFile = `${lockFile}.takeover`;
  try {
    await (await open(takeoverFile, 'wx')).close();
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw writeError(error, takeoverFile);
    await waitForTakeover(takeoverFile);
    return;
  }
  try {
    const held = await readLock(lockFile);
    if (typeof held === 'object' && held.token === stale.token) await rm(lockFile, { force: true });
  } finally {
    await rm(takeoverFile, { force: true });
  }
}

/** A takeover lasts milliseconds; a takeover file that stays was left by a process that was killed in it. */
async function waitForTakeover(takeoverFile: string): Promise<void> {
  const takeover = await stat(takeoverFile).catch(() => null);
  if (takeover !== null && Date.now() - takeover.mtimeMs > TAKEOVER_MS) await rm(takeoverFile, { force: true });
  await setTimeout(RETRY_MS);
}

async function release(lockFile: string, token: string): Promise<void> {
  const held = await readLock(lockFile);
  if (typeof held === 'object' && held.token === token) await rm(lockFile, { force: true });
}

function lockedError(projectDir: string, lockFile: string, held: LockRecord | 'unreadable'): WorkbenchError {
  if (held === 'unreadable') {
    return new WorkbenchError('project-locked', `Project ${projectDir} is held by another process; its lock ${lockFile} cannot be read`, {
      hint: `If no other process works on the project, delete ${lockFile}.`,
    });
  }
  const since = new Date(held.startedAtMs).toISOString();
  return new WorkbenchError('project-locked', `Project ${projectDir} is held by process ${held.pid} on ${held.host} since ${since}`, {
    hint: `Wait until it ends or close it; if that process no longer exists, delete ${lockFile}.`,
  });
}
