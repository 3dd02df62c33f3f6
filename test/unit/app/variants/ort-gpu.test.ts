import { describe, expect, it } from 'vitest';
import {
  rethrowAsProviderCrash,
  ortGpuStatus,
  ortGpuWarnings,
  requireFp16,
} from '../../../../src-main/app/variants/ort-gpu';
import { jobContext, type JobContext, type JobServices } from '../../../../src-main/app/job-context';
import type { Workspace } from '../../../../src-main/app/projects/workspace';
import { WorkbenchError } from '../../../../src-shared/base/errors';
import type { BackendId } from '../../../../src-shared/domain/project/precision';
import { DEFAULT_TENSORRT_OPTIONS } from '../../../../src-shared/domain/engines/tensorrt-options';
import type { BuiltVariant } from '../../../../src-main/app/variants/built-variant';
import type { VariantOptions } from '../../../../src-main/app/variants/options';

function options(
  backend: BackendId,
  variants: readonly string[] = ['fp32', 'fp16', 'int8', 'mixed-mse'],
): VariantOptions {
  return {
    backend,
    variants,
    target: 'tensorrt',
    activationType: 'int8',
    tensorrt: { ...DEFAULT_TENSORRT_OPTIONS, device: 2 },
  };
}

function built(variant: string, hasFp16: boolean): BuiltVariant {
  return {
    runnable: { kind: 'onnx', variant, modelPath: '/m.onnx', weightsDir: null, simulate: true, hasFp16 },
    dir: '/d',
    sizeBytes: 1,
    seconds: 0,
    built: true,
  };
}

/** A compute process that knows one GPU for each provider. */
function job(asked: unknown[]): JobContext {
  const request = async (method: string, params: unknown): Promise<unknown> => {
    asked.push([method, params]);
    return { device: 'Fake GPU', hasFp16: false };
  };
  const services = { compute: { request, dispose: () => undefined } } as unknown as JobServices;
  return jobContext(services, {} as Workspace);
}

describe('GPUs of ONNX Runtime', () => {
  it('are asked for by their backends only, with the device that was chosen', async () => {
    const asked: unknown[] = [];
    expect(await ortGpuStatus(options('ort-cpu'), job(asked))).toBeNull();
    expect(await ortGpuStatus(options('tensorrt'), job(asked))).toBeNull();
    expect(await ortGpuStatus(options('ort-cuda'), job(asked))).toEqual({
      device: 'Fake GPU',
      hasFp16: false,
    });
    expect(await ortGpuStatus(options('ort-webgpu'), job(asked))).not.toBeNull();
    expect(asked).toEqual([
      ['ort-gpu-status', { provider: 'cuda', device: 2 }],
      ['ort-gpu-status', { provider: 'webgpu', device: 0 }],
    ]);
  });

  it('refuse FP16 where the device has none, naming the variants', () => {
    const variants = [built('fp32', false), built('fp16', true), built('mixed', true)];
    const status = { device: 'Fake GPU', hasFp16: false };
    expect(() => requireFp16(variants, status, options('ort-webgpu'))).toThrow(
      /Fake GPU does not compute in FP16, which fp16, mixed of the target tensorrt need/,
    );
    expect(() => requireFp16(variants, { ...status, hasFp16: true }, options('ort-webgpu'))).not.toThrow();
    expect(() => requireFp16([built('fp32', false)], status, options('ort-webgpu'))).not.toThrow();
  });

  it('warn that INT8 is rounded there, not computed', () => {
    expect(ortGpuWarnings(options('ort-cuda'))).toEqual([
      {
        code: 'int8-simulated',
        message: expect.stringMatching(/CUDA provider has no INT8 kernels for Q\/DQ: int8, mixed-mse are/) as string,
      },
    ]);
    expect(ortGpuWarnings(options('ort-cuda', ['fp32', 'fp16']))).toEqual([]);
    expect(ortGpuWarnings(options('ort-cpu'))).toEqual([]);
  });

  it('are named when their process crashes', async () => {
    const crash = () =>
      Promise.reject(
        new WorkbenchError('compute-crashed', 'The compute process was ended by SIGSEGV while validating'),
      );
    await expect(rethrowAsProviderCrash(options('ort-webgpu'), crash())).rejects.toThrow(
      "ONNX Runtime's WebGPU provider crashed: The compute process was ended by SIGSEGV while validating",
    );
    await expect(rethrowAsProviderCrash(options('ort-cpu'), crash())).rejects.toThrow(/^The compute process/);
    await expect(
      rethrowAsProviderCrash(options('ort-cuda'), Promise.reject(new WorkbenchError('cancelled', 'Cancelled'))),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
});
