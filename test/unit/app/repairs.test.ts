import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importCache } from '../../../src-main/app/projects/cache-exchange';
import { applyEdits } from '../../../src-main/app/projects/project-edits';
import {
  calibrationKey,
  currentCalibrationKey,
  loadSet,
  prepared,
  setCurrentCalibration,
  workspaceOf,
  type Workspace,
} from '../../../src-main/app/projects/workspace';
import { saveSmoothing } from '../../../src-main/app/projects/smoothing-store';
import { CALIBRATION_INDEX_VERSION } from '../../../src-main/calibration/histograms/calibration-index';
import { prepare } from '../../../src-main/compute/tasks/prepare';
import type { Compute, PrepareParams } from '../../../src-main/compute/pool/protocol';
import { floatTensor } from '../../../src-main/onnx/graph/make';
import type { Model } from '../../../src-main/onnx/graph/model';
import { tensorAsFloat32 } from '../../../src-main/onnx/graph/tensor-values';
import type { ProjectEdit } from '../../../src-shared/contract/requests';
import { useTempDirs } from '../../support/temp-dir';
import { tinyModel } from '../../support/tiny-project';
import { createTestProject, writeProjectFiles } from '../../support/project-fixture';

const tempDir = useTempDirs();

/** Prepares in this process; nothing else is asked. */
const compute = {
  request: (method: string, params: unknown) => {
    if (method !== 'prepare') throw new Error(`unexpected ${method}`);
    return prepare(params as PrepareParams, {});
  },
  dispose: () => undefined,
} as unknown as Compute;

const ON: ProjectEdit = { kind: 'repair', repair: 'equalization', isOn: true };
const OFF: ProjectEdit = { kind: 'repair', repair: 'equalization', isOn: false };

/** The tiny model with channel 3 between its Convs 64 times larger, and taken back behind it. */
function planted(): Model {
  const model = tinyModel();
  const factors: Record<string, (i: number) => number> = {
    w0: (i) => (Math.floor(i / 27) === 3 ? 64 : 1),
    b0: (i) => (i === 3 ? 64 : 1),
    w1: (i) => (Math.floor(i / 9) % 16 === 3 ? 1 / 64 : 1),
  };
  const initializer = model.graph.initializer.map((tensor) => {
    const factor = factors[tensor.name];
    return factor
      ? floatTensor(
          tensor.name,
          tensor.dims,
          tensorAsFloat32(tensor).map((value, i) => value * factor(i)),
        )
      : tensor;
  });
  return { ...model, graph: { ...model.graph, initializer } };
}

async function project(): Promise<Workspace> {
  return createTestProject(await writeProjectFiles(tempDir(), { images: 6, model: planted() }));
}

/** Of the first Conv, 27 for each output channel. */
function firstWeights(model: Model): number[] {
  return model.graph.initializer.filter(({ name }) => name === 'w0').flatMap((tensor) => [...tensorAsFloat32(tensor)]);
}

async function edited(workspace: Workspace, ...edits: readonly ProjectEdit[]): Promise<Workspace> {
  return workspaceOf(workspace.path, await applyEdits(workspace, edits, compute));
}

describe('equalization of a project', () => {
  it('is another prepared model with the same layers, under a key that does not depend on how it came to be', async () => {
    const plain = await project();
    const on = await edited(plain, ON);
    expect(on.preparedDir).not.toBe(plain.preparedDir);
    expect((await edited(on, OFF)).preparedDir).toBe(plain.preparedDir);
    expect((await edited(on, { kind: 'repair', repair: 'biasCorrection', isOn: true })).preparedDir).toBe(
      on.preparedDir,
    );
    const [before, after] = [await prepared(plain, compute, {}), await prepared(on, compute, {})];
    expect(after.graph.node).toEqual(before.graph.node);
    expect(firstWeights(after)).not.toEqual(firstWeights(before));
  });

  it('has a calibration of its own, and gives the other one back when it is switched off', async () => {
    const plain = await project();
    const on = await edited(plain, ON);
    const set = await loadSet(plain, 'calibration', undefined);
    const keys = [await calibrationKey(plain, set, {}), await calibrationKey(on, set, {})] as const;
    expect(keys[0]).not.toBe(keys[1]);
    for (const [workspace, key] of [
      [plain, keys[0]],
      [on, keys[1]],
    ] as const) {
      finishCalibration(workspace.paths.calibrationDir(key), key);
      await setCurrentCalibration(workspace, key, undefined);
    }
    expect(currentCalibrationKey(plain)).toBe(keys[0]);
    expect(currentCalibrationKey(on)).toBe(keys[1]);
  });

  it('does not carry thresholds over that were about other values', async () => {
    const byHand: ProjectEdit = { kind: 'threshold', tensor: 'r0', thresholdReal: 2 };
    const plain = await edited(await project(), byHand);
    await expect(edited(plain, ON)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('"r0"') as string,
      hint: expect.stringContaining('--clear') as string,
    });
    const on = await edited(await edited(plain, { kind: 'clear-tensor', tensor: 'r0' }, ON), byHand);
    expect(on.file.manualThresholds).toEqual({ r0: 2 });
    await expect(edited(on, OFF)).rejects.toMatchObject({ code: 'usage' });
    // The input is not rescaled.
    expect((await edited(await project(), { ...byHand, tensor: 'input' }, ON)).file.plan.repairs).toEqual({
      equalization: true,
    });
  });

  it('refuses caches and imported thresholds, which are about the model as it was given', async () => {
    const plain = await project();
    const on = await edited(plain, ON);
    await expect(edited(on, { kind: 'method', method: 'imported' })).rejects.toMatchObject({ code: 'usage' });
    await expect(
      edited({ ...plain, file: { ...plain.file, method: 'imported', importedThresholds: { r0: 1 } } }, ON),
    ).rejects.toMatchObject({ code: 'usage' });
    await expect(importCache(on, join(on.path, 'any.cache'), compute)).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('--equalization off') as string,
    });
  });
});

function finishCalibration(dir: string, key: string): void {
  const index = {
    version: CALIBRATION_INDEX_VERSION,
    key,
    images: 0,
    skipped: [],
    groups: [],
    sha256: '',
    seconds: 0,
    warnings: [],
    tensors: [],
  };
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'index.json'), JSON.stringify(index));
  writeFileSync(join(dir, 'histograms.bin'), '');
}

describe('smoothing of a project', () => {
  /** Halves channel 3 in front of the second Conv. */
  const FACTORS = {
    alpha: 0.5,
    equalized: false,
    exponents: { c0: Array.from({ length: 16 }, (_, channel) => (channel === 3 ? 1 : 0)) },
  };

  it('is another prepared model, made of the factors that the plan names', async () => {
    const workspace = await project();
    await saveSmoothing(workspace.paths, 'key', FACTORS);
    const on = await edited(workspace, { kind: 'smoothing', key: 'key' });
    expect(on.preparedDir).not.toBe(workspace.preparedDir);
    const [before, after] = [await prepared(workspace, compute, {}), await prepared(on, compute, {})];
    expect(firstWeights(after)).toEqual(
      firstWeights(before).map((value, i) => (Math.floor(i / 27) === 3 ? value / 2 : value)),
    );
    expect((await edited(on, { kind: 'smoothing', key: null })).preparedDir).toBe(workspace.preparedDir);
  });

  it('names factors that are missing', async () => {
    const workspace = await project();
    await expect(edited(workspace, { kind: 'smoothing', key: 'lost' })).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('--smoothing on') as string,
    });
  });
});
