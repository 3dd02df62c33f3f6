import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { floatTensor, graphAttr, intsAttr, makeNode, tensorAttr } from '../../../src-main/onnx/graph/make';
import type { Graph, Tensor } from '../../../src-main/onnx/graph/model';
import { tensorAsFloat32, tensorAsInts, tensorBytes } from '../../../src-main/onnx/graph/tensor-values';
import { parseModel, readModel } from '../../../src-main/onnx/wire/wire-reader';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { buildGraph, buildModel } from '../../support/onnx-builder';
import { hasPythonOnnx, python } from './python-onnx';

const dir = mkdtempSync(join(tmpdir(), 'onnx-read-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
}

const small = buildModel({
  inputs: { x: [1] },
  outputs: { y: [1] },
  nodes: [makeNode('Add', ['x', 'w'], ['y'])],
  initializers: [floatTensor('w', [2], [1, 2])],
});
const invalid = (text: string): unknown =>
  expect.objectContaining({ code: 'model-invalid', message: expect.stringContaining(text) as string });

describe('files that are no ONNX models are refused, and the message says what they are', () => {
  const cases: readonly [string, Uint8Array | string, string][] = [
    ['empty.onnx', '', 'empty.onnx is not an ONNX model: the file is empty'],
    [
      'cat.jpg',
      new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16]),
      'cat.jpg is not an ONNX model: expected an ONNX ModelProto at byte 0, found a JPEG image',
    ],
    ['notes.txt', 'hello world, this is text\n', 'found plain text'],
    ['pointer.onnx', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'found a Git LFS pointer'],
    ['weights.pt', new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]), 'found a ZIP archive'],
    ['zeros.onnx', new Uint8Array(100), 'expected a field of ModelProto at byte 0, found tag 0'],
    // a TensorProto: dims, data_type, raw_data
    [
      'tensor.pb',
      new Uint8Array([0x08, 2, 0x10, 1, 0x4a, 4, 0, 0, 0, 0]),
      'expected ModelProto.producer_name (a text, list or message) at byte 2, found a number',
    ],
    ['only-ir.onnx', new Uint8Array([0x08, 7]), 'expected graph, opset_import at byte 2, found the end of the file'],
    [
      'long-varint.onnx',
      new Uint8Array(12).fill(0xff, 0).fill(8, 0, 1),
      'expected a number of at most 10 bytes at byte 1',
    ],
    [
      'huge-length.onnx',
      new Uint8Array([0x08, 7, 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      'bytes of field 7 of ModelProto at byte 9, found only 0 (truncated?)',
    ],
  ];
  test.each(cases)('%s', (name, bytes, text) => {
    expect(() => readModel(file(name, bytes))).toThrow(invalid(text));
  });

  test('a folder and a file that does not exist', () => {
    mkdirSync(join(dir, 'folder.onnx'));
    expect(() => readModel(join(dir, 'folder.onnx'))).toThrow(invalid('expected a file, found a folder'));
    expect(() => readModel(join(dir, 'absent.onnx'))).toThrow(
      expect.objectContaining({
        code: 'not-found',
        message: expect.stringContaining('absent.onnx does not exist') as string,
      }),
    );
  });

  test('a model cut at any byte', () => {
    const bytes = encodeModel(small);
    for (let length = 1; length < bytes.length; length++) {
      // Cut exactly between two fields of the model the rest is valid protobuf; then graph or opset_import are missing.
      expect(() => parseModel(bytes.subarray(0, length), 'cut.onnx'), `cut at ${length}`).toThrow(
        invalid('cut.onnx is not an ONNX model'),
      );
    }
  });

  test('a model with any byte replaced never does anything but throw a WorkbenchError', () => {
    const bytes = encodeModel(small);
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 0x7f, 0xff]) {
        const broken = bytes.slice();
        broken[at] = value;
        try {
          parseModel(broken, 'broken.onnx');
        } catch (error) {
          expect(error).toHaveProperty('name', 'WorkbenchError');
        }
      }
    }
  });

  test('graphs nested without end', () => {
    let graph: Graph = buildGraph({ outputs: {}, nodes: [makeNode('Relu', ['x'], ['y'])] });
    for (let i = 0; i < 40; i++)
      graph = buildGraph({
        outputs: {},
        nodes: [makeNode('If', ['x'], ['y'], { attributes: [graphAttr('then_branch', graph)] })],
      });
    expect(() => parseModel(encodeModel({ ...small, graph }), 'deep.onnx')).toThrow(
      invalid('graphs nested at most 32 deep'),
    );
  });
});

describe('tensors whose size does not fit their type and shape are refused by name', () => {
  const withTensor = (tensor: Tensor): Uint8Array =>
    encodeModel({ ...small, graph: { ...small.graph, initializer: [tensor] } });
  test.each<[string, Partial<Tensor>, string]>([
    ['too short', { dims: [3] }, 'Tensor "w" of m.onnx: expected 12 bytes for float32 [3], found 8'],
    ['negative', { dims: [-2] }, 'Tensor "w" of m.onnx has an impossible shape: [-2]'],
    ['huge', { dims: [2 ** 40, 2 ** 40] }, 'impossible shape'],
    ['no data', { data: { kind: 'bytes', bytes: new Uint8Array(0) } }, 'expected 8 bytes for float32 [2], found 0'],
  ])('%s', (_, change, text) => {
    const tensor = { ...floatTensor('w', [2], [1, 2]), ...change };
    expect(() => parseModel(withTensor(tensor), 'm.onnx')).toThrow(invalid(text));
  });
});

test('every kind of attribute survives being encoded anew', () => {
  const attributes = [
    intsAttr('ints', [-1, 2n ** 63n - 1n]),
    tensorAttr('tensor', floatTensor('', [1], [0.5])),
    graphAttr('graph', buildGraph({ outputs: { z: null }, nodes: [makeNode('Neg', ['x'], ['z'])] })),
  ];
  const model = buildModel({
    inputs: { x: [1] },
    outputs: { y: null },
    nodes: [makeNode('Custom', ['x', ''], ['y'], { name: 'n', domain: 'com.example', attributes })],
  });
  expect(parseModel(encodeModel(model), 'm')).toEqual(model);
});

const TYPED = `
import onnx, sys, json, numpy as np
from onnx import helper as h, TensorProto as T, numpy_helper as nh
types = [T.FLOAT, T.DOUBLE, T.FLOAT16, T.BFLOAT16, T.INT64, T.INT32, T.INT16, T.INT8, T.UINT8, T.UINT16, T.UINT32, T.UINT64, T.BOOL]
values = {t: [0, 1, 2, 100, 1, 0] if t in (T.UINT8, T.UINT16, T.UINT32, T.UINT64) else [0, 1, -2, 100, -1, 0] for t in types}
values[T.BOOL] = [0, 1, 1, 0, 1, 0]
for t in (T.FLOAT, T.DOUBLE, T.FLOAT16, T.BFLOAT16): values[t] = [0, 1.5, -2.25, 100, -1, 6e-8]
tensors = [h.make_tensor(onnx.TensorProto.DataType.Name(t), t, [2, 3], values[t]) for t in types]
g = h.make_graph([], 'g', [], [], tensors)
onnx.save(h.make_model(g, ir_version=10), sys.argv[1])
print(json.dumps({t.name: np.asarray(nh.to_array(t)).astype(np.float64).ravel().tolist() for t in tensors}))
`;

test.skipIf(!hasPythonOnnx())('values in float_data, int32_data, ... read as numpy reads them', () => {
  const path = join(dir, 'typed.onnx');
  const expected = JSON.parse(python(TYPED, path)) as Record<string, number[]>;
  const tensors = readModel(path).graph.initializer;
  expect(tensors.map((tensor) => tensor.name).sort()).toEqual(Object.keys(expected).sort());
  for (const tensor of tensors) {
    const isFloat = /FLOAT|DOUBLE/.test(tensor.name);
    const found = isFloat ? [...tensorAsFloat32(tensor)] : tensorAsInts(tensor);
    expect(found, tensor.name).toEqual(isFloat ? expected[tensor.name]?.map(Math.fround) : expected[tensor.name]);
  }
});

test('weights stay in the file until they are asked for', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => i);
  const path = file(
    'lazy.onnx',
    encodeModel({
      ...small,
      graph: { ...small.graph, initializer: [floatTensor('big', [1000], values), floatTensor('w', [2], [1, 2])] },
    }),
  );
  const [big, w] = readModel(path).graph.initializer;
  expect(big?.data).toMatchObject({ kind: 'file', path, length: 4000 });
  expect(w?.data.kind).toBe('bytes');
  expect(big && tensorAsFloat32(big)).toEqual(values);
  writeFileSync(path, 'short');
  expect(() => big && tensorBytes(big)).toThrow(invalid('shorter than it was'));
});
