import { existsSync } from 'node:fs';
import { artifactPaths } from './artifact-paths';
import { acquireProjectLock, type ProjectLock } from './project-lock';
import { loadProject } from './project-store';

/**
 * The locks of the projects that this process works on. Uses of one project within the process share the lock (a job
 * runs while a person edits); another process is refused.
 */
export class ProjectLocks {
  private readonly held = new Map<string, { readonly lock: Promise<ProjectLock>; users: number }>();
  /** Releases under way: the next use within this process waits for them instead of meeting its own lock. */
  private readonly releasing = new Map<string, Promise<void>>();

  /** Runs `work` while this process holds the project. @throws WorkbenchError project-locked */
  async hold<T>(projectPath: string, work: () => Promise<T>): Promise<T> {
    // A folder that is no project is not written to, not even a lock.
    if (!existsSync(artifactPaths(projectPath).projectFile)) await loadProject(projectPath);
    let entry = this.held.get(projectPath);
    if (!entry) {
      const released = this.releasing.get(projectPath) ?? Promise.resolve();
      entry = { lock: released.then(() => acquireProjectLock(projectPath)), users: 0 };
      this.held.set(projectPath, entry);
    }
    entry.users++;
    try {
      await entry.lock;
      return await work();
    } finally {
      entry.users--;
      if (entry.users === 0) {
        this.held.delete(projectPath);
        await this.release(projectPath, entry.lock);
      }
    }
  }

  private async release(projectPath: string, lock: Promise<ProjectLock>): Promise<void> {
    const released = lock.then(
      (held) => held.release(),
      () => undefined, // it was never held
    );
    this.releasing.set(projectPath, released);
    await released;
    if (this.releasing.get(projectPath) === released) this.releasing.delete(projectPath);
  }
}
