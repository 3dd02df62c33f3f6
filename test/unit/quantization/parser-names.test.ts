import { describe, expect, it } from 'vitest';
import { floatTensor, makeModel, makeNode, makeValueInfo } from '../../../src-main/onnx/graph/make';
import { DataType } from '../../../src-main/onnx/graph/model';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { parserNames } from '../../../src-main/quantization/rules/parser-names';

const ones = (name: string): ReturnType<typeof floatTensor> => floatTensor(name, [2], [1, 1]);

/** Conv-BatchNormalization-Relu-Conv; names as an exporter may leave them. */
function model(names: readonly [string, string, string, string]) {
  const graph = {
    name: 'net',
    node: [
      makeNode('Conv', ['x', 'w'], ['c'], { name: names[0] }),
      makeNode('BatchNormalization', ['c', 'scale', 'bias', 'mean', 'var'], ['b'], { name: names[1] }),
      makeNode('Relu', ['b'], ['r'], { name: names[2] }),
      makeNode('Conv', ['r', 'w'], ['y'], { name: names[3] }),
    ],
    initializer: [floatTensor('w', [2, 2, 1, 1], [1, 0, 0, 1]), ones('scale'), ones('bias'), ones('mean'), ones('var')],
    input: [makeValueInfo('x', DataType.FLOAT, [1, 2, 4, 4])],
    output: [makeValueInfo('y', DataType.FLOAT, [1, 2, 4, 4])],
    valueInfo: [],
  };
  return makeModel(graph, 17);
}

describe('parserNames', () => {
  it('keeps names that the model has', () => {
    const given = model(['first', 'norm', 'relu', 'second']);
    expect([...parserNames(prepareModel(given).model, given)]).toEqual([
      ['first', 'first'],
      ['relu', 'relu'],
      ['second', 'second'],
    ]);
  });

  it('calls what has no name as the parser does, after its output, through a folded BatchNormalization too', () => {
    const given = model(['', '', '', '']);
    const { model: prepared } = prepareModel(given);
    expect([...parserNames(prepared, given)]).toEqual([
      [prepared.graph.node[0]?.name, 'node_of_c'],
      [prepared.graph.node[1]?.name, 'node_of_r'],
      [prepared.graph.node[2]?.name, 'node_of_y'],
    ]);
  });
});
