import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { BACKENDS, type BackendId } from '../../src-shared/domain/project/precision';
import { findOpenvino } from '../../src-main/backends/openvino/find-library';
import { findTensorrt } from '../../src-main/backends/tensorrt/find-library';
import { pythonWith } from './programs';

/** The folder of OpenVINO's library: the one that is found, or that of the Python of the tests; null without one. */
export function openvinoLibraryDir(): string | null {
  const { path } = findOpenvino();
  if (path !== null) return dirname(path);
  const python = pythonWith('openvino');
  if (python === null) return null;
  const script = 'import os, openvino; print(os.path.dirname(openvino.__file__))';
  const { status, stdout } = spawnSync(python, ['-c', script], { encoding: 'utf8' });
  if (status !== 0) return null;
  const dir = join(stdout.trim(), 'libs');
  return findOpenvino({ CALIB_OPENVINO_LIBDIR: dir }).path === null ? null : dir;
}

export interface AvailableBackend {
  readonly backend: BackendId;
  /** The environment in which its library is found. */
  readonly env: NodeJS.ProcessEnv;
}

/** The backends whose libraries and devices are here. */
export function availableBackends(): readonly AvailableBackend[] {
  const libdir = openvinoLibraryDir();
  const hasGpu = spawnSync('nvidia-smi', ['-L']).status === 0;
  return BACKENDS.flatMap((backend): AvailableBackend[] => {
    switch (backend) {
      case 'ort-cpu':
        return [{ backend, env: {} }];
      case 'openvino':
        return libdir === null ? [] : [{ backend, env: { CALIB_OPENVINO_LIBDIR: libdir } }];
      case 'tensorrt':
        return hasGpu && findTensorrt().found !== null ? [{ backend, env: {} }] : [];
      // Providers of ONNX Runtime: the backend ort-cpu stands for their adapter.
      case 'ort-webgpu':
      case 'ort-cuda':
        return [];
    }
  });
}
