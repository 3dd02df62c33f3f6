import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { advise } from '../../src-shared/base/advice';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { OrtGpu } from './runnable-variant';

/** Files of the CUDA provider, which is not part of the package (onnxruntime-node/script/install-metadata.js). */
const CUDA_FILES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];

export const GPU_HINTS: Readonly<Record<OrtGpu['provider'], string>> = {
  cuda:
    'It takes an NVIDIA driver, CUDA, cuDNN 9, and the provider: ONNXRUNTIME_NODE_INSTALL=cuda12 ' +
    'node node_modules/onnxruntime-node/script/install.js. docs/gpu.md says more.',
  webgpu:
    "On Linux WebGPU takes the GPU's Vulkan driver and libvulkan1: `vulkaninfo --summary` must list the GPU; " +
    'in a container: NVIDIA_DRIVER_CAPABILITIES=all.',
};

/** Names of ONNX Runtime's GPU providers in messages. */
export const PROVIDER_NAMES: Readonly<Record<OrtGpu['provider'], string>> = { cuda: 'CUDA', webgpu: 'WebGPU' };

export interface Provided {
  /** Backends that the installed ONNX Runtime was compiled with. */
  readonly compiled: readonly string[];
  /** Folder of its shared libraries. */
  readonly folder: string;
}

/** Folder of ONNX Runtime's libraries for this platform inside the installed npm package. */
export function onnxruntimeFolder(): string {
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return join(dirname(manifest), 'bin/napi-v6', platform(), arch());
}

/**
 * Checks, without loading anything, that ONNX Runtime has a provider and that its files are installed.
 * @throws WorkbenchError backend-unavailable, naming what is missing and how to get it.
 */
export function requireProviderFiles(provider: OrtGpu['provider'], { compiled, folder }: Provided): void {
  const name = PROVIDER_NAMES[provider];
  if (!compiled.includes(provider)) {
    throw new WorkbenchError(
      'backend-unavailable',
      `ONNX Runtime for ${platform()} ${arch()} has no ${name} provider, only ${compiled.join(', ')}`,
      { hint: advise('show-machine') },
    );
  }
  const missing =
    provider === 'cuda' ? CUDA_FILES.map((file) => join(folder, file)).find((path) => !existsSync(path)) : undefined;
  if (missing !== undefined)
    throw new WorkbenchError(
      'backend-unavailable',
      `ONNX Runtime's ${name} provider is not installed: ${missing} is missing`,
      { hint: GPU_HINTS[provider] },
    );
}
