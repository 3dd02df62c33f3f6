import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkToolchain, presentToolchain, writeToolchainLock } from '../../../../src-main/app/runs/toolchain';
import type { JobServices } from '../../../../src-main/app/job-context';
import { WorkbenchError } from '../../../../src-shared/base/errors';

let project = '';
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'calib-toolchain-'));
});
afterEach(() => rmSync(project, { recursive: true }));

function services(tensorrt: string | null, driverVersion = '12.4'): JobServices {
  const request = (): Promise<unknown> =>
    tensorrt === null
      ? Promise.reject(new WorkbenchError('backend-unavailable', 'no TensorRT'))
      : Promise.resolve({ version: tensorrt, devices: [{ index: 0, name: 'H200', driverVersion }] });
  return {
    compute: { request } as unknown as JobServices['compute'],
    toolVersion: '0.1.0',
    onnxruntimeVersion: '1.24.0',
    userDataDir: project,
  };
}

const check = (backend: 'ort-cpu' | 'tensorrt', own: JobServices) =>
  checkToolchain(project, { backend, device: undefined }, { services: own });

describe('the lock of the toolchain', () => {
  it('refuses another driver, where engines run on a GPU', async () => {
    await writeToolchainLock(project, { policy: 'refuse', toolchain: await presentToolchain(services('10.6.0')) });
    expect(await check('tensorrt', services('10.6.0'))).toEqual([]);
    await expect(check('tensorrt', services('10.6.0', '13.0'))).rejects.toMatchObject({
      code: 'toolchain-differs',
      message: expect.stringContaining('driver of the GPU is 13.0, locked is 12.4') as string,
    });
    expect(await check('ort-cpu', services(null))).toEqual([]);
    await expect(check('ort-cpu', { ...services(null), onnxruntimeVersion: '1.25.0' })).rejects.toMatchObject({
      message: expect.stringContaining('ONNX Runtime is 1.25.0, locked is 1.24.0') as string,
    });
  });

  it('notes the difference if its policy says so', async () => {
    await writeToolchainLock(project, { policy: 'note', toolchain: { tensorrt: '10.5.0' } });
    expect(await check('tensorrt', services('10.6.0'))).toMatchObject([{ code: 'toolchain-differs' }]);
  });

  it('is optional, and named if it is damaged', async () => {
    expect(await check('tensorrt', services(null))).toEqual([]);
    writeFileSync(join(project, 'toolchain.json'), '{"version":1,"policy":"ask","toolchain":{}}');
    await expect(check('ort-cpu', services(null))).rejects.toMatchObject({
      code: 'project-invalid',
      message: expect.stringContaining('at policy, found "ask"') as string,
    });
  });
});
