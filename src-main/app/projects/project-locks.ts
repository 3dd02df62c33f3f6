import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SHARDED_KINDS } from '../../../src-shared/contract/job-specs';
import type { ShardIdentity } from '../../compute/shards/shard-store';
import { readStoredJson } from '../../base/json-file';
import { hasEnded, processIdentitySchema } from '../../base/running-process';
import { sweep } from '../../base/temporary-files';
import { artifactPaths } from './artifact-paths';
import { acquireProjectLock, type LockOptions, type LockPurpose, type ProjectLock } from './project-lock';
import { loadProject } from './project-store';

export interface HoldOptions {
  readonly shard?: ShardIdentity | undefined;
  /** What the lock file tells other processes; default: a job. */
  readonly purpose?: LockPurpose;
}

/**
 * The locks of the projects that this process works on, by lock file. Uses of one project within the process share its
 * lock, so that a job can run during an edit. An edit of another process is waited for; a job of another process is
 * not. When a project is taken, files that killed processes left in it are removed.
 */
export class ProjectLocks {
  private readonly held = new Map<string, { readonly lock: Promise<ProjectLock>; users: number }>();
  /** The last edit of each project that is under way. */
  private readonly edits = new Map<string, Promise<void>>();
  /** Releases that are not finished: the next use within this process waits for them before it takes the lock again. */
  private readonly releasing = new Map<string, Promise<void>>();

  /** @param onWait called with a message when the wait for an edit of another process begins */
  constructor(private readonly onWait?: (message: string) => void) {}

  /**
   * Runs `work` while this process holds the project, or only a shard of one of its jobs: a shard writes files of its
   * own, so that several processes may compute shards of one project at once.
   * @throws WorkbenchError project-locked
   */
  async hold<T>(projectPath: string, work: () => Promise<T>, { shard, purpose = 'job' }: HoldOptions = {}): Promise<T> {
    const { projectFile, lockFile: projectLock, shardLockFile } = artifactPaths(projectPath);
    // Nothing, not even a lock file, is written into a folder that is not a project: loadProject reports the error.
    if (!existsSync(projectFile)) await loadProject(projectPath);
    const lockFile = shard ? shardLockFile(shard.kind, shard.shard.index, shard.shard.count) : projectLock;
    let entry = this.held.get(lockFile);
    if (!entry) {
      const released = this.releasing.get(lockFile) ?? Promise.resolve();
      const { onWait } = this;
      entry = {
        lock: released.then(() => this.take(projectPath, { lockFile, purpose, ...(onWait ? { onWait } : {}) })),
        users: 0,
      };
      this.held.set(lockFile, entry);
    }
    entry.users++;
    try {
      await entry.lock;
      return await work();
    } finally {
      entry.users--;
      if (entry.users === 0) {
        this.held.delete(lockFile);
        await this.release(lockFile, entry.lock);
      }
    }
  }

  /**
   * Like `hold`, but one call after the other within this process: for work that reads, changes and writes the project
   * file.
   */
  edit<T>(projectPath: string, work: () => Promise<T>): Promise<T> {
    const before = this.edits.get(projectPath) ?? Promise.resolve();
    const own = before.then(() => this.hold(projectPath, work, { purpose: 'edit' }));
    const settled = own.then(
      () => undefined,
      () => undefined, // the caller of this edit gets the error
    );
    this.edits.set(projectPath, settled);
    void settled.then(() => {
      if (this.edits.get(projectPath) === settled) this.edits.delete(projectPath);
    });
    return own;
  }

  private async take(projectPath: string, options: LockOptions): Promise<ProjectLock> {
    const lock = await acquireProjectLock(projectPath, options);
    await removeLeftovers(projectPath, { holdsProject: options.lockFile === artifactPaths(projectPath).lockFile });
    return lock;
  }

  private async release(lockFile: string, lock: Promise<ProjectLock>): Promise<void> {
    const released = lock.then(
      (held) => held.release(),
      () => undefined, // it was never held
    );
    this.releasing.set(lockFile, released);
    await released;
    if (this.releasing.get(lockFile) === released) this.releasing.delete(lockFile);
  }
}

const SHARD_LOCK = new RegExp(`^(?:${SHARDED_KINDS.join('|')})-[0-9]+-of-[0-9]+\\.lock$`);

/**
 * Removes files that killed processes left in a project: temporary files and unfinished folders and, if the caller
 * holds the whole project, so that no other process writes there, engine folders without a record, empty run folders
 * and locks of shards. Checkpoints of calibrations and journals of analyses stay, because work continues from them.
 */
async function removeLeftovers(
  projectPath: string,
  { holdsProject }: { readonly holdsProject: boolean },
): Promise<void> {
  const { enginesDir, runsDir } = artifactPaths(projectPath);
  await sweep(projectPath, { recursive: true });
  if (!holdsProject) return;
  for (const name of await namesIn(projectPath)) {
    if (SHARD_LOCK.test(name) && isOfEndedProcess(join(projectPath, name)))
      await removeQuietly(join(projectPath, name));
  }
  for (const name of await namesIn(enginesDir)) {
    if (!existsSync(join(enginesDir, name, 'engine.json'))) await removeQuietly(join(enginesDir, name));
  }
  // rmdir removes empty folders only.
  for (const name of await namesIn(runsDir)) await rmdir(join(runsDir, name)).catch(() => undefined);
}

/** Names in a folder; none if the folder cannot be read. */
function namesIn(dir: string): Promise<readonly string[]> {
  return readdir(dir).catch(() => []);
}

function isOfEndedProcess(lockFile: string): boolean {
  const owner = readStoredJson(lockFile, processIdentitySchema);
  return owner !== null && hasEnded(owner);
}

const removeQuietly = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true }).catch(() => undefined);
