import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../../src-main/onnx/graph/model';
import { defaultOpset, isOp } from '../../../src-main/onnx/graph/opset';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { loadPrepared, preparedWeights, storePrepared } from '../../../src-main/onnx/passes/prepared-store';
import { readModel } from '../../../src-main/onnx/wire/wire-reader';
import { encodeModel, writeModel } from '../../../src-main/onnx/wire/wire-writer';
import { sharedDir, sharedModelNames, sharedPath } from '../../support/shared';
import { checkWithPython, hasPythonOnnx } from './python-onnx';
import { relativeDifference, runModel } from './run-ort';

let dir = '';
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'onnx-models-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const countOf = (model: Model, ...ops: string[]): number =>
  model.graph.node.filter((node) => isOp(node, ...ops)).length;

describe.skipIf(sharedDir() === null).each(sharedModelNames())('%s', (name) => {
  const path = sharedDir() === null ? '' : sharedPath('models', name);

  test('is written back byte for byte, in memory and as a file', async () => {
    const model = readModel(path);
    const original = readFileSync(path);
    expect(original.equals(encodeModel(model))).toBe(true);
    const copy = join(dir, `copy-${name}`);
    expect(await writeModel(model, copy)).toEqual({ files: [copy], sizeBytes: original.length });
    expect(original.equals(readFileSync(copy))).toBe(true);
  });

  test('means the same after every message was encoded anew', async () => {
    const model = readModel(path);
    const anew = encodeModel(structuredClone(model));
    expect(relativeDifference(await runModel(model, path), await runModel(model, anew))).toBe(0);
  });

  test('prepared, stored and loaded again computes the same', async () => {
    const original = readModel(path);
    const { model, notes } = prepareModel(original);
    const preparedDir = join(dir, `prepared-${name}`);
    await storePrepared(model, preparedDir);
    const loaded = loadPrepared(preparedDir);
    const expected = await runModel(original, path);
    expect(relativeDifference(expected, await runModel(loaded, join(preparedDir, 'model.onnx')))).toBeLessThan(1e-4);
    const bytes = encodeModel({ ...loaded, graph: { ...loaded.graph } }, { externalTo: preparedWeights(preparedDir) });
    expect(bytes.length).toBeLessThan(400_000);
    expect(relativeDifference(expected, await runModel(loaded, bytes, preparedDir))).toBeLessThan(1e-4);

    expect(defaultOpset(loaded)).toBeGreaterThanOrEqual(13);
    expect(countOf(loaded, 'Constant', 'Identity', 'Dropout')).toBe(0);
    expect(countOf(loaded, 'BatchNormalization')).toBe(0);
    expect(notes.filter((note) => note.code === 'batchnorm-kept')).toEqual([]);
    const nodeNames = loaded.graph.node.map((node) => node.name);
    expect(new Set(nodeNames).size).toBe(nodeNames.length);
    expect(nodeNames).not.toContain('');
    expect(loaded.graph.output.map((value) => value.name)).toEqual(original.graph.output.map((value) => value.name));
    expect(prepareModel(loaded).model).toBe(loaded);
  });
});

describe.skipIf(sharedDir() === null || !hasPythonOnnx())('after preparation, the ONNX checker accepts', () => {
  const verdicts = new Map<string, string>();
  beforeAll(async () => {
    const names = sharedModelNames();
    const paths = names.map((name) => join(dir, `checked-${name}`));
    for (const [i, name] of names.entries())
      await writeModel(prepareModel(readModel(sharedPath('models', name))).model, paths[i] ?? '');
    for (const [i, verdict] of checkWithPython(...paths).entries()) verdicts.set(names[i] ?? '', verdict);
  });

  test.each(sharedModelNames())('%s', (name) => {
    expect(verdicts.get(name)).toBe('ok');
    expect(statSync(join(dir, `checked-${name}`)).size).toBeGreaterThan(1000);
  });
});
