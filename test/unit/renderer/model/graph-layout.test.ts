import { describe, expect, it } from 'vitest';
import {
  type GraphLayout,
  layoutGraph,
  LONG_EDGE_SPAN,
  NODE_HEIGHT,
  NODE_WIDTH,
  segmentsOf,
} from '../../../../src-renderer/panels/layers/graph-layout';
import { graphStructure, type GraphStructure } from '../../../../src-renderer/panels/layers/graph-structure';
import { generatedModel } from '../../../support/generated-model';
import { modelOf } from '../../../support/small-models';

const chain = (count: number): Record<string, readonly string[]> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, [i === 0 ? 'x' : `n${i - 1}`]]));
const x = (layout: GraphLayout, node: number): number => layout.centres[node * 2] ?? NaN;
const y = (layout: GraphLayout, node: number): number => layout.centres[node * 2 + 1] ?? NaN;

function overlaps(structure: GraphStructure, layout: GraphLayout): string[] {
  const found: string[] = [];
  for (let a = 0; a < structure.nodes.length; a++) {
    for (let b = a + 1; b < structure.nodes.length; b++) {
      const isApart =
        Math.abs(x(layout, a) - x(layout, b)) >= NODE_WIDTH || Math.abs(y(layout, a) - y(layout, b)) >= NODE_HEIGHT;
      if (!isApart) found.push(`${structure.nodes[a]?.id ?? ''} on ${structure.nodes[b]?.id ?? ''}`);
    }
  }
  return found;
}

describe('segmentsOf', () => {
  it('cuts a chain at every node', () => {
    expect(segmentsOf(graphStructure(modelOf({ x: [] }, chain(3)))).map(({ first, last }) => [first, last])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
  });

  it('keeps a block with a shortcut together', () => {
    const structure = graphStructure(modelOf({ x: [] }, { a: ['x'], b: ['a'], add: ['b', 'a'], end: ['add'] }));
    expect(segmentsOf(structure).map(({ first, last }) => [first, last])).toEqual([
      [0, 1],
      [1, 3],
      [3, 4],
      [4, 5],
    ]);
  });

  it('puts every short edge into exactly one segment', () => {
    const structure = graphStructure(generatedModel(300));
    const placed = segmentsOf(structure).flatMap((segment) => segment.edges.map((edge) => edge.id));
    expect(placed.toSorted()).toEqual(structure.edges.map((edge) => edge.id).toSorted());
  });

  it('does not let a tensor that the whole model reads hold everything together', () => {
    const layers = {
      mask: ['x'],
      ...Object.fromEntries(
        Array.from({ length: LONG_EDGE_SPAN * 2 }, (_, i) => [`n${i}`, i === 0 ? ['mask'] : [`n${i - 1}`]]),
      ),
    };
    const structure = graphStructure(modelOf({ x: [] }, { ...layers, end: [`n${LONG_EDGE_SPAN * 2 - 1}`, 'mask'] }));
    expect(segmentsOf(structure).length).toBeGreaterThan(LONG_EDGE_SPAN);
  });

  it('has one segment for a graph without edges and none for nothing', () => {
    expect(segmentsOf({ nodes: [], edges: [] })).toEqual([]);
    expect(segmentsOf({ nodes: [{ id: 'a', kind: 'input', name: 'a' }], edges: [] })).toEqual([
      { first: 0, last: 0, edges: [] },
    ]);
  });
});

describe('layoutGraph', () => {
  it('stacks a chain straight down', () => {
    const layout = layoutGraph(graphStructure(modelOf({ x: [] }, chain(4))));
    const nodes = [0, 1, 2, 3, 4, 5];
    expect(new Set(nodes.map((node) => x(layout, node))).size).toBe(1);
    for (const node of nodes.slice(1)) expect(y(layout, node) - y(layout, node - 1)).toBeGreaterThan(NODE_HEIGHT);
  });

  it('puts readers below what they read, and no node on another', () => {
    const structure = graphStructure(generatedModel(200));
    const layout = layoutGraph(structure);
    for (const edge of structure.edges) expect(y(layout, edge.to)).toBeGreaterThan(y(layout, edge.from));
    expect(overlaps(structure, layout)).toEqual([]);
  });

  it('keeps everything between the corner and its own size', () => {
    const structure = graphStructure(generatedModel(120));
    const layout = layoutGraph(structure);
    structure.nodes.forEach((_, node) => {
      expect(x(layout, node) - NODE_WIDTH / 2).toBeGreaterThanOrEqual(0);
      expect(x(layout, node) + NODE_WIDTH / 2).toBeLessThanOrEqual(layout.width);
      expect(y(layout, node) - NODE_HEIGHT / 2).toBeGreaterThanOrEqual(0);
      expect(y(layout, node) + NODE_HEIGHT / 2).toBeLessThanOrEqual(layout.height);
    });
  });

  it('leads a shortcut around the block and a very long edge through a lane on the right', () => {
    const many = Object.fromEntries(
      Array.from({ length: LONG_EDGE_SPAN + 5 }, (_, i) => [`n${i}`, [i === 0 ? 'a' : `n${i - 1}`]]),
    );
    const structure = graphStructure(
      modelOf({ x: [] }, { a: ['x'], ...many, end: [`n${LONG_EDGE_SPAN + 4}`, 'a', `n${LONG_EDGE_SPAN + 1}`] }),
    );
    const layout = layoutGraph(structure);
    const bendsOf = (tensor: string): readonly number[] =>
      layout.bends[structure.edges.findLastIndex((edge) => edge.tensor === tensor)] ?? [];
    const right = Math.max(...structure.nodes.map((_, node) => x(layout, node))) + NODE_WIDTH / 2;
    expect(
      bendsOf('a')
        .filter((_, index) => index % 2 === 0)
        .every((bendX) => bendX > right),
    ).toBe(true);
    expect(bendsOf(`n${LONG_EDGE_SPAN + 1}`).length).toBeGreaterThan(0);
    expect(bendsOf('x')).toEqual([]);
  });

  it('reports how far it is, up to the end', () => {
    const structure = graphStructure(generatedModel(60));
    const reports: number[] = [];
    layoutGraph(structure, (done, total) => {
      expect(total).toBe(structure.nodes.length);
      reports.push(done);
    });
    expect(reports.at(-1)).toBe(structure.nodes.length);
    expect(reports).toEqual(reports.toSorted((a, b) => a - b));
  });

  it('lays out a branch that ends in nothing without moving others onto it', () => {
    const structure = graphStructure(modelOf({ x: [] }, { a: ['x'], dead: ['a'], b: ['a'], c: ['b'], d: ['c'] }));
    expect(overlaps(structure, layoutGraph(structure))).toEqual([]);
  });

  it('has room for two inputs and a layer that reads constants only', () => {
    const structure = graphStructure(modelOf({ x: [], y: [] }, { shape: [], a: ['x', 'y'], b: ['a', 'shape'] }));
    expect(overlaps(structure, layoutGraph(structure))).toEqual([]);
  });
});
