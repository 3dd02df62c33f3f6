import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { probeGpu } from '../../../src-main/compute/tasks/gpu-status';

const HOST = join(import.meta.dirname, '../../support/fake-gpu-probe.mjs');

function probe(behaviour: string, provider: 'cuda' | 'webgpu' = 'cuda', timeoutMs?: number) {
  process.env['FAKE_GPU_PROBE'] = behaviour;
  return probeGpu({ provider, device: 1 }, HOST, timeoutMs);
}

afterEach(() => delete process.env['FAKE_GPU_PROBE']);

describe('probeGpu', () => {
  it('says what the provider runs on and whether it has FP16', async () => {
    await expect(probe('found')).resolves.toEqual({ device: 'Fake GPU 1', hasFp16: false });
  });

  it.each([
    [
      'failed',
      'webgpu',
      "ONNX Runtime's WebGPU provider cannot be used: Failed to get a WebGPU adapter: No supported adapters",
      /vulkaninfo/,
    ],
    [
      'unlinked',
      'cuda',
      "ONNX Runtime's CUDA provider cannot be used: libcudnn.so.9: cannot open shared object file: No such file or directory",
      /cuDNN 9/,
    ],
    ['crash', 'webgpu', "ONNX Runtime's WebGPU provider crashed (SIGSEGV) when it was tried", /Vulkan/],
    ['exit', 'cuda', "ONNX Runtime's CUDA provider crashed with exit code 7 when it was tried", /install\.js/],
  ] as const)('reports a provider that %s', async (behaviour, provider, message, hint) => {
    await expect(probe(behaviour, provider)).rejects.toMatchObject({
      code: 'backend-unavailable',
      message,
      hint: expect.stringMatching(hint) as string,
    });
  });

  it('does not wait for a driver that hangs', async () => {
    await expect(probe('hang', 'webgpu', 300)).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringContaining('did not answer within 0.3 s') as string,
    });
  });
});
