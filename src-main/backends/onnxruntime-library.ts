import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NativeAddon } from '../../native/index';
import { WorkbenchError } from '../../src-shared/base/errors';
import { onnxruntimeVersion } from '../base/package-info';
import { onnxruntimeFolder } from './ort-gpu-files';
import './onnxruntime';

/** The library of onnxruntime-node, which this process has loaded. */
export interface OnnxruntimeLibrary {
  readonly path: string;
  readonly version: string;
}

const LIBRARY_NAME = /^(lib)?onnxruntime(\.\d+)*\.(so|dylib|dll)(\.\d+)*$/;

/**
 * Finds the library that onnxruntime-node has loaded, and checks that the addon can call it.
 * @throws WorkbenchError backend-unavailable with the reason why not.
 */
export function findOnnxruntimeLibrary(addon: Pick<NativeAddon, 'checkOnnxruntime'>): OnnxruntimeLibrary {
  const version = onnxruntimeVersion();
  const folder = onnxruntimeFolder();
  const paths = (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => LIBRARY_NAME.test(name))
    .map((name) => join(folder, name));
  let refused = new WorkbenchError('backend-unavailable', `${folder} contains no library of ONNX Runtime`);
  // macOS has several names for the library; only one of them is loaded.
  for (const path of paths) {
    try {
      addon.checkOnnxruntime(path, version);
      return { path, version };
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code !== 'backend-unavailable') throw error;
      refused = error;
    }
  }
  throw refused;
}
