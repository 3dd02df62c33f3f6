import { beforeAll, describe, expect, test } from 'vitest';
import { elementTypes } from '../../../src-main/onnx/graph/dtypes';
import {
  floatTensor,
  graphAttr,
  int64Tensor,
  int8Tensor,
  intAttr,
  makeNode,
  tensorAttr,
} from '../../../src-main/onnx/graph/make';
import { DataType as T } from '../../../src-main/onnx/graph/model';
import { readModel } from '../../../src-main/onnx/wire/wire-reader';
import { buildGraph, buildModel } from '../../support/onnx-builder';
import { sharedDir, sharedModelNames, sharedPath } from '../../support/shared';
import { hasPythonOnnx, python } from './python-onnx';

test('rules of the operators', () => {
  const branch = buildGraph({ outputs: {}, nodes: [makeNode('Shape', ['x'], ['b'])] });
  const nodes = [
    makeNode('Shape', ['x'], ['shape']),
    makeNode('Cast', ['shape'], ['half'], { attributes: [intAttr('to', T.FLOAT16)] }),
    makeNode('Relu', ['half'], ['relu']),
    makeNode('TopK', ['x', 'k'], ['values', 'indices']),
    makeNode('Greater', ['x', 'x'], ['greater']),
    makeNode('Where', ['greater', 'x', 'x'], ['where']),
    makeNode('QuantizeLinear', ['x', 'scale', 'zero'], ['q']),
    makeNode('QuantizeLinear', ['x', 'scale'], ['u']),
    makeNode('DequantizeLinear', ['q', 'scale', 'zero'], ['dq']),
    makeNode('ConstantOfShape', ['shape'], ['zeros']),
    makeNode('ConstantOfShape', ['shape'], ['ones'], { attributes: [tensorAttr('value', int64Tensor('', [1], [1]))] }),
    makeNode('If', ['greater'], ['branch'], {
      attributes: [graphAttr('then_branch', { ...branch, output: [{ name: 'b', tensorType: null }] })],
    }),
    makeNode('Mystery', ['x'], ['mystery'], { domain: 'com.example' }),
    makeNode('Split', ['shape'], ['s0', 's1']),
    makeNode('CastLike', ['x', 'shape'], ['cast_like']),
  ];
  const types = elementTypes(
    buildModel({
      inputs: { x: [1] },
      outputs: {},
      nodes,
      initializers: [int64Tensor('k', [1], [1]), floatTensor('scale', [], [1]), int8Tensor('zero', [], [0])],
    }),
  );
  const expected = {
    shape: T.INT64,
    half: T.FLOAT16,
    relu: T.FLOAT16,
    values: T.FLOAT,
    indices: T.INT64,
    greater: T.BOOL,
    where: T.FLOAT,
    q: T.INT8,
    u: T.UINT8,
    dq: T.FLOAT,
    zeros: T.FLOAT,
    ones: T.INT64,
    branch: T.INT64,
    mystery: undefined,
    s1: T.INT64,
    cast_like: T.INT64,
  };
  for (const [name, type] of Object.entries(expected)) expect(types.get(name), name).toBe(type);
});

test('what an operator of another domain writes has the type of the weights that it meets', () => {
  const nodes = [
    makeNode('Mystery', ['x'], ['a'], { domain: 'com.example' }),
    makeNode('MatMul', ['a', 'weight'], ['b']),
    makeNode('Relu', ['b'], ['c']),
    makeNode('Mystery', ['c'], ['d'], { domain: 'com.example' }),
    makeNode('Gather', ['d', 'index'], ['e']),
  ];
  const types = elementTypes(
    buildModel({
      inputs: { x: [1, 2] },
      outputs: {},
      nodes,
      initializers: [floatTensor('weight', [2, 2], [1, 2, 3, 4]), int64Tensor('index', [1], [0])],
    }),
  );
  expect(['a', 'b', 'c', 'd', 'e'].map((name) => types.get(name))).toEqual([
    T.FLOAT,
    T.FLOAT,
    T.FLOAT,
    undefined,
    undefined,
  ]);
});

describe.skipIf(sharedDir() === null || !hasPythonOnnx())('agrees with onnx.shape_inference', () => {
  const script =
    'import onnx, sys, json\ndef types(path):\n  m = onnx.shape_inference.infer_shapes(onnx.load(path))\n  return {v.name: v.type.tensor_type.elem_type for v in m.graph.value_info}\nprint(json.dumps([types(path) for path in sys.argv[1:]]))';
  const inferred = new Map<string, Record<string, number>>();
  beforeAll(() => {
    const names = sharedModelNames();
    const found = JSON.parse(python(script, ...names.map((name) => sharedPath('models', name)))) as object[];
    for (const [i, types] of found.entries()) inferred.set(names[i] ?? '', types as Record<string, number>);
  });

  test.each(sharedModelNames())('%s', (name) => {
    const expected = Object.entries(inferred.get(name) ?? {});
    expect(expected.length).toBeGreaterThan(5);
    const model = readModel(sharedPath('models', name));
    const types = elementTypes({ ...model, graph: { ...model.graph, valueInfo: [] } });
    for (const [tensor, type] of expected) expect(types.get(tensor), tensor).toBe(type);
  });
});
