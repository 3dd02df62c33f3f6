import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Progress } from '../../../src-shared/contract/progress';
import { isRunning } from '../../../src-main/base/running-process';
import { ComputeClient, ForcedCancelError } from '../../../src-main/compute/pool/client';
import { FAKE_COMPUTE_HOST, writeFakeScript, type FakeScript } from '../../support/fake-compute';

const RESULT = { node: '1', onnxruntime: '2', isTelemetryOff: true, addon: '3', sharp: '4', copyReason: null };

let dir = '';
let scriptPath = '';
let client: ComputeClient | null = null;

function scripted(script: FakeScript): ComputeClient {
  writeFakeScript(scriptPath, script);
  client ??= new ComputeClient(FAKE_COMPUTE_HOST);
  return client;
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calib-client-'));
  scriptPath = join(dir, 'script.json');
  process.env['CALIB_FAKE_COMPUTE'] = scriptPath;
});

afterEach(() => {
  client?.dispose();
  client = null;
  delete process.env['CALIB_FAKE_COMPUTE'];
  rmSync(dir, { recursive: true, force: true });
});

describe('ComputeClient', () => {
  it('passes progress on and resolves with the result', async () => {
    const progress: Progress = { phase: 'counting', done: 1, total: 2, unit: 'images' };
    const seen: Progress[] = [];
    const result = await scripted({ versions: [{ progress }, { result: RESULT }] }).request(
      'versions',
      {},
      { onProgress: (item) => seen.push(item) },
    );
    expect(result).toEqual(RESULT);
    expect(seen).toEqual([progress]);
  });

  it('ends an idle process, and starts another one for the next request', async () => {
    client = new ComputeClient(FAKE_COMPUTE_HOST, 20);
    const pidOf = (): Promise<number> =>
      scripted({ versions: [{ pid: true }] }).request('versions', {}) as unknown as Promise<number>;
    const first = await pidOf();
    await expect.poll(() => isRunning(first)).toBe(false);
    const second = await pidOf();
    expect(second).not.toBe(first);
    await expect.poll(() => isRunning(second)).toBe(false);
  });

  it('keeps a process that has an open request', async () => {
    client = new ComputeClient(FAKE_COMPUTE_HOST, 0);
    const waiting = scripted({ versions: [{ waitForCancel: true }], merge: [{ pid: true }] });
    const controller = new AbortController();
    const open = waiting.request('versions', {}, { signal: controller.signal });
    const pid = (await waiting.request('merge', {} as never)) as unknown as number;
    await setTimeout(50);
    expect(isRunning(pid)).toBe(true);
    controller.abort();
    await expect(open).rejects.toMatchObject({ code: 'cancelled' });
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  it('rejects with the coded error of the process', async () => {
    const failing = scripted({
      versions: [{ error: { code: 'backend-unavailable', message: 'no addon', hint: 'install g++' } }],
    });
    await expect(failing.request('versions', {})).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: 'no addon',
      hint: 'install g++',
    });
  });

  it('turns a crash into compute-crashed with the last phase, and starts a fresh process for the next request', async () => {
    const crashing = scripted({
      versions: [{ progress: { phase: 'reading weights', done: 0, total: 0, unit: '' } }, { exit: 7 }],
    });
    await expect(crashing.request('versions', {})).rejects.toMatchObject({
      code: 'compute-crashed',
      message: 'The compute process was ended with exit code 7 while reading weights',
    });
    scripted({ versions: [{ result: RESULT }] });
    await expect(crashing.request('versions', {})).resolves.toEqual(RESULT);
  });

  it('replaces a process that says it is spoilt, and no other', async () => {
    const failing = scripted({
      versions: [{ pid: true }],
      prepare: [{ error: { code: 'internal', message: 'illegal address' }, mustRestartProcess: false }],
    });
    const first = await failing.request('versions', {});
    await expect(failing.request('prepare', { modelPath: '', preparedDir: '', equalize: false })).rejects.toMatchObject(
      { code: 'internal' },
    );
    expect(await failing.request('versions', {})).toBe(first);
    scripted({
      versions: [{ pid: true }],
      prepare: [{ error: { code: 'internal', message: 'illegal address' }, mustRestartProcess: true }],
    });
    await expect(failing.request('prepare', { modelPath: '', preparedDir: '', equalize: false })).rejects.toMatchObject(
      { code: 'internal', message: 'illegal address' },
    );
    expect(await failing.request('versions', {})).not.toBe(first);
  });

  it('ends a cancelled request through the process when it listens', async () => {
    const controller = new AbortController();
    const listening = scripted({
      versions: [{ progress: { phase: 'waiting', done: 0, total: 0, unit: '' } }, { waitForCancel: true }],
    });
    const request = listening.request(
      'versions',
      {},
      { signal: controller.signal, onProgress: () => controller.abort() },
    );
    await expect(request).rejects.toMatchObject({ code: 'cancelled' });
    await expect(request).rejects.not.toBeInstanceOf(ForcedCancelError);
  });

  it('kills a process that does not listen to a cancel, and says so', async () => {
    const controller = new AbortController();
    const hanging = scripted({
      versions: [{ progress: { phase: 'hanging', done: 0, total: 0, unit: '' } }, { hang: true }],
    });
    const request = hanging.request(
      'versions',
      {},
      { signal: controller.signal, onProgress: () => controller.abort() },
    );
    await expect(request).rejects.toBeInstanceOf(ForcedCancelError);
  });

  it('rejects at once when the signal is aborted already', async () => {
    await expect(scripted({}).request('versions', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});
