import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DoctorReport } from '../../src-shared/contract/views';
import type { BenchResult, ValidateResult } from '../../src-shared/contract/job-results';
import { startCalib, type CalibOutcome } from '../support/calib-process';
import { useCalibratedProject } from '../support/project-fixture';

/** SwiftShader runs WebGPU on the processor: slow, FP32 only, but the whole way through the provider. */
const SWIFTSHADER = process.env['CALIB_SWIFTSHADER'] ?? '/usr/lib/chromium/vk_swiftshader_icd.json';
const LOADERS = [
  '/usr/lib/x86_64-linux-gnu/libvulkan.so.1',
  '/usr/lib/aarch64-linux-gnu/libvulkan.so.1',
  '/usr/lib64/libvulkan.so.1',
];
const MISSING = !existsSync(SWIFTSHADER)
  ? `${SWIFTSHADER} is absent (Debian: apt-get install chromium)`
  : !LOADERS.some((path) => existsSync(path))
    ? 'libvulkan.so.1 is absent (Debian: apt-get install libvulkan1)'
    : null;

const { dir, project } = useCalibratedProject({ images: 12, run: json });

function calib(
  args: readonly string[],
  env: NodeJS.ProcessEnv = { VK_ICD_FILENAMES: SWIFTSHADER },
): Promise<CalibOutcome> {
  return startCalib([...args, '--json'], { env: { CALIB_HOME: join(dir, 'home'), ...env } }).outcome;
}

async function json<T = unknown>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await calib(args);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

describe('a GPU backend that is not there', () => {
  it('says so before anything is made, with exit code 4', async () => {
    const outcome = await calib(['bench', project, '--backend', 'ort-webgpu', '--variants', 'fp32'], {
      VK_ICD_FILENAMES: join(dir, 'absent.json'),
      VK_DRIVER_FILES: join(dir, 'absent.json'),
    });
    expect(outcome.code).toBe(4);
    expect(outcome.stdout).toMatch(/ONNX Runtime's WebGPU provider (cannot be used|crashed)/);
    expect(outcome.stderr).not.toContain('building engines');
  }, 120_000);
});

describe.skipIf(MISSING !== null)(
  `the backend ort-webgpu on SwiftShader${MISSING === null ? '' : `: ${MISSING}`}`,
  () => {
    it('is found by name, without FP16', async () => {
      const { checks } = await json<DoctorReport>('doctor');
      expect(checks.find(({ name }) => name === 'backend ort-webgpu')).toMatchObject({
        state: 'ok',
        found: expect.stringMatching(/^SwiftShader.*, FP32 only$/) as string,
      });
    }, 120_000);

    it('answers as the CPU does, and rounds as INT8 does', async () => {
      const flags = ['--variants', 'fp32,int8-minmax', '--target', 'onnxruntime'];
      const gpu = await json<ValidateResult>(
        'validate',
        project,
        '--backend',
        'ort-webgpu',
        '--batches',
        '4',
        ...flags,
      );
      const cpu = await json<ValidateResult>('validate', project, ...flags);
      expect(gpu).toMatchObject({ images: 12, backend: 'ort-webgpu' });
      expect(gpu.warnings.map(({ code }) => code)).toEqual(['int8-simulated']);
      for (const [i, report] of gpu.variants.entries()) {
        expect(report.top1).toBe(cpu.variants[i]?.top1);
        expect(report.agreement).toBe(cpu.variants[i]?.agreement);
      }
      const sqnr = ({ variants }: ValidateResult): number => variants[1]?.outputSqnrDb ?? Number.NaN;
      expect(Math.abs(sqnr(gpu) - sqnr(cpu))).toBeLessThan(1);
    }, 300_000);

    it('is timed at several batches, the record names the device', async () => {
      const { device, backend, variants } = await json<BenchResult>(
        'bench',
        project,
        '--backend',
        'ort-webgpu',
        '--variants',
        'fp32',
        '--batches',
        '1,2',
        '--rounds',
        '1',
        '--layers',
      );
      expect(backend).toBe('ort-webgpu');
      expect(device).toMatch(/^SwiftShader/);
      expect(variants.map(({ variant, batch, latencyMs }) => [variant, batch, latencyMs.median > 0])).toEqual([
        ['fp32', 1, true],
        ['fp32', 2, true],
      ]);
      // Kernels take nearly all of the time on this device.
      expect(variants[0]?.profile?.kernelShare).toBeGreaterThan(0.5);
    }, 300_000);

    it('refuses FP16 where the device has none', async () => {
      const outcome = await calib(['bench', project, '--backend', 'ort-webgpu', '--variants', 'fp16', '--rounds', '1']);
      expect(outcome.code).toBe(1);
      expect(outcome.stdout).toContain('does not compute in FP16, which fp16');
    }, 120_000);
  },
);
