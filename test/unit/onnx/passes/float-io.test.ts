import { expect, test } from 'vitest';
import { graphProblems } from '../../../../src-main/onnx/graph/check-graph';
import { fp16Tensor, makeNode, makeValueInfo } from '../../../../src-main/onnx/graph/make';
import { DataType } from '../../../../src-main/onnx/graph/model';
import { withFloat32Io } from '../../../../src-main/onnx/passes/float-io';
import { buildModel } from '../../../support/onnx-builder';
import { runModel } from '../run-ort';

test('a model with FP16 inputs and outputs gets and gives float32, and computes in FP16 as before', async () => {
  const model = buildModel({
    inputs: {},
    outputs: {},
    nodes: [makeNode('Mul', ['x', 'w'], ['y'], { name: 'mul' })],
    initializers: [fp16Tensor('w', [1], [0x4000])],
    opset: 17,
  });
  const half = {
    ...model,
    graph: {
      ...model.graph,
      input: [makeValueInfo('x', DataType.FLOAT16, [3])],
      output: [makeValueInfo('y', DataType.FLOAT16, [3])],
    },
  };
  const made = withFloat32Io(half);
  expect(graphProblems(made)).toEqual([]);
  expect(made.graph.node.map(({ opType }) => opType)).toEqual(['Cast', 'Mul', 'Cast']);
  expect(
    [...made.graph.input, ...made.graph.output].map(({ name, tensorType }) => [name, tensorType?.elemType]),
  ).toEqual([
    ['x', DataType.FLOAT],
    ['y', DataType.FLOAT],
  ]);
  const { y } = await runModel(made);
  expect(y).toHaveLength(3);
  expect(withFloat32Io(made)).toBe(made);
});
