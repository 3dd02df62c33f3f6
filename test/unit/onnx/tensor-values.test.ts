import { expect, test } from 'vitest';
import { int64Tensor, int8Tensor, makeTensor } from '../../../src-main/onnx/graph/make';
import { DataType } from '../../../src-main/onnx/graph/model';
import { float16ToFloat32 } from '../../../src-main/onnx/graph/fp16';
import { tensorAsFloat32, tensorAsInts } from '../../../src-main/onnx/graph/tensor-values';
import { hasPythonOnnx, python } from './python-onnx';

test('half precision: the corners of IEEE 754 binary16', () => {
  const cases: [number, number][] = [
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7e00, NaN],
  ];
  for (const [bits, value] of cases) expect(float16ToFloat32(bits)).toBe(value);
});

test.skipIf(!hasPythonOnnx())('half precision: all 65536 patterns as numpy has them', () => {
  const text = python(
    'import numpy as np, json\nprint(json.dumps([repr(float(v)) for v in np.arange(65536, dtype=np.uint16).view(np.float16)]))',
  );
  const expected = (JSON.parse(text) as string[]).map((value) => Number(value.replace('inf', 'Infinity')));
  expect(Array.from({ length: 65536 }, (_, bits) => float16ToFloat32(bits))).toEqual(expected);
});

test('bytes need not be aligned', () => {
  const bytes = new Uint8Array([9, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]).subarray(1);
  expect([...tensorAsFloat32(makeTensor('t', DataType.FLOAT, [2], bytes))]).toEqual([1, -2]);
  expect([...tensorAsFloat32(makeTensor('t', DataType.BFLOAT16, [4], bytes))]).toEqual([0, 1, 0, -2]);
  expect([
    ...tensorAsFloat32(makeTensor('t', DataType.DOUBLE, [1], new Uint8Array(new Float64Array([0.1]).buffer))),
  ]).toEqual([Math.fround(0.1)]);
});

test('whole numbers', () => {
  expect(tensorAsInts(int8Tensor('t', [3], [-128, 0, 127]))).toEqual([-128, 0, 127]);
  expect(tensorAsInts(int64Tensor('t', [2], [-1, 2n ** 63n - 1n]))).toEqual([-1, 2 ** 63]);
});

test('a wrong type is named', () => {
  expect(() => tensorAsFloat32(int8Tensor('t', [1], [1]))).toThrow(/Tensor "t" is int8, expected float32/);
  expect(() => tensorAsInts(makeTensor('t', DataType.FLOAT, [1], new Uint8Array(4)))).toThrow(
    /Tensor "t" is float32, expected whole numbers/,
  );
});
