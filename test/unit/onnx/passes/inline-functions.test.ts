import { describe, expect, test } from 'vitest';
import { graphProblems } from '../../../../src-main/onnx/graph/check-graph';
import { floatTensor, graphAttr, intAttr, intsAttr, makeNode } from '../../../../src-main/onnx/graph/make';
import type { Attribute, Model, ModelFunction, Node } from '../../../../src-main/onnx/graph/model';
import { inlineFunctions } from '../../../../src-main/onnx/passes/inline-functions';
import { parseModel, readModel } from '../../../../src-main/onnx/wire/wire-reader';
import { encodeModel } from '../../../../src-main/onnx/wire/wire-writer';
import { sharedDir, sharedPath } from '../../../support/shared';
import { buildGraph, buildModel, pseudoRandom } from '../../../support/onnx-builder';
import { relativeDifference, runModel } from '../run-ort';

const DOMAIN = 'local';

function local(
  name: string,
  nodes: readonly Node[],
  more: Partial<ModelFunction> & { readonly opset?: number } = {},
): ModelFunction {
  const { opset = 17, ...rest } = more;
  return {
    name,
    domain: DOMAIN,
    overload: '',
    input: ['X'],
    output: ['Y'],
    attribute: [],
    attributeDefault: [],
    node: nodes,
    opsetImport: [
      { domain: '', version: opset },
      { domain: DOMAIN, version: 1 },
    ],
    valueInfo: [],
    ...rest,
  };
}

function call(
  name: string,
  input: readonly string[],
  output: readonly string[],
  attributes: readonly Attribute[] = [],
) {
  return makeNode(name, input, output, { domain: DOMAIN, name: `call_${output[0] ?? ''}`, attributes });
}

function withFunctions(nodes: readonly Node[], functions: readonly ModelFunction[], opset = 17): Model {
  const model = buildModel({
    inputs: { x: [1, 4, 6, 6] },
    outputs: { y: null },
    nodes,
    initializers: [floatTensor('w', [4, 4, 3, 3], pseudoRandom(144)), floatTensor('b', [4], pseudoRandom(4))],
    opset,
    irVersion: 9,
  });
  return { ...model, functions, opsetImport: [...model.opsetImport, { domain: DOMAIN, version: 1 }] };
}

function reference(name: string, to: string): Attribute {
  // AttributeProto.ref_attr_name (21) and type (20) INTS, as a file has them.
  const text = new TextEncoder().encode(to);
  const bytes = Uint8Array.from([0xaa, 0x01, text.length, ...text, 0xa0, 0x01, 7]);
  return { name, value: { kind: 'reference', to }, unknownFields: bytes };
}

async function expectSame(model: Model): Promise<Model> {
  const inlined = inlineFunctions(model);
  expect(graphProblems(inlined)).toEqual([]);
  expect(inlined.functions).toBeUndefined();
  const expected = await runModel(model);
  expect(relativeDifference(expected, await runModel(inlined))).toBeLessThan(1e-6);
  return inlined;
}

describe('a function is replaced by its body', () => {
  const convolution = makeNode('Conv', ['X', 'W', 'B'], ['t'], { attributes: [reference('pads', 'padding')] });
  const block = local('Block', [convolution, makeNode('Relu', ['t'], ['Y'])], {
    input: ['X', 'W', 'B'],
    attribute: ['padding'],
  });
  const pads = [intsAttr('padding', [1, 1, 1, 1])];

  test('called twice: names stay unique, attributes come from the call', async () => {
    const nodes = [call('Block', ['x', 'w', 'b'], ['a'], pads), call('Block', ['a', 'w', 'b'], ['y'])];
    const inlined = await expectSame(withFunctions(nodes, [block]));
    expect(inlined.graph.node.map(({ opType, name }) => [opType, name])).toEqual([
      ['Conv', 'call_a/Conv'],
      ['Relu', 'call_a/Relu'],
      ['Conv', 'call_y/Conv'],
      ['Relu', 'call_y/Relu'],
    ]);
    expect(inlined.graph.node.map(({ attribute }) => attribute.length)).toEqual([1, 0, 0, 0]);
    expect(inlined.opsetImport).toEqual([{ domain: '', version: 17 }]);
  });

  test('nested, with a default of an attribute, and through a written file', async () => {
    const outer = local('Outer', [call('Block', ['X', 'W', 'B'], ['Y'], [reference('padding', 'around')])], {
      input: ['X', 'W', 'B'],
      attributeDefault: [intsAttr('around', [1, 1, 1, 1])],
    });
    const model = withFunctions([call('Outer', ['x', 'w', 'b'], ['y'])], [outer, block]);
    const read = parseModel(encodeModel(model), 'm.onnx');
    expect(read.functions?.map(({ name }) => name)).toEqual(['Outer', 'Block']);
    const inlined = await expectSame(read);
    expect(inlined.graph.node[0]?.attribute).toMatchObject([
      { name: 'pads', value: { kind: 'ints', value: [1n, 1n, 1n, 1n] } },
    ]);
  });

  test('an unused output, an output that is an input, and a body of If', async () => {
    const split = local('Split', [makeNode('Neg', ['X'], ['N']), makeNode('Relu', ['N'], ['R'])], {
      output: ['N', 'R', 'X'],
    });
    const branch = (op: string) =>
      buildGraph({ outputs: { inner: null }, nodes: [call(op, ['a'], ['inner'])], inputs: {} });
    const positive = local('Positive', [makeNode('Relu', ['X'], ['Y'])]);
    const nodes = [
      call('Split', ['x'], ['unused', 'a', 'copy']),
      makeNode('ReduceSum', ['a'], ['s'], { attributes: [intAttr('keepdims', 0)] }),
      makeNode('Greater', ['s', 'zero'], ['is']),
      makeNode('If', ['is'], ['chosen'], {
        attributes: [graphAttr('then_branch', branch('Positive')), graphAttr('else_branch', branch('Positive'))],
      }),
      makeNode('Add', ['chosen', 'copy'], ['y']),
    ];
    const model = withFunctions(nodes, [split, positive]);
    const withZero = {
      ...model,
      graph: { ...model.graph, initializer: [...model.graph.initializer, floatTensor('zero', [], [0])] },
    };
    const inlined = inlineFunctions(withZero);
    expect(graphProblems(inlined)).toEqual([]);
    const branchByHand = buildGraph({ outputs: { i: null }, nodes: [makeNode('Relu', ['a'], ['i'])] });
    const byHand = [
      makeNode('Neg', ['x'], ['n']),
      makeNode('Relu', ['n'], ['a']),
      ...nodes.slice(1, 3),
      makeNode('If', ['is'], ['chosen'], {
        attributes: [graphAttr('then_branch', branchByHand), graphAttr('else_branch', branchByHand)],
      }),
      makeNode('Add', ['chosen', 'x'], ['y']),
    ];
    const plain = { ...inlined, graph: { ...withZero.graph, node: byHand } };
    expect(await runModel(inlined)).toEqual(await runModel(plain));
  });
});

describe('operator sets of functions', () => {
  test('an older function is brought to the set of the model, and the model to that of a newer one', async () => {
    const mean = (opset: number) =>
      local(
        'Mean',
        [
          opset < 18
            ? makeNode('ReduceMean', ['X'], ['Y'], { attributes: [intsAttr('axes', [1])] })
            : makeNode('ReduceMean', ['X', 'A'], ['Y']),
        ],
        { opset, input: ['X', 'A'] },
      );
    const nodes = [call('Mean', ['x', 'axes'], ['y'])];
    for (const [ofModel, ofFunction] of [
      [17, 18],
      [18, 13],
      [20, 18],
    ] as const) {
      const model = withFunctions(nodes, [mean(ofFunction)], ofModel);
      const axes = {
        ...floatTensor('axes', [1], []),
        dataType: 7,
        data: { kind: 'bytes', bytes: Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0]) },
      } as const;
      const whole = { ...model, graph: { ...model.graph, initializer: [axes] } };
      const inlined = inlineFunctions(whole);
      expect(graphProblems(inlined)).toEqual([]);
      const [y] = Object.values(await runModel(inlined));
      expect(y).toHaveLength(36);
    }
  });

  test('an operator with another meaning is refused', () => {
    const grid = local('Grid', [makeNode('GridSample', ['X', 'X'], ['Y'], { name: 'grid' })], { opset: 19 });
    expect(() => inlineFunctions(withFunctions([call('Grid', ['x'], ['y'])], [grid], 21))).toThrow(
      /GridSample "grid" of the function that Grid "call_y" calls is of opset 19, other parts of the file are of opset 21/,
    );
  });
});

describe('hostile functions', () => {
  test('a function that calls itself, directly or through another', () => {
    const own = local('Own', [call('Own', ['X'], ['Y'])]);
    expect(() => inlineFunctions(withFunctions([call('Own', ['x'], ['y'])], [own]))).toThrow(
      'The model-local function "Own" calls itself ("Own" -> "Own"), which ONNX does not allow',
    );
    const pair = [local('A', [call('B', ['X'], ['Y'])]), local('B', [call('A', ['X'], ['Y'])])];
    expect(() => inlineFunctions(withFunctions([call('A', ['x'], ['y'])], pair))).toThrow('"A" -> "B" -> "A"');
  });

  test('functions that double at each of many levels, and that nest without end', () => {
    const twice = Array.from({ length: 40 }, (_, i) =>
      local(`F${i}`, [call(`F${i + 1}`, ['X'], ['t']), call(`F${i + 1}`, ['t'], ['Y'])]),
    );
    const last = local('F40', [makeNode('Relu', ['X'], ['Y'])]);
    expect(() => inlineFunctions(withFunctions([call('F0', ['x'], ['y'])], [...twice, last]))).toThrow(
      /at most 200000 nodes once its model-local functions are inlined/,
    );
    const chain = Array.from({ length: 5000 }, (_, i) => local(`F${i}`, [call(`F${i + 1}`, ['X'], ['Y'])]));
    expect(() => inlineFunctions(withFunctions([call('F0', ['x'], ['y'])], chain))).toThrow(/nest at most 100 deep/);
  });
});

describe.skipIf(sharedDir() === null)('of the shared cases', () => {
  test('blocks in functions become layers', async () => {
    const inlined = await expectSame(readModel(sharedPath('cases', 'local-functions.onnx')));
    expect(inlined.graph.node.map(({ opType }) => opType)).toEqual(['Conv', 'Relu', 'Conv', 'Relu', 'Conv']);
  });
});
