import { existsSync } from 'node:fs';
import type { Shard } from '../../../src-shared/contract/job-specs';
import { artifactPaths } from './artifact-paths';
import { acquireProjectLock, type LockOptions, type LockPurpose, type ProjectLock } from './project-lock';
import { removeLeftovers } from './leftovers';
import { loadProject } from './project-store';

export interface HoldOptions {
  readonly shard?: Shard | undefined;
  /** What other processes are told; default: a job. */
  readonly purpose?: LockPurpose;
}

/**
 * The locks of the projects that this process works on, by lock file. Uses of one project within the process share the lock (a
 * job runs while a person edits). An edit of another process is waited for; its jobs are not. What killed processes left in a project
 * goes when the project is taken.
 */
export class ProjectLocks {
  private readonly held = new Map<string, { readonly lock: Promise<ProjectLock>; users: number }>();
  /** The last edit of each project that is under way. */
  private readonly edits = new Map<string, Promise<void>>();
  /** Releases under way: the next use within this process waits for them instead of meeting its own lock. */
  private readonly releasing = new Map<string, Promise<void>>();

  /** @param onWait told when an edit of another process is waited for. */
  constructor(private readonly onWait?: (message: string) => void) {}

  /**
   * Runs `work` while this process holds the project, or only a shard of its calibration: a shard writes files of its own, so
   * that several processes may collect shards of one project at once.
   * @throws WorkbenchError project-locked
   */
  async hold<T>(projectPath: string, work: () => Promise<T>, { shard, purpose = 'job' }: HoldOptions = {}): Promise<T> {
    const { projectFile, lockFile: projectLock, shardLockFile } = artifactPaths(projectPath);
    // A folder that is no project is not written to, not even a lock.
    if (!existsSync(projectFile)) await loadProject(projectPath);
    const lockFile = shard ? shardLockFile(shard.index, shard.count) : projectLock;
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

  /** As hold, one after the other within this process: for what reads the project file, changes it and writes it. */
  edit<T>(projectPath: string, work: () => Promise<T>): Promise<T> {
    const before = this.edits.get(projectPath) ?? Promise.resolve();
    const own = before.then(() => this.hold(projectPath, work, { purpose: 'edit' }));
    const settled = own.then(
      () => undefined,
      () => undefined, // told to its own caller
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
