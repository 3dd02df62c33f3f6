import { acquireProjectLock, type ProjectLock } from './project-lock';

/**
 * The locks of the projects that this process works on. Uses of one project within the process share the lock (a job
 * runs while a person edits); another process is refused.
 */
export class ProjectLocks {
  private readonly held = new Map<string, { readonly lock: Promise<ProjectLock>; users: number }>();

  /** Runs `work` while this process holds the project. @throws WorkbenchError project-locked */
  async hold<T>(projectPath: string, work: () => Promise<T>): Promise<T> {
    let entry = this.held.get(projectPath);
    if (!entry) {
      entry = { lock: acquireProjectLock(projectPath), users: 0 };
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
        await entry.lock.then(
          (lock) => lock.release(),
          () => undefined, // it was never held
        );
      }
    }
  }
}
