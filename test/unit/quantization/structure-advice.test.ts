import { describe, expect, test } from 'vitest';
import { floatTensor, intAttr, intsAttr, makeNode } from '../../../src-main/onnx/graph/make';
import type { Node, Tensor } from '../../../src-main/onnx/graph/model';
import { graphFacts } from '../../../src-main/quantization/rules/graph-facts';
import { structureAdvice } from '../../../src-main/quantization/rules/structure-advice';
import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import { buildModel, pseudoRandom } from '../../support/onnx-builder';

const weight = (name: string, dims: readonly number[]): Tensor =>
  floatTensor(name, dims, pseudoRandom(dims.reduce((a, b) => a * b, 1)));
const conv = (name: string, from: string, to: string): Node => makeNode('Conv', [from, `w_${name}`], [to], { name });

/** [code, ...layers] of every proposal; all nodes can be released unless named. */
function advice(
  nodes: readonly Node[],
  ranges: TensorRanges,
  {
    weights = [],
    outputs = ['y'],
    kept = [],
  }: { weights?: readonly Tensor[]; outputs?: string[]; kept?: string[] } = {},
): (readonly string[])[] {
  const named = nodes.filter(({ opType }) => opType === 'Conv').map(({ name }) => weight(`w_${name}`, [8, 8, 1, 1]));
  const own = new Set(weights.map(({ name }) => name));
  const model = buildModel({
    inputs: { x: [1, 8, 4, 4] },
    outputs: Object.fromEntries(outputs.map((name) => [name, null])),
    nodes,
    initializers: [...named.filter(({ name }) => !own.has(name)), ...weights],
    opset: 17,
  });
  const releasable = nodes.map(({ name }) => name).filter((name) => !kept.includes(name));
  return structureAdvice(graphFacts(model), ranges, releasable).map(({ code, layers }) => [code, ...layers]);
}

const chain = [conv('a', 'x', 't1'), conv('b', 't1', 't2'), conv('c', 't2', 't3'), conv('d', 't3', 'y')];

describe('first and last layers', () => {
  test('the stem is tried by its first layer, its second, and both; the head is the last layer', () => {
    expect(advice(chain, {})).toEqual([
      ['head', 'd'],
      ['stem', 'a'],
      ['stem', 'b'],
      ['stem', 'a', 'b'],
    ]);
  });

  test('layers that cannot leave INT8 are left out, and with them proposals without layers', () => {
    expect(advice(chain, {}, { kept: ['a', 'd'] })).toEqual([['stem', 'b']]);
  });

  test('heads with other numbers of channels are tried together and each', () => {
    const nodes = [...chain.slice(0, 3), conv('box', 't3', 'y'), conv('cls', 't3', 'z')];
    const weights = [weight('w_box', [4, 8, 1, 1]), weight('w_cls', [20, 8, 1, 1])];
    expect(advice(nodes, {}, { weights, outputs: ['y', 'z'] }).filter(([code]) => code === 'head')).toEqual([
      ['head', 'box', 'cls'],
      ['head', 'box'],
      ['head', 'cls'],
    ]);
  });
});

describe('unlike ranges', () => {
  const concat = makeNode('Concat', ['t1', 't2'], ['t3'], { name: 'join', attributes: [intAttr('axis', 1)] });
  const wide = [weight('w_d', [8, 16, 1, 1])];
  const joined = [...chain.slice(0, 2), concat, conv('d', 't3', 'y')];

  test('a Concat of ranges 8 times apart, with the layers that read it', () => {
    const like: TensorRanges = { t1: [-1, 1], t2: [0, 7.9] };
    const unlike: TensorRanges = { t1: [-1, 1], t2: [0, 8] };
    const found = (ranges: TensorRanges) =>
      advice(joined, ranges, { weights: wide }).filter(([code]) => code === 'concat-ranges');
    expect(found(like)).toEqual([]);
    expect(found(unlike)).toEqual([['concat-ranges', 'join', 'd']]);
    // A tensor that is always 0 needs no steps.
    expect(found({ t1: [0, 0], t2: [0, 8] })).toEqual([]);
  });

  test('scores beside boxes in front of an output, with the arithmetic before', () => {
    const nodes = [
      ...chain.slice(0, 2),
      makeNode('Sigmoid', ['t1'], ['scores'], { name: 'sigmoid' }),
      makeNode('Mul', ['t2', 'k'], ['boxes'], { name: 'scale' }),
      makeNode('Concat', ['boxes', 'scores'], ['both'], { name: 'join', attributes: [intAttr('axis', 1)] }),
      makeNode('Transpose', ['both'], ['y'], { name: 'turn', attributes: [intsAttr('perm', [0, 2, 3, 1])] }),
    ];
    const weights = [floatTensor('k', [], [100])];
    expect(advice(nodes, { boxes: [0, 300] }, { weights }).filter(([code]) => code === 'scores-beside-boxes')).toEqual([
      ['scores-beside-boxes', 'sigmoid', 'scale', 'join'],
    ]);
  });

  test('a residual Add of unlike branches', () => {
    const nodes = [...chain.slice(0, 2), makeNode('Add', ['t1', 't2'], ['t3'], { name: 'add' }), conv('d', 't3', 'y')];
    const found = advice(nodes, { t1: [-50, 20], t2: [-1, 2] });
    expect(found.filter(([code]) => code === 'residual-ranges')).toEqual([['residual-ranges', 'add']]);
  });
});

describe('parts of known networks', () => {
  test('a distribution over bins: the products by 0, 1, 2, ... and the layers before its Softmax', () => {
    const nodes = [
      ...chain.slice(0, 2),
      makeNode('Softmax', ['t2'], ['p'], { name: 'softmax', attributes: [intAttr('axis', 1)] }),
      makeNode('Transpose', ['p'], ['pt'], { name: 'turn', attributes: [intsAttr('perm', [0, 1, 3, 2])] }),
      conv('dfl', 'pt', 'y'),
    ];
    const bins = floatTensor('w_dfl', [1, 8, 1, 1], [0, 1, 2, 3, 4, 5, 6, 7]);
    expect(advice(nodes, {}, { weights: [bins] })[0]).toEqual(['dfl', 'b', 'dfl']);
    const other = floatTensor('w_dfl', [1, 8, 1, 1], [0, 1, 2, 3, 4, 5, 6, 8]);
    expect(advice(nodes, {}, { weights: [other] }).some(([code]) => code === 'dfl')).toBe(false);
  });

  test('products behind Softmax and behind a normalization, also one that is written out', () => {
    const nodes = [
      makeNode('LayerNormalization', ['x', 'one'], ['n'], { name: 'norm' }),
      makeNode('MatMul', ['n', 'm'], ['q'], { name: 'query' }),
      makeNode('Softmax', ['q'], ['p'], { name: 'softmax' }),
      makeNode('MatMul', ['p', 'q'], ['v'], { name: 'value' }),
      makeNode('Mul', ['v', 'v'], ['squares'], { name: 'square' }),
      makeNode('ReduceMean', ['squares'], ['mean'], { name: 'mean', attributes: [intsAttr('axes', [-1])] }),
      makeNode('Add', ['mean', 'epsilon'], ['variance'], { name: 'epsilon' }),
      makeNode('Sqrt', ['variance'], ['deviation'], { name: 'sqrt' }),
      makeNode('Div', ['v', 'deviation'], ['d'], { name: 'div' }),
      makeNode('Mul', ['d', 'one'], ['scaled'], { name: 'gain' }),
      makeNode('MatMul', ['scaled', 'm'], ['y'], { name: 'out' }),
    ];
    const weights = [floatTensor('one', [4], [1, 1, 1, 1]), weight('m', [4, 4]), floatTensor('epsilon', [], [1e-5])];
    const found = advice(nodes, {}, { weights });
    expect(found.find(([code]) => code === 'softmax')).toEqual(['softmax', 'value']);
    expect(found.find(([code]) => code === 'layernorm')).toEqual(['layernorm', 'query', 'out']);
  });
});
