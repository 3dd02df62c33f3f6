import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { NativeAddon } from '../../native/index';
import { advise } from '../../src-shared/base/advice';
import { WorkbenchError } from '../../src-shared/base/errors';
import { packageRoot } from '../base/package-info';

/** Built on this machine, or prebuilt in the package for this platform. */
const ADDON_PATHS = [
  'native/build/Release/calib.node',
  `native/prebuilt/${process.platform}-${process.arch}/calib.node`,
];
const BUILD_HINT =
  'Run `npm run build:native`; it needs g++ (C++17), make and python3 (Debian: apt-get install g++ make python3).';

const FUNCTIONS: readonly (keyof NativeAddon)[] = [
  'HistogramSet',
  'TensorrtGridSet',
  'Collector',
  'writeOptimizedModel',
  'checkOnnxruntime',
  'openvinoStatus',
  'OpenvinoModel',
  'fingerprint',
  'channelMaxima',
  'resizeImage',
  'imageValues',
  'vulkanDevices',
  'version',
];

let facade: NativeAddon | null = null;

/**
 * The native addon, loaded on first use; each worker thread has its own. Its functions throw WorkbenchError:
 * calibration-mismatch for bytes that are not a histogram record, internal for a wrong argument.
 *
 * @throws WorkbenchError backend-unavailable when the addon was not built or does not load here.
 */
export function loadAddon(): NativeAddon {
  facade ??= createFacade(requireAddon());
  return facade;
}

function requireAddon(): NativeAddon {
  const root = packageRoot();
  const path =
    ADDON_PATHS.map((each) => join(root, each)).find((each) => existsSync(each)) ?? join(root, ADDON_PATHS[0] ?? '');
  try {
    const loaded: unknown = createRequire(import.meta.url)(path);
    if (isAddon(loaded)) return loaded;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new WorkbenchError('backend-unavailable', `The native addon could not be loaded: ${reason}`, {
      hint: BUILD_HINT,
      cause,
    });
  }
  throw new WorkbenchError('backend-unavailable', `The native addon ${path} is of another version`, {
    hint: BUILD_HINT,
  });
}

function isAddon(value: unknown): value is NativeAddon {
  if (typeof value !== 'object' || value === null) return false;
  return FUNCTIONS.every((name) => typeof Reflect.get(value, name) === 'function');
}

function createFacade(addon: NativeAddon): NativeAddon {
  return {
    HistogramSet: checkedClass(addon.HistogramSet),
    TensorrtGridSet: checkedClass(addon.TensorrtGridSet),
    Collector: checkedClass(addon.Collector),
    writeOptimizedModel: (...model) => translated(() => addon.writeOptimizedModel(...model)),
    checkOnnxruntime: (...library) => translated(() => addon.checkOnnxruntime(...library)),
    openvinoStatus: (...library) => translated(() => addon.openvinoStatus(...library)),
    OpenvinoModel: checkedClass(addon.OpenvinoModel),
    fingerprint: (...tensor) => translated(() => addon.fingerprint(...tensor)),
    channelMaxima: (...tensor) => translated(() => addon.channelMaxima(...tensor)),
    resizeImage: (...image) => translated(() => addon.resizeImage(...image)),
    imageValues: (...image) => translated(() => addon.imageValues(...image)),
    vulkanDevices: () => translated(() => addon.vulkanDevices()),
    version: () => addon.version(),
  };
}

/** The class of the addon, whose constructor and methods throw WorkbenchErrors. */
function checkedClass<T extends object>(nativeClass: T & (new (argument: never) => object)): T {
  return new Proxy(nativeClass, {
    construct: (target, args) => checkedObject(translated(() => Reflect.construct(target, args) as object)),
  });
}

function checkedObject(object: object): object {
  return new Proxy(object, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => translated(() => Reflect.apply(member, target, args) as unknown);
    },
  });
}

/** Runs `body` and turns errors of the addon into WorkbenchErrors, also those of a promise that it returns. */
function translated<T>(body: () => T): T {
  try {
    const result = body();
    if (!(result instanceof Promise)) return result;
    return result.catch((error: unknown) => {
      throw translatedError(error);
    }) as T;
  } catch (error) {
    throw translatedError(error);
  }
}

function translatedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code: unknown = Reflect.get(error, 'code');
  // The message of the runtime, which the caller explains.
  if (code === 'runtime-failed') return error;
  if (code === 'library-unusable') return new WorkbenchError('backend-unavailable', error.message, { cause: error });
  if (code === 'record-invalid') {
    return new WorkbenchError('calibration-mismatch', error.message, {
      hint: advise('calibrate-again'),
      cause: error,
    });
  }
  return new WorkbenchError('internal', `Native addon: ${error.message}`, { cause: error });
}
