import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type {
  GpuDevice,
  TensorrtAddon,
  TensorrtError,
  TensorrtErrorCode,
  TensorrtLibrary,
} from '../../../native/tensorrt';
import { advise, type Advice } from '../../../src-shared/base/advice';
import { WorkbenchError, type ErrorCode } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import { packageRoot } from '../../base/package-info';
import { findTensorrt, LIBRARY_VARIABLE, TENSORRT_MAJORS, type FoundLibrary, type TensorrtMajor } from './find-library';

const INSTALL_HINT = advise('install-tensorrt', { variable: LIBRARY_VARIABLE });
const DRIVER_HINT = advise('install-driver');

/** An open TensorRT library and the GPUs of this machine. */
export interface TensorrtRuntime {
  readonly addon: TensorrtAddon;
  readonly library: TensorrtLibrary;
  readonly nvinferPath: string;
  readonly devices: readonly GpuDevice[];
}

let opened: TensorrtRuntime | null = null;

/**
 * TensorRT of this machine, opened on first use.
 * @throws WorkbenchError backend-unavailable if a library, an addon for its major version, a driver or a GPU is
 *   missing; the hint says what to install
 */
export function openTensorrt(): TensorrtRuntime {
  opened ??= open();
  return opened;
}

/**
 * The GPUs that CUDA lists; empty if no addon was built.
 * @throws WorkbenchError backend-unavailable if there is no driver or no GPU
 */
export function cudaDevices(): readonly GpuDevice[] {
  const addon = TENSORRT_MAJORS.map((major) => addonPath(major)).find((path) => existsSync(path));
  return addon === undefined ? [] : translated(() => requireAddon(addon).devices());
}

function open(): TensorrtRuntime {
  const { found, folders } = findTensorrt();
  if (found === null) {
    // A missing driver or GPU is reported first, because the library cannot be used without them.
    cudaDevices();
    throw new WorkbenchError(
      'backend-unavailable',
      `No libnvinfer.so.${TENSORRT_MAJORS.join(' or .so.')} was found in ${whereText(folders)}`,
      { hint: INSTALL_HINT },
    );
  }
  const addon = loadAddonFor(found);
  return translated(() => {
    const devices = addon.devices();
    const library = addon.open({ nvinfer: found.nvinferPath, parser: found.parserPath });
    return { addon, library, nvinferPath: found.nvinferPath, devices };
  });
}

function whereText(folders: readonly string[]): string {
  const named = ownValue(process.env, LIBRARY_VARIABLE);
  if (named) return `${named}, which ${LIBRARY_VARIABLE} names`;
  return `${folders.length} folders (${folders.slice(0, 4).join(', ')}, ...)`;
}

function loadAddonFor({ major, nvinferPath }: FoundLibrary): TensorrtAddon {
  const path = addonPath(major);
  if (existsSync(path)) return requireAddon(path);
  throw new WorkbenchError(
    'backend-unavailable',
    `${nvinferPath} is TensorRT ${major}, but the addon for it was not built`,
    {
      hint:
        `Set TENSORRT_INCLUDE_${major} (and CUDA_INCLUDE) to the folders of the headers and run: ` +
        'npm run build:native',
    },
  );
}

function addonPath(major: TensorrtMajor): string {
  return join(packageRoot(), `native/build/Release/calib_tensorrt_${major}.node`);
}

function requireAddon(path: string): TensorrtAddon {
  try {
    return createRequire(import.meta.url)(path) as TensorrtAddon;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new WorkbenchError('backend-unavailable', `The TensorRT addon could not be loaded: ${reason}`, {
      hint: 'Run `npm run build:native`.',
      cause,
    });
  }
}

const CODES: Readonly<Record<TensorrtErrorCode, readonly [code: ErrorCode, hint?: string | Advice]>> = {
  'library-missing': ['backend-unavailable', INSTALL_HINT],
  'library-version': ['backend-unavailable', INSTALL_HINT],
  'driver-missing': ['backend-unavailable', DRIVER_HINT],
  'driver-old': ['backend-unavailable', 'Install a newer NVIDIA driver.'],
  'no-gpu': ['backend-unavailable', DRIVER_HINT],
  'out-of-memory': ['backend-unavailable', advise('free-gpu-memory')],
  'build-failed': ['model-unsupported'],
  'engine-refused': [
    'backend-unavailable',
    'The engine belongs to another TensorRT or GPU: delete its folder below engines/, it is built again.',
  ],
  'capture-failed': ['backend-unavailable', advise('without-cuda-graph')],
  cancelled: ['cancelled'],
  'wrong-argument': ['usage'],
  internal: [
    'internal',
    'The next step runs in a fresh process. If it fails there too, nvidia-smi and the kernel log (dmesg) show ' +
      'whether the GPU is healthy.',
  ],
};

let hasFailed = false;

/**
 * After an unexpected failure of CUDA, all later calls in this process may fail, so that the process must be replaced.
 */
export function isCudaUnusable(): boolean {
  return hasFailed;
}

/** Turns an error of the addon into a WorkbenchError; other errors are returned as they are. */
export function translateError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = Reflect.get(error, 'code') as TensorrtErrorCode;
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  if (known === undefined) return error;
  if (code === 'internal') hasFailed = true;
  const [ours, hint] = known;
  const log = (error as TensorrtError).log ?? [];
  const meaning =
    code === 'build-failed' ? meaningOf([error.message, ...log.map(({ message }) => message)].join('\n')) : hint;
  return new WorkbenchError(ours, code === 'cancelled' ? 'Cancelled' : `TensorRT: ${error.message}`, {
    cause: error,
    ...(meaning === undefined ? {} : { hint: meaning }),
  });
}

/** Hints for TensorRT's most common errors. */
const MEANINGS: readonly (readonly [RegExp, string | Advice])[] = [
  [/could not find any implementation/i, advise('raise-workspace')],
  [
    /(no importer|unsupported|not supported|plugin not found)/i,
    'The parser of this TensorRT does not know an operator of the model: export it with other operators, or use a ' +
      'newer TensorRT.',
  ],
  [/calibrat/i, advise('collect-grid-of-all-tensors')],
  [/(dynamic|profile)/i, advise('name-profile')],
];

function meaningOf(text: string): string | Advice | undefined {
  return MEANINGS.find(([pattern]) => pattern.test(text))?.[1];
}

export function translated<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw translateError(error);
  }
}

export function translatedAsync<T>(promise: Promise<T>): Promise<T> {
  return promise.catch((error: unknown) => {
    throw translateError(error);
  });
}

/** @throws WorkbenchError usage if there is no GPU with this index. */
export function requireDevice(runtime: TensorrtRuntime, index: number): GpuDevice {
  const device = runtime.devices[index];
  if (device) return device;
  throw new WorkbenchError('usage', `There is no GPU ${index}; this machine has ${runtime.devices.length}`, {
    hint: advise('device-list', { devices: runtime.devices.map(({ index: i, name }) => `${i} ${name}`).join(', ') }),
  });
}
