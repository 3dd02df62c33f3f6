import { errnoOf } from './file-errors';

/** Whether a process of this machine with this id runs, whoever's it is. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH'; // EPERM: it runs, as another user
  }
}
