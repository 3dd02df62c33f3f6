import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchmark, type BenchmarkOptions } from '../../../src-main/backends/benchmark';
import type { OrtGpu } from '../../../src-main/backends/runnable-variant';

import { feedingFor } from '../../support/feeding';

const GPU: OrtGpu = { provider: 'webgpu', device: 0 };

function options(variants: readonly string[], gpu?: OrtGpu): BenchmarkOptions {
  return {
    hostPath: join(import.meta.dirname, '../../support/fake-bench-host.mjs'),
    variants: variants.map((variant) => ({
      kind: 'onnx',
      variant,
      modelPath: '/m.onnx',
      weightsDir: null,
      simulate: false,
      hasFp16: false,
      sizeMb: 3,
      ...(gpu ? { gpu } : {}),
    })),
    feeding: feedingFor({ name: 'input', channels: 3, height: 4, width: 4, layout: 'nchw', fixedBatch: null }),
    batches: [1, 8],
    threads: 1,
    streams: [1],
    rounds: 2,
    device: 'a device',
  };
}

describe('benchmark', () => {
  it('times every variant at every batch, with ratios to the first at the same batch', async () => {
    const { device, variants, warnings } = await benchmark(options(['fp32', 'int8']), {});
    expect(device).toBe('a device');
    expect(
      variants.map(({ variant, batch, latencyMs, throughputPerSecond, memoryMb }) => [
        variant,
        batch,
        latencyMs.median,
        throughputPerSecond,
        memoryMb,
      ]),
    ).toEqual([
      ['fp32', 1, 1, 1000, 5],
      ['int8', 1, 2, 500, 5],
      ['fp32', 8, 8, 1000, 5],
      ['int8', 8, 16, 500, 5],
    ]);
    expect(variants.map(({ ratioToFp32 }) => ratioToFp32?.median)).toEqual([undefined, 2, undefined, 2]);
    expect(warnings).toEqual([]);
  });

  it('on a GPU tells no memory of the process, and which variants the CPU has to help with', async () => {
    const { variants, warnings } = await benchmark(options(['fp32', 'int8'], GPU), {});
    expect(variants.every((record) => !('memoryMb' in record))).toBe(true);
    expect(warnings).toEqual([
      { code: 'cpu-fallback', message: expect.stringMatching(/^Some layers of int8 have no kernel/) as string },
    ]);
  });

  it('blames the provider for a crash on a GPU, and the process elsewhere', async () => {
    await expect(benchmark(options(['fp32', 'fp16'], GPU), {})).rejects.toMatchObject({
      code: 'compute-crashed',
      message: "ONNX Runtime's WebGPU provider crashed (SIGSEGV) while it ran fp16",
    });
    await expect(benchmark(options(['fp32', 'fp16']), {})).rejects.toMatchObject({
      code: 'compute-crashed',
      message: 'The benchmark process of fp16 ended unexpectedly (SIGSEGV)',
    });
  });
});
