import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { makeNode } from '../../../src-main/onnx/graph/make';
import { DataType, type Model, type Tensor } from '../../../src-main/onnx/graph/model';
import { tensorAsFloat32 } from '../../../src-main/onnx/graph/tensor-values';
import { readModel } from '../../../src-main/onnx/wire/wire-reader';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { buildModel } from '../../support/onnx-builder';

const root = mkdtempSync(join(tmpdir(), 'onnx-external-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const GIGABYTE = 2 ** 30;

/** A model whose tensor `w` of four floats is said to lie at `location`. */
function externalModel(path: string, location: string, offset = 0, count = 4): void {
  const dataPath = join(root, 'anything');
  const tensor: Tensor = {
    name: 'w',
    dims: [count],
    dataType: DataType.FLOAT,
    data: { kind: 'file', path: dataPath, offset, length: count * 4 },
  };
  const model: Model = buildModel({
    inputs: { x: [1] },
    outputs: { y: null },
    nodes: [makeNode('Add', ['x', 'w'], ['y'])],
    initializers: [tensor],
  });
  writeFileSync(path, encodeModel(model, { externalTo: { path: dataPath, location } }));
}

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
}

const error = (code: string, text: string): unknown =>
  expect.objectContaining({ code, message: expect.stringContaining(text) as string });

test('data in a folder below the model is found', () => {
  const dir = folder('good');
  externalModel(join(dir, 'm.onnx'), 'sub/w.bin', 4);
  writeFileSync(join(folder('good/sub'), 'w.bin'), new Uint8Array(new Float32Array([9, 1, 2, 3, 4]).buffer));
  const [w] = readModel(join(dir, 'm.onnx')).graph.initializer;
  expect(w?.data).toEqual({ kind: 'file', path: join(dir, 'sub/w.bin'), offset: 4, length: 16 });
  expect(w && [...tensorAsFloat32(w)]).toEqual([1, 2, 3, 4]);
});

describe('data outside the folder is refused', () => {
  writeFileSync(join(root, 'secret.bin'), new Uint8Array(16));
  test.each([
    '../secret.bin',
    'sub/../../secret.bin',
    join(root, 'secret.bin'),
    '..\\secret.bin',
    'C:\\secret.bin',
    '',
  ])('%s', (location) => {
    const path = join(folder('outside'), 'm.onnx');
    externalModel(path, location);
    expect(() => readModel(path)).toThrow(error('model-invalid', 'Tensor "w"'));
    expect(() => readModel(path)).toThrow(/inside the model's folder/);
  });

  test.skipIf(process.platform === 'win32')('through a link', () => {
    const dir = folder('link');
    symlinkSync(join(root, 'secret.bin'), join(dir, 'w.bin'));
    externalModel(join(dir, 'm.onnx'), 'w.bin');
    expect(() => readModel(join(dir, 'm.onnx'))).toThrow(/inside the model's folder/);
  });

  test.skipIf(process.platform === 'win32')('but a cache of links, model and data alike, works', () => {
    const blobs = folder('cache/blobs');
    const snapshot = folder('cache/snapshot');
    externalModel(join(blobs, 'a1'), 'm.onnx_data');
    writeFileSync(join(blobs, 'b2'), new Uint8Array(16));
    symlinkSync(join(blobs, 'a1'), join(snapshot, 'm.onnx'));
    symlinkSync(join(blobs, 'b2'), join(snapshot, 'm.onnx_data'));
    expect(readModel(join(snapshot, 'm.onnx')).graph.initializer).toHaveLength(1);
  });
});

test('a data file that is absent, or too short, is named with the tensor', () => {
  const dir = folder('short');
  const path = join(dir, 'm.onnx');
  externalModel(path, 'w.bin', 64);
  expect(() => readModel(path)).toThrow(
    error('not-found', `Tensor "w" of ${path} has its data in ${join(dir, 'w.bin')}, which does not exist`),
  );
  writeFileSync(join(dir, 'w.bin'), new Uint8Array(79));
  expect(() => readModel(path)).toThrow(
    error('model-invalid', `expected at least 80 bytes in ${join(dir, 'w.bin')}, found 79`),
  );
});

test('external data beyond 4 GB is addressed exactly', () => {
  const dir = folder('large');
  const offset = 5 * GIGABYTE + 64;
  externalModel(join(dir, 'm.onnx'), 'w.bin', offset);
  const fd = openSync(join(dir, 'w.bin'), 'w');
  ftruncateSync(fd, offset);
  writeSync(fd, new Uint8Array(new Float32Array([5, 6, 7, 8]).buffer), 0, 16, offset);
  closeSync(fd);
  const [w] = readModel(join(dir, 'm.onnx')).graph.initializer;
  expect(w && [...tensorAsFloat32(w)]).toEqual([5, 6, 7, 8]);
});
