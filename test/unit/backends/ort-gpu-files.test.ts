import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireProviderFiles } from '../../../src-main/backends/ort-gpu-files';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();

describe('requireProviderFiles', () => {
  it('names a provider that ONNX Runtime was compiled without', () => {
    const check = (): void => requireProviderFiles('cuda', { compiled: ['cpu', 'webgpu'], folder: tempDir() });
    expect(check).toThrow(/has no CUDA provider, only cpu, webgpu/);
  });

  it('names the library that is missing and how to get it', () => {
    const folder = tempDir();
    const check = (): void => requireProviderFiles('cuda', { compiled: ['cpu', 'cuda'], folder });
    expect(check).toThrow(
      expect.objectContaining({
        code: 'backend-unavailable',
        message: expect.stringContaining(join(folder, 'libonnxruntime_providers_shared.so')) as string,
        hint: expect.stringContaining('ONNXRUNTIME_NODE_INSTALL=cuda12') as string,
      }) as Error,
    );
    writeFileSync(join(folder, 'libonnxruntime_providers_shared.so'), '');
    expect(check).toThrow(/libonnxruntime_providers_cuda\.so is missing/);
    writeFileSync(join(folder, 'libonnxruntime_providers_cuda.so'), '');
    expect(check).not.toThrow();
  });

  it('needs no file of its own for WebGPU', () => {
    expect(() => requireProviderFiles('webgpu', { compiled: ['cpu', 'webgpu'], folder: '/nowhere' })).not.toThrow();
  });
});
