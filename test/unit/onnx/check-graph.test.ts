import { expect, it } from 'vitest';
import { graphProblems, problemText } from '../../../src-main/onnx/graph/check-graph';
import {
  floatScalar,
  floatTensor,
  graphAttr,
  fp16Tensor,
  int8Tensor,
  intAttr,
  makeNode,
} from '../../../src-main/onnx/graph/make';
import type { Model, Node, Tensor } from '../../../src-main/onnx/graph/model';
import { buildGraph, buildModel } from '../../support/onnx-builder';

const RELU = makeNode('Relu', ['x'], ['a'], { name: 'relu' });
const ZERO = int8Tensor('zero', [], [0]);

function textsOf(nodes: readonly Node[], initializers: readonly Tensor[] = [], opset = 17): string[] {
  const output = nodes.at(-1)?.output[0] ?? 'x';
  return graphProblems(
    buildModel({ inputs: { x: [1, 4] }, outputs: { [output]: null }, nodes, initializers, opset }),
  ).map(problemText);
}

function quantize(scale: Tensor, zero: Tensor, opset = 17, weights?: Tensor): string[] {
  const attributes = weights ? [intAttr('axis', 1)] : [];
  const quantized = makeNode('QuantizeLinear', [weights?.name ?? 'x', scale.name, zero.name], ['q'], {
    name: 'q',
    attributes,
  });
  return textsOf(
    [quantized, makeNode('DequantizeLinear', ['q', scale.name, zero.name], ['y'], { name: 'dq' })],
    [scale, zero, ...(weights ? [weights] : [])],
    opset,
  );
}

it('finds nothing in valid graphs', () => {
  expect(textsOf([RELU, makeNode('Abs', ['a'], ['y'], { name: 'abs' })])).toEqual([]);
  expect(quantize(floatScalar('s', 0.5), ZERO)).toEqual([]);
  expect(quantize(fp16Tensor('s', [], [0x3c00]), ZERO, 19)).toEqual([]);
});

it.each<[string, Node[], Tensor[]]>([
  ['Abs "abs": reads "b", which nothing before it defines', [RELU, makeNode('Abs', ['b'], ['y'], { name: 'abs' })], []],
  ['Abs "abs": reads "a", which nothing before it defines', [makeNode('Abs', ['a'], ['b'], { name: 'abs' }), RELU], []],
  ['Abs "abs": defines "a", which is defined already', [RELU, makeNode('Abs', ['x'], ['a'], { name: 'abs' })], []],
  ['Relu "relu": defines "a", which is defined already', [RELU], [floatScalar('a', 1)]],
  ['Abs "relu": another node has the same name', [RELU, makeNode('Abs', ['a'], ['y'], { name: 'relu' })], []],
  [
    'FusedGelu "g": the model imports no operator set of its domain "com.microsoft"',
    [makeNode('FusedGelu', ['x'], ['y'], { name: 'g', domain: 'com.microsoft' })],
    [],
  ],
])('%s', (expected, nodes, initializers) => {
  expect(textsOf(nodes, initializers)).toEqual([expected]);
});

it('finds what a body defines again, and what it reads from outside', () => {
  const body = (name: string) =>
    buildGraph({ outputs: { [name]: null }, nodes: [makeNode('Neg', ['a'], [name], { name: 'inner' })] });
  const choice = (name: string) =>
    makeNode('If', ['yes'], ['y'], {
      name: 'choice',
      attributes: [graphAttr('then_branch', body('fine')), graphAttr('else_branch', body(name))],
    });
  const yes = { ...int8Tensor('yes', [], [1]), dataType: 9 };
  expect(textsOf([RELU, choice('other')], [yes])).toEqual([]);
  expect(textsOf([RELU, choice('a')], [yes])).toEqual(['Neg "inner": defines "a", which is defined already']);
});

it('finds an output that nothing makes', () => {
  const model: Model = buildModel({ inputs: { x: [1] }, outputs: { gone: null }, nodes: [RELU] });
  expect(graphProblems(model).map(problemText)).toEqual(['Nothing makes the output "gone"']);
});

it('compares the constants of Q/DQ with each other, the data and the operator set', () => {
  expect(quantize(fp16Tensor('s', [], [0x3c00]), ZERO)[0]).toContain('operator set 17 does not know');
  expect(quantize(floatTensor('s', [4], [1, 1, 1, 1]), ZERO)[0]).toContain(
    'its zero point has shape [], its scale [4]',
  );
  expect(quantize(floatScalar('s', 0), ZERO)[0]).toContain('not a finite number above 0');
  const weights = floatTensor('w', [2, 4], new Float32Array(8));
  expect(quantize(floatTensor('s', [3], [1, 1, 1]), int8Tensor('zero', [3], [0, 0, 0]), 17, weights)).toContain(
    'QuantizeLinear "q": it has 3 scales for axis 1 of [2,4]',
  );
});
