import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ownValue } from '../../../src-shared/base/records';
import { pythonFolders } from '../python-folders';

/** Environment variable with the folder of libopenvino_c, or its path. If it is set, no other place is searched. */
export const LIBDIR_VARIABLE = 'CALIB_OPENVINO_LIBDIR';
/** Environment variable with the folder of an installation. If it is set, no other place is searched. */
export const HOME_VARIABLE = 'CALIB_OPENVINO_HOME';

export interface LibrarySearch {
  /** Path of libopenvino_c; null if there is none. */
  readonly path: string | null;
  /** Folders that were searched, in order. */
  readonly folders: readonly string[];
}

const LIBRARY_NAME = /^libopenvino_c\.so(\.\d+)*$/;

/** Where installations of OpenVINO keep libraries: the archive, the Python package, a prefix. */
const LIBRARY_FOLDERS = [
  'runtime/lib/intel64',
  'runtime/lib/aarch64',
  'openvino/libs',
  'libs',
  'lib/x86_64-linux-gnu',
  'lib/aarch64-linux-gnu',
  'lib64',
  'lib',
  '',
];

const SYSTEM_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/local/lib',
  '/opt/intel/openvino/runtime/lib/intel64',
  '/opt/intel/openvino/runtime/lib/aarch64',
];

/**
 * Searches OpenVINO's C library: where CALIB_OPENVINO_LIBDIR or CALIB_OPENVINO_HOME says, else in LD_LIBRARY_PATH, in
 * INTEL_OPENVINO_DIR (which OpenVINO's own setupvars.sh sets), in the folders of the system, and in the Python package
 * openvino. The first folder that contains it is used.
 */
export function findOpenvino(env: NodeJS.ProcessEnv = process.env): LibrarySearch {
  const folders = foldersOf(env);
  for (const folder of folders) {
    const path = libraryIn(folder);
    if (path !== null) return { path, folders };
  }
  return { path: null, folders };
}

function libraryIn(place: string): string | null {
  if (!existsSync(place)) return null;
  if (statSync(place).isFile()) return place;
  // The shortest name is the link to the installed version.
  const [name] = readdirSync(place)
    .filter((file) => LIBRARY_NAME.test(file))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return name === undefined ? null : join(place, name);
}

function foldersOf(env: NodeJS.ProcessEnv): string[] {
  const libdir = ownValue(env, LIBDIR_VARIABLE) ?? '';
  if (libdir !== '') return [libdir];
  const home = ownValue(env, HOME_VARIABLE) ?? '';
  if (home !== '') return LIBRARY_FOLDERS.map((folder) => join(home, folder));
  const installed = ownValue(env, 'INTEL_OPENVINO_DIR') ?? '';
  return [
    ...new Set([
      ...(env['LD_LIBRARY_PATH'] ?? '').split(delimiter),
      ...(installed === '' ? [] : LIBRARY_FOLDERS.map((folder) => join(installed, folder))),
      ...SYSTEM_FOLDERS,
      ...pythonFolders(env, 'openvino/libs'),
    ]),
  ].filter((folder) => folder !== '');
}
