import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { floatTensor, makeNode } from '../../../src-main/onnx/graph/make';
import type { Model } from '../../../src-main/onnx/graph/model';
import { tensorAsFloat32 } from '../../../src-main/onnx/graph/tensor-values';
import { parseModel, readModel } from '../../../src-main/onnx/wire/wire-reader';
import { encodeModel, writeModel } from '../../../src-main/onnx/wire/wire-writer';
import { buildModel, pseudoRandom } from '../../support/onnx-builder';
import { hasPythonOnnx, checkWithPython } from './python-onnx';
import { relativeDifference, runModel } from './run-ort';

let dir = '';
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'onnx-write-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const weights = pseudoRandom(2 * 3 * 20 * 20);
const model = buildModel({
  inputs: { x: [1, 3, 24, 24] },
  outputs: { y: [1, 2, 5, 5] },
  nodes: [makeNode('Conv', ['x', 'w', 'b'], ['c'], { name: 'conv' }), makeNode('Relu', ['c'], ['y'], { name: 'relu' })],
  initializers: [floatTensor('w', [2, 3, 20, 20], weights), floatTensor('b', [2], [0.5, -0.5])],
});

/**
 * ModelProto with opset before graph before ir_version, a packed dims field, an unknown field 99 and an over-long
 * varint.
 */
const ODD_ORDER = Uint8Array.from([
  ...[0x42, 2, 0x10, 13], // opset_import {version 13}
  ...[0x9a, 0x06, 3, 1, 2, 3], // field 99
  ...[0x3a, 30], // graph
  // initializer: name, raw_data, data_type, dims
  ...[0x2a, 17, 0x42, 1, 0x77, 0x4a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0x10, 1, 0x08, 2],
  ...[0x12, 1, 0x67], // name "g"
  ...[0x0a, 6, 0x12, 1, 0x79, 0x22, 1, 0x41], // node: output, op_type
  ...[0x08, 0x87, 0x80, 0x00], // ir_version 7 in three bytes
]);

describe('what was read and not replaced is written byte for byte', () => {
  test('odd field order, unknown fields and over-long numbers included', () => {
    expect(encodeModel(parseModel(ODD_ORDER, 'odd'))).toEqual(ODD_ORDER);
  });

  test('an edit changes only what it replaces', () => {
    const read = parseModel(ODD_ORDER, 'odd');
    const edited: Model = { ...read, graph: { ...read.graph, name: 'h' } };
    const bytes = Buffer.from(encodeModel(edited));
    const initializer = ODD_ORDER.subarray(14, 31);
    expect(bytes.includes(Buffer.from(initializer))).toBe(true);
    expect(bytes.includes(Buffer.from([0x9a, 0x06, 3, 1, 2, 3]))).toBe(true);
    const again = parseModel(bytes, 'again');
    expect(again.graph.name).toBe('h');
    expect(again.irVersion).toBe(7);
    expect(again.graph.node).toEqual(read.graph.node);
  });

  test('also onto the file it was read from', async () => {
    const path = join(dir, 'm.onnx');
    await writeModel(model, path);
    const before = readFileSync(path);
    await writeModel(readModel(path), path);
    expect(before.equals(readFileSync(path))).toBe(true);
  });

  test('but not when the file changed meanwhile', async () => {
    const path = join(dir, 'm.onnx');
    await writeModel(model, path);
    const read = readModel(path);
    writeFileSync(path, 'something else');
    expect(() => encodeModel(read)).toThrow(/changed on disk since it was read/);
  });
});

describe('external data', () => {
  test('above the size limit weights go to a data file beside, aligned, and nothing else changes', async () => {
    const path = join(dir, 'm.onnx');
    const written = await writeModel(model, path, {}, { maxInlineBytes: 1000 });
    expect(written.files).toEqual([path, `${path}.data`]);
    expect(written.sizeBytes).toBe(statSync(path).size + statSync(`${path}.data`).size);
    const read = readModel(path);
    expect(read.graph.initializer.map((tensor) => tensor.data.kind)).toEqual(['file', 'bytes']);
    const [w] = read.graph.initializer;
    expect(w?.data).toMatchObject({ path: `${path}.data`, offset: 0, length: weights.byteLength });
    expect(w && tensorAsFloat32(w)).toEqual(weights);
    expect(relativeDifference(await runModel(model), await runModel(read, path))).toBe(0);
    if (hasPythonOnnx()) expect(checkWithPython(path)).toEqual(['ok']);
  });

  test('a model with external data is written inline elsewhere', async () => {
    await writeModel(model, join(dir, 'm.onnx'), {}, { maxInlineBytes: 1000 });
    const elsewhere = join(dir, 'elsewhere');
    await mkdir(elsewhere);
    await writeModel(readModel(join(dir, 'm.onnx')), join(elsewhere, 'm.onnx'));
    expect(readdirSync(elsewhere)).toEqual(['m.onnx']);
    const [w] = readModel(join(elsewhere, 'm.onnx')).graph.initializer;
    expect(w && tensorAsFloat32(w)).toEqual(weights);
  });

  test('a variant refers to the weights of another file, without a copy', async () => {
    const path = join(dir, 'm.onnx');
    await writeModel(model, path, {}, { maxInlineBytes: 1000 });
    const read = readModel(path);
    const bytes = encodeModel(
      { ...read, graph: { ...read.graph, name: 'variant' } },
      { externalTo: { path: `${path}.data`, location: 'm.onnx.data' } },
    );
    expect(bytes.length).toBeLessThan(1000);
    expect(relativeDifference(await runModel(model), await runModel(read, bytes, dir))).toBe(0);
  });
});

describe('failures leave nothing behind', () => {
  test('a folder that does not exist', async () => {
    const path = join(dir, 'absent', 'm.onnx');
    await expect(writeModel(model, path)).rejects.toMatchObject({
      code: 'unwritable',
      message: `Cannot write ${path}: its folder does not exist`,
    });
  });

  test('a folder of that name', async () => {
    await mkdir(join(dir, 'm.onnx'));
    await expect(writeModel(model, join(dir, 'm.onnx'))).rejects.toMatchObject({ code: 'unwritable' });
    expect(readdirSync(dir)).toEqual(['m.onnx']);
  });

  test('a cancelled job, inline and with a data file', async () => {
    const context = { signal: AbortSignal.abort() };
    await expect(writeModel(model, join(dir, 'm.onnx'), context)).rejects.toMatchObject({ code: 'cancelled' });
    await expect(writeModel(model, join(dir, 'm.onnx'), context, { maxInlineBytes: 1000 })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(readdirSync(dir)).toEqual([]);
  });
});

/** A file of more than 2 GB that takes no space: an initializer with a hole as raw_data, then the rest of the model. */
function writeSparseModel(path: string, holeBytes: number): void {
  const bytes = (field: number, content: readonly number[]): number[] => [
    field * 8 + 2,
    ...varint(content.length),
    ...content,
  ];
  const text = (field: number, value: string): number[] => bytes(field, [...Buffer.from(value)]);
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
  const tensorHead = [0x08, ...varint(holeBytes), 0x10, 2, ...text(8, 'w'), 0x4a, ...varint(holeBytes)]; // uint8 [holeBytes]
  const node = bytes(1, [...text(1, 'w'), ...text(2, 'y'), ...text(4, 'Identity')]);
  const graphRest = [...node, ...text(2, 'g')];
  const tensorLength = tensorHead.length + holeBytes;
  const initializerHead = [0x2a, ...varint(tensorLength)];
  const graphLength = initializerHead.length + tensorLength + graphRest.length;
  const head = Uint8Array.from([0x08, 8, 0x3a, ...varint(graphLength), ...initializerHead, ...tensorHead]);
  const tail = Uint8Array.from([...graphRest, 0x42, 2, 0x10, 13]);
  const fd = openSync(path, 'w');
  writeSync(fd, head);
  ftruncateSync(fd, head.length + holeBytes);
  writeSync(fd, tail, 0, tail.length, head.length + holeBytes);
  closeSync(fd);
}

test('the structure of a file of 6 GB is read without its weights', () => {
  const path = join(dir, 'large.onnx');
  const holeBytes = 6 * 2 ** 30;
  writeSparseModel(path, holeBytes);
  const before = process.memoryUsage().rss;
  const read = readModel(path);
  expect(process.memoryUsage().rss - before).toBeLessThan(64e6);
  expect(read.graph.node).toMatchObject([{ opType: 'Identity', input: ['w'], output: ['y'] }]);
  expect(read.graph.initializer).toMatchObject([
    { name: 'w', dims: [holeBytes], data: { kind: 'file', path, length: holeBytes } },
  ]);
  expect(() => encodeModel({ ...read, graph: { ...read.graph } })).toThrow(
    expect.objectContaining({ code: 'model-unsupported' }),
  );
});
