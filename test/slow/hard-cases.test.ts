import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkbench } from '../../src-main/app/create-workbench';
import { floatTensor, intsAttr, makeNode } from '../../src-main/onnx/graph/make';
import type { Model } from '../../src-main/onnx/graph/model';
import { readModel } from '../../src-main/onnx/wire/wire-reader';
import { tensorAsFloat32 } from '../../src-main/onnx/graph/tensor-values';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';
import type { AutoResult, SearchResult } from '../../src-shared/domain/analysis/analysis';
import type { CalibrateResult, ValidateResult } from '../../src-shared/contract/job-results';
import type { RepairResult } from '../../src-shared/domain/analysis/repair';
import { calib, calibJson } from '../support/calib-process';
import { initArguments, writeProjectFiles } from '../support/project-fixture';
import { tinyModel, writeTinyImages } from '../support/tiny-project';

let dir = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-hard-'));
  await writeProjectFiles(dir, { images: 48 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function project(name: string, model: Model, images = join(dir, 'images')): Promise<string> {
  const path = join(dir, `${name}.calib`);
  await writeModel(model, join(dir, `${name}.onnx`));
  const sets = { model: join(dir, `${name}.onnx`), images, validation: join(dir, 'images'), project: path };
  await calibJson(...initArguments(sets));
  return path;
}

const withGraph = (model: Model, change: Partial<Model['graph']>): Model => ({
  ...model,
  graph: { ...model.graph, ...change },
});

describe('an image to which FP32 answers with NaN', () => {
  it('is named and left out of what automatic choices compare', async () => {
    const images = join(dir, 'with-black');
    await writeTinyImages(images, 48);
    await sharp({ create: { width: 16, height: 16, channels: 3, background: 'black' } })
      .png()
      .toFile(join(images, 'day/a/black.png'));
    // Divides by the image's largest value.
    const tiny = tinyModel();
    const [conv, ...rest] = tiny.graph.node;
    if (!conv) throw new Error('no layer');
    const node = [
      makeNode('ReduceMax', ['input'], ['most'], { name: 'most', attributes: [intsAttr('axes', [1, 2, 3])] }),
      makeNode('Div', ['input', 'most'], ['normed'], { name: 'div' }),
      { ...conv, input: ['normed', ...conv.input.slice(1)] },
      ...rest,
    ];
    const path = await project('nan', withGraph(tiny, { node }), images);
    await calibJson('calibrate', path);
    const auto = await calibJson<AutoResult>('auto', path, '--target', 'tensorrt');
    expect(auto.singles.every(({ chosen, confirmed }) => chosen > 0 && confirmed > 0)).toBe(true);
    const search = await calibJson<SearchResult>(
      'search',
      path,
      '--against',
      images,
      '--method',
      'minmax',
      '--target',
      'tensorrt',
    );
    expect(search.plans[0]?.quality.nmse).toBeGreaterThan(0);
    expect(search.images).toBe(48);
    const validation = await calibJson<ValidateResult>(
      'validate',
      path,
      '--variants',
      'fp32,int8-minmax',
      '--target',
      'tensorrt',
    );
    expect(validation.variants[1]?.outputSqnrDb).toBeGreaterThan(5);
  });
});

describe('the project', () => {
  it('is prepared from its own model only', async () => {
    const path = await project('changed', tinyModel());
    const original = readModel(join(dir, 'changed.onnx'));
    const initializer = original.graph.initializer.map((tensor) =>
      tensor.name === 'w1'
        ? floatTensor(
            'w1',
            tensor.dims,
            [...tensorAsFloat32(tensor)].map((value) => 5 * value),
          )
        : tensor,
    );
    await writeModel(tinyModel(), join(dir, 'kept.onnx'));
    rmSync(join(path, 'prepared'), { recursive: true, force: true });
    await writeModel(withGraph(original, { initializer }), join(dir, 'changed.onnx'));
    const { code, stderr } = await calib('set', path, '--method', 'minmax');
    expect([code, stderr]).toEqual([1, expect.stringContaining('has changed since the project')]);
    await writeModel(tinyModel(), join(dir, 'changed.onnx'));
    expect((await calib('set', path, '--method', 'minmax')).code).toBe(0);
  });

  it('keeps all of many edits at once', async () => {
    const path = await project('edits', tinyModel());
    const workbench = createWorkbench();
    try {
      await Promise.all(
        ['r0', 'r1', 'c0', 'c1'].map((tensor) =>
          workbench
            .editProject({ projectPath: path, edits: [{ kind: 'tensor-method', tensor, method: 'mse' }] })
            .catch(() => undefined),
        ),
      );
      const { file } = await workbench.openProject({ projectPath: path, remembers: false });
      const named = Object.keys(file.tensorMethods).sort();
      await Promise.all(
        named.map((tensor) => workbench.editProject({ projectPath: path, edits: [{ kind: 'clear-tensor', tensor }] })),
      );
      await Promise.all(
        named.map((tensor) =>
          workbench.editProject({ projectPath: path, edits: [{ kind: 'tensor-method', tensor, method: 'minmax' }] }),
        ),
      );
      const after = (await workbench.openProject({ projectPath: path, remembers: false })).file.tensorMethods;
      expect(named.length).toBeGreaterThan(1);
      expect(Object.keys(after).sort()).toEqual(named);
      expect([...new Set(Object.values(after))]).toEqual(['minmax']);
    } finally {
      workbench.dispose();
    }
  });

  it('does not take a calibration of a few records of a .npy for one of all', async () => {
    const count = 8;
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${count}, 3, 16, 16), }`.padEnd(117) + '\n';
    const values = Float32Array.from({ length: count * 768 }, (_, i) => Math.sin(i) * (1 + Math.floor(i / 768)));
    writeFileSync(
      join(dir, 'records.npy'),
      Buffer.concat([Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), Buffer.from(header), Buffer.from(values.buffer)]),
    );
    const path = await project('records', tinyModel(), join(dir, 'records.npy'));
    expect(await calibJson<CalibrateResult>('calibrate', path, '--limit', '2')).toMatchObject({ images: 2 });
    expect(await calibJson<CalibrateResult>('calibrate', path)).toMatchObject({ images: count });
  });

  it('says that thresholds of auto and a comparison of repairs are out of date when what they were chosen among is', async () => {
    const path = await project('stale', tinyModel());
    await calibJson('calibrate', path);
    await calibJson('set', path, '--method', 'mse');
    await calibJson('auto', path);
    await calibJson('repair', path, '--variant', 'int8-minmax', '--limit', '8');
    const workbench = createWorkbench();
    const states = async () => {
      const { auto, repair } = await workbench.getAnalyses({ projectPath: path });
      return [auto?.isCurrent, repair?.isCurrent];
    };
    try {
      expect(await states()).toEqual([true, true]);
      await calibJson('set', path, '--percentile', '99');
      expect(await states()).toEqual([false, false]);
      await calibJson('set', path, '--percentile', '99.99');
      expect(await states()).toEqual([true, true]);
      await calibJson('calibrate', path, '--limit', '8');
      expect(await states()).toEqual([false, false]);
    } finally {
      workbench.dispose();
    }
  });
});

describe('odd models', () => {
  it('have their biases corrected where they have none: nothing is changed', async () => {
    const tiny = tinyModel();
    const node = tiny.graph.node.map((own) => ({
      ...own,
      input: own.opType === 'Conv' || own.opType === 'Gemm' ? own.input.slice(0, 2) : own.input,
    }));
    const path = await project(
      'no-bias',
      withGraph(tiny, { node, initializer: tiny.graph.initializer.filter(({ name }) => !name.startsWith('b')) }),
    );
    await calibJson('calibrate', path);
    const { rows } = await calibJson<RepairResult>('repair', path, '--variant', 'int8-minmax', '--limit', '16');
    expect(rows.length).toBeGreaterThan(1);
    await calibJson('set', path, '--bias-correction', 'on');
    expect((await calibJson<ValidateResult>('validate', path, '--variants', 'fp32,int8-minmax')).variants).toHaveLength(
      2,
    );
  });

  it('and stray files between the engines are no obstacle', async () => {
    const path = await project('stray', tinyModel());
    await calibJson('calibrate', path);
    await calibJson('validate', path, '--variants', 'fp32,int8-minmax');
    writeFileSync(join(path, 'engines/.DS_Store'), 'x');
    expect((await calib('validate', path, '--variants', 'fp32,int8-mse')).code).toBe(0);
  });
});
