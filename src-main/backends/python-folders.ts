import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/**
 * The existing folders of a path below the site-packages of the Pythons of this machine, in the order: the active
 * environment, the python3 on the PATH, the user's packages, the system's.
 */
export function pythonFolders(env: NodeJS.ProcessEnv, pathInPackages: string): string[] {
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => existsSync(join(folder, 'python3')));
  const roots = [
    env['VIRTUAL_ENV'] ?? '',
    env['CONDA_PREFIX'] ?? '',
    ...onPath.map((folder) => dirname(folder)),
    join(homedir(), '.local'),
    '/usr/local',
    '/usr',
  ].filter((root) => root !== '');
  return [...new Set(roots)].flatMap((root) => {
    const lib = join(root, 'lib');
    if (!existsSync(lib)) return [];
    const pythons = readdirSync(lib).filter((name) => /^python3(\.\d+)?$/.test(name));
    return pythons
      .flatMap((python) =>
        ['site-packages', 'dist-packages'].map((packages) => join(lib, python, packages, pathInPackages)),
      )
      .filter((folder) => existsSync(folder));
  });
}
