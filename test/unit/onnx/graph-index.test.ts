import { expect, test } from 'vitest';
import { GraphIndex } from '../../../src-main/onnx/graph/graph-index';
import { floatTensor, graphAttr, makeNode } from '../../../src-main/onnx/graph/make';
import { buildGraph, pseudoRandom } from '../../support/onnx-builder';

const body = buildGraph({
  inputs: { i: [] },
  outputs: { o: null, y: null },
  nodes: [makeNode('Add', ['i', 'a'], ['o']), makeNode('Mul', ['o', 'w'], ['local'])],
});
const graph = buildGraph({
  inputs: { x: [1], w: [1] },
  outputs: { y: null },
  nodes: [
    makeNode('Loop', ['', '', 'x'], ['l'], { attributes: [graphAttr('body', body)] }),
    makeNode('Add', ['a', 'a'], ['y']),
    makeNode('Neg', ['x'], ['a']),
  ],
  initializers: [floatTensor('w', [1], [1])],
});
const index = new GraphIndex(graph);

test('producers, consumers and captures', () => {
  expect(index.producer('a')).toMatchObject({ nodeIndex: 2, outputIndex: 0 });
  expect(index.producer('x')).toBeUndefined();
  expect(index.consumers('a').map(({ nodeIndex, inputIndex }) => [nodeIndex, inputIndex])).toEqual([
    [0, -1],
    [1, 0],
    [1, 1],
  ]);
  expect(index.consumers('w').map((consumer) => consumer.inputIndex)).toEqual([-1]);
  expect(index.consumers('o')).toEqual([]);
  expect(['a', 'w', 'y', 'x', 'i', 'o'].filter((name) => index.isCaptured(name))).toEqual(['a', 'w', 'y']);
});

test('initializers listed among the inputs are none', () => {
  expect(index.graphInputs.map((value) => value.name)).toEqual(['x']);
  expect(index.isGraphInput('w')).toBe(false);
  expect(index.initializer('w')?.dims).toEqual([1]);
  expect(index.isGraphOutput('y')).toBe(true);
});

test('topological order counts captures and keeps the file order where it can', () => {
  expect(index.topologicalOrder).toEqual([2, 1, 0]);
  expect(index.sortedNodes.map((node) => node.opType)).toEqual(['Neg', 'Add', 'Loop']);
});

test('a large shuffled graph is sorted so that every input comes first', () => {
  const random = pseudoRandom(4000, 3);
  const nodes = Array.from({ length: 2000 }, (_, i) => {
    const from = (j: number): string => (i === 0 ? 'x' : `t${Math.floor(((1 + (random[2 * i + j] ?? 0)) / 2) * i)}`);
    return makeNode('Add', [from(0), from(1)], [`t${i}`]);
  });
  const shuffled = nodes
    .map((node, i) => ({ node, key: Math.sin(i * 12.9898) }))
    .sort((a, b) => a.key - b.key)
    .map(({ node }) => node);
  const seen = new Set(['x']);
  for (const node of new GraphIndex(buildGraph({ inputs: { x: [1] }, outputs: {}, nodes: shuffled })).sortedNodes) {
    for (const name of node.input) expect(seen.has(name)).toBe(true);
    for (const name of node.output) seen.add(name);
  }
  expect(seen.size).toBe(2001);
  const inOrder = new GraphIndex(buildGraph({ inputs: { x: [1] }, outputs: {}, nodes }));
  expect(inOrder.topologicalOrder).toEqual(nodes.map((_, i) => i));
});
