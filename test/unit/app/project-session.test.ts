import { rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProjectCache } from '../../../src-main/app/projects/project-cache';
import { ProjectSessions, type ProjectSession } from '../../../src-main/app/projects/project-session';
import { setCurrentCalibration } from '../../../src-main/app/projects/workspace';
import { StoredCalibration } from '../../../src-main/calibration/histograms/calibration-store';
import { HistogramReader } from '../../../src-main/calibration/histograms/histogram-file';
import type { ComputeMethods } from '../../../src-main/compute/pool/protocol';
import { prepare } from '../../../src-main/compute/tasks/prepare';
import { explain } from '../../../src-main/compute/tasks/rewrite';
import type { Compute } from '../../../src-main/compute/pool/protocol';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { loadPrepared, storePrepared } from '../../../src-main/onnx/passes/prepared-store';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import { writeStoredCalibration } from '../../support/stored-calibration';
import { useTempDirs } from '../../support/temp-dir';
import { tinyModel } from '../../support/tiny-project';
import { createTestProject, writeProjectFiles } from '../../support/project-fixture';

const tempDir = useTempDirs();
afterEach(() => {
  vi.restoreAllMocks();
});

/** Prepares and explains in this process. */
const compute = {
  request: (method: string, params: unknown) =>
    method === 'prepare'
      ? prepare(params as ComputeMethods['prepare']['params'], {})
      : explain(params as ComputeMethods['explain']['params'], {}),
  dispose: () => undefined,
} as unknown as Compute;

interface OpenProject {
  readonly session: ProjectSession;
  readonly calibrationDir: string;
  readonly tensors: readonly string[];
}

/** A project of the tiny model with a calibration whose values are small, so that its ranges need the histograms. */
async function openProject(): Promise<OpenProject> {
  const dir = tempDir();
  const workspace = await createTestProject(await writeProjectFiles(dir, { images: 6 }));
  const projectPath = workspace.path;
  await storePrepared(prepareModel(tinyModel()).model, workspace.preparedDir);
  const tensors = calibrationTensors(loadPrepared(workspace.preparedDir));
  rmSync(workspace.preparedDir, { recursive: true });
  const calibrationDir = workspace.paths.calibrationDir('key');
  writeStoredCalibration(calibrationDir, { tensors, amax: 0.01 });
  await setCurrentCalibration(workspace, 'key', undefined);
  const services = { compute, toolVersion: '1', onnxruntimeVersion: '1', userDataDir: dir };
  const session = new ProjectSessions(services).of(projectPath);
  await session.edit([{ kind: 'method', method: 'mse' }]);
  return { session, calibrationDir, tensors };
}

describe('ProjectSession', () => {
  it('reads the histograms once for any number of toggles, and keeps their costs', async () => {
    const { session } = await openProject();
    const load = vi.spyOn(StoredCalibration.prototype, 'load');
    const total = vi.spyOn(StoredCalibration.prototype, 'total');
    const open = vi.spyOn(StoredCalibration, 'open');
    await session.model(undefined);
    await session.thresholds({});
    const decoded = total.mock.calls.length;
    expect(decoded).toBeGreaterThan(0);
    for (const [base, precision] of [
      ['auto', 'fp16'],
      ['fp16', 'fp32'],
      ['fp32', 'fp16'],
    ] as const) {
      await session.edit([{ kind: 'precision', layer: 'conv1', precision, base }]);
      const { layers } = await session.model(undefined);
      expect(layers.find(({ layer }) => layer === 'conv1')?.decision.precision).toBe(precision);
      await session.thresholds({});
    }
    expect(total).toHaveBeenCalledTimes(decoded);
    expect(open).not.toHaveBeenCalled();
    expect(new Set(load.mock.contexts).size).toBe(1);
  });

  it('finds the records of the histogram file once', async () => {
    const { session, tensors } = await openProject();
    const open = vi.spyOn(HistogramReader, 'open');
    const load = vi.spyOn(StoredCalibration.prototype, 'load');
    for (const tensor of tensors) expect((await session.histogram(tensor)).total.name).toBe(tensor);
    expect(open).toHaveBeenCalledTimes(1);
    expect(load).not.toHaveBeenCalled();
  });

  it('reads a calibration that was redone', async () => {
    const { session, calibrationDir, tensors } = await openProject();
    const [tensor = ''] = tensors;
    const before = await session.histogram(tensor);
    writeStoredCalibration(calibrationDir, { tensors, amax: 4, seed: 2, images: 7 });
    const after = await session.histogram(tensor);
    expect(after.total.max).toBeGreaterThan(100 * before.total.max);
    expect(after.imageFiles).toHaveLength(7);
    expect((await session.thresholds({})).tensors[0]).toMatchObject({ amax: 4 });
  });

  it('is not calibrated any more after its calibration was removed', async () => {
    const { session, calibrationDir, tensors } = await openProject();
    expect(await session.view()).toMatchObject({ calibrated: true });
    rmSync(join(calibrationDir, 'histograms.bin'));
    expect(await session.view()).toMatchObject({ calibrated: false });
    await expect(session.histogram(tensors[0] ?? '')).rejects.toMatchObject({ code: 'calibration-missing' });
  });

  it('sees edits that another process wrote', async () => {
    const { session } = await openProject();
    await session.view();
    const other = new ProjectSessions((await session.job()).services).of(session.path);
    await other.edit([{ kind: 'target', target: 'tensorrt' }]);
    expect((await session.view()).file.target).toBe('tensorrt');
  });
});

describe('ProjectCache', () => {
  it('keeps a prepared model until its file is written again', async () => {
    const dir = join(tempDir(), 'prepared');
    await storePrepared(prepareModel(tinyModel()).model, dir);
    const cache = new ProjectCache();
    const model = cache.model(dir);
    expect(cache.model(dir)).toBe(model);
    await storePrepared(prepareModel(tinyModel()).model, dir);
    const later = new Date(Date.now() + 5_000);
    utimesSync(join(dir, 'model.onnx'), later, later);
    expect(cache.model(dir)).not.toBe(model);
  });

  it('keeps the calibrations of a project and of its equalized model side by side', async () => {
    const dirs = ['a', 'b'].map((name) => join(tempDir(), name));
    for (const dir of dirs) writeStoredCalibration(dir, { tensors: ['x'] });
    const cache = new ProjectCache();
    const first = dirs.map((dir) => cache.calibration(dir));
    expect(dirs.map((dir) => cache.calibration(dir))).toEqual(first);
    expect(cache.calibration(dirs[0] ?? '')).toBe(first[0]);
    await cache.preload(dirs[1] ?? '');
    expect(cache.calibration(dirs[1] ?? '')).toBe(first[1]);
  });
});

describe('ProjectSessions', () => {
  it('gives one session per project', () => {
    const sessions = new ProjectSessions({
      compute,
      toolVersion: '1',
      onnxruntimeVersion: '1',
      userDataDir: tempDir(),
    });
    expect(sessions.of('/a.calib')).toBe(sessions.of('/a.calib'));
    expect(sessions.of('/a.calib')).not.toBe(sessions.of('/b.calib'));
  });
});
