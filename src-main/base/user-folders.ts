import { homedir } from 'node:os';
import { join } from 'node:path';

const NAME = 'calibration-workbench';

/** The folder that the environment variable CALIB_HOME names for everything that belongs to no project; or null. */
function ownFolder(): string | null {
  const own = process.env['CALIB_HOME'];
  return own === undefined || own === '' ? null : own;
}

/** Folder of data that belongs to no project. CALIB_HOME overrides the system's usual folder. */
export function userDataDir(): string {
  return ownFolder() ?? join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), NAME);
}

/** Folder of what can be computed again at any time. CALIB_HOME overrides the system's usual folder. */
export function userCacheDir(): string {
  const own = ownFolder();
  if (own !== null) return join(own, 'cache');
  if (process.platform === 'darwin') return join(homedir(), 'Library/Caches', NAME);
  if (process.platform === 'win32') return join(process.env['LOCALAPPDATA'] ?? homedir(), NAME, 'cache');
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), NAME);
}
