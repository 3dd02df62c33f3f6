import { existsSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { ownValue } from '../../../src-shared/base/records';
import { pythonFolders } from '../python-folders';

/** Major versions of TensorRT for which there is an addon, newest first. */
export const TENSORRT_MAJORS = [11, 10] as const;
export type TensorrtMajor = (typeof TENSORRT_MAJORS)[number];

export interface FoundLibrary {
  readonly major: TensorrtMajor;
  readonly nvinferPath: string;
  /** The ONNX parser in the same folder; if null, the system's loader searches for it. */
  readonly parserPath: string | null;
}

export interface LibrarySearch {
  readonly found: FoundLibrary | null;
  /** Folders that were searched, in order. */
  readonly folders: readonly string[];
}

/** Environment variable with a folder or the path of a libnvinfer.so.N. If it is set, no other place is searched. */
export const LIBRARY_VARIABLE = 'CALIB_TENSORRT';

const SYSTEM_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/local/tensorrt/lib',
  '/opt/tensorrt/lib',
  '/usr/local/TensorRT/lib',
  '/usr/local/cuda/lib64',
  '/usr/local/lib',
  '/usr/lib64',
];

/**
 * Searches libnvinfer.so.11 and .so.10. If CALIB_TENSORRT is set, only that place is searched. Otherwise the search
 * covers LD_LIBRARY_PATH, the folders of Debian packages and archives, and `tensorrt_libs` in Python's site-packages,
 * where pip installs it. The first folder that contains a library is used.
 */
export function findTensorrt(env: NodeJS.ProcessEnv = process.env): LibrarySearch {
  const named = ownValue(env, LIBRARY_VARIABLE) ?? '';
  const { folders, majors } =
    named === '' ? { folders: usualFolders(env), majors: TENSORRT_MAJORS } : namedPlace(named);
  for (const folder of folders) {
    for (const major of majors) {
      const nvinferPath = join(folder, `libnvinfer.so.${major}`);
      if (!existsSync(nvinferPath)) continue;
      const parserPath = join(folder, `libnvonnxparser.so.${major}`);
      return { found: { major, nvinferPath, parserPath: existsSync(parserPath) ? parserPath : null }, folders };
    }
  }
  return { found: null, folders };
}

/**
 * The folders that the variable names. If it is the path of a file libnvinfer.so.N, the name also determines the major
 * version.
 */
function namedPlace(named: string): { readonly folders: readonly string[]; readonly majors: readonly TensorrtMajor[] } {
  const isFile = existsSync(named) && statSync(named).isFile();
  if (!isFile) return { folders: [named, join(named, 'lib')], majors: TENSORRT_MAJORS };
  const major = TENSORRT_MAJORS.filter((known) => basename(named).startsWith(`libnvinfer.so.${known}`));
  return { folders: [dirname(named)], majors: major.length > 0 ? major : TENSORRT_MAJORS };
}

function usualFolders(env: NodeJS.ProcessEnv): string[] {
  return [
    ...new Set([
      ...(env['LD_LIBRARY_PATH'] ?? '').split(delimiter),
      ...SYSTEM_FOLDERS,
      ...pythonFolders(env, 'tensorrt_libs'),
    ]),
  ].filter((folder) => folder !== '');
}
