import { describe, expect, it } from 'vitest';
import {
  edgeMark,
  edgePath,
  flowEdges,
  flowNodes,
  isLabelLeft,
} from '../../../../src-renderer/panels/layers/flow-elements';
import { layoutGraph, NODE_HEIGHT, NODE_WIDTH } from '../../../../src-renderer/panels/layers/graph-layout';
import { graphStructure, layerNodeId } from '../../../../src-renderer/panels/layers/graph-structure';
import {
  firstViewPoint,
  GraphWalk,
  isInSight,
  viewPointOn,
} from '../../../../src-renderer/panels/layers/graph-navigation';
import { generatedModel } from '../../../support/generated-model';
import { modelOf } from '../../../support/small-models';

const PANE = { width: 600, height: 400 };

describe('view of the graph', () => {
  const tall = layoutGraph(graphStructure(generatedModel(200)));
  const small = layoutGraph(graphStructure(modelOf({ x: [] }, { a: ['x'], b: ['a'] })));

  it('shows a small graph whole and a long one from its beginning, legibly', () => {
    const whole = firstViewPoint(small, PANE);
    expect(whole.zoom).toBe(1);
    expect(isInSight(small, 0, PANE, whole) && isInSight(small, 3, PANE, whole)).toBe(true);
    const beginning = firstViewPoint(tall, PANE);
    expect(beginning.zoom).toBeGreaterThanOrEqual(0.6);
    expect(isInSight(tall, 0, PANE, beginning)).toBe(true);
    expect(isInSight(tall, 150, PANE, beginning)).toBe(false);
  });

  it('brings a node into the middle and never so small that it cannot be read', () => {
    const view = viewPointOn(tall, 150, PANE, 0.1);
    expect(view.zoom).toBe(0.6);
    expect((tall.centres[300] ?? NaN) * view.zoom + view.x).toBeCloseTo(PANE.width / 2, 6);
    expect((tall.centres[301] ?? NaN) * view.zoom + view.y).toBeCloseTo(PANE.height / 2, 6);
    expect(isInSight(tall, 150, PANE, view)).toBe(true);
  });

  it('does not call a node seen that is too small to read or cut by the edge', () => {
    const view = viewPointOn(tall, 150, PANE, 1);
    expect(isInSight(tall, 150, PANE, { ...view, x: view.x - PANE.width / 2 })).toBe(false);
    expect(isInSight(small, 0, PANE, { x: 100, y: 100, zoom: 0.2 })).toBe(false);
  });
});

describe('walking with the arrow keys', () => {
  const structure = graphStructure(
    modelOf({ x: [] }, { a: ['x'], left: ['a'], right: ['a'], join: ['left', 'right'] }),
  );
  const layout = layoutGraph(structure);
  const walk = new GraphWalk(structure, layout);
  const at = (layer: string): number => structure.nodes.findIndex((node) => node.id === layerNodeId(layer));

  it('goes down to a reader and up to a producer', () => {
    expect([at('left'), at('right')]).toContain(walk.next(at('a'), 'down'));
    expect(walk.next(at('left'), 'down')).toBe(at('join'));
    expect(walk.next(at('left'), 'up')).toBe(at('a'));
    expect(walk.next(at('a'), 'up')).toBe(0);
  });

  it('goes sideways to the other branch and back', () => {
    const [west, east] =
      (layout.centres[at('left') * 2] ?? 0) < (layout.centres[at('right') * 2] ?? 0)
        ? ['left', 'right']
        : ['right', 'left'];
    expect(walk.next(at(west ?? ''), 'right')).toBe(at(east ?? ''));
    expect(walk.next(at(east ?? ''), 'left')).toBe(at(west ?? ''));
    expect(walk.next(at(west ?? ''), 'left')).toBeNull();
  });

  it('stops at the ends', () => {
    expect(walk.next(0, 'up')).toBeNull();
    expect(walk.next(structure.nodes.length - 1, 'down')).toBeNull();
  });
});

describe('elements of the graph', () => {
  const structure = graphStructure(modelOf({ x: [] }, { a: ['x'], b: ['a'], add: ['b', 'a'] }));
  const layout = layoutGraph(structure);

  it('gives nodes their corner, of the size that the layout reckoned with', () => {
    const nodes = flowNodes(structure, layout);
    expect(nodes.map((node) => node.type)).toEqual(['model-input', 'layer', 'layer', 'layer', 'model-output']);
    nodes.forEach((node, index) => {
      expect(node.position).toEqual({
        x: (layout.centres[index * 2] ?? NaN) - NODE_WIDTH / 2,
        y: (layout.centres[index * 2 + 1] ?? NaN) - NODE_HEIGHT / 2,
      });
      expect(node.measured).toEqual({ width: NODE_WIDTH, height: NODE_HEIGHT });
    });
  });

  it('names the layer that an edge enters, and none for an output of the model', () => {
    expect(flowEdges(structure, layout).map((edge) => edge.data?.toLayer)).toEqual(['a', 'b', 'add', 'add', null]);
  });

  it('draws from end to end, with and without bends', () => {
    const ends = { sourceX: 0, sourceY: 0, targetX: 100, targetY: 80 };
    expect(edgePath(ends, [])).toBe('M0,0C0,40 100,40 100,80');
    expect(edgePath(ends, [50, 20, 50, 60])).toBe('M0,0Q50,20 50,40Q50,60 100,80');
  });

  it('keeps the marks of two edges apart that end in the same layer', () => {
    const target = { targetX: 100, targetY: 100 };
    const straight = edgeMark({ sourceX: 160, sourceY: 40, ...target }, []);
    const around = edgeMark({ sourceX: 100, sourceY: -100, ...target }, [40, -20, 40, 40]);
    expect(Math.hypot(straight.x - around.x, straight.y - around.y)).toBeGreaterThan(14);
    expect(straight.y).toBeGreaterThan(40);
    expect(straight.y).toBeLessThan(100);
  });
});

it('puts the label of an edge that goes around on the left to its left, and every other one to its right', () => {
  const ends = { sourceX: 100, sourceY: 0, targetX: 100, targetY: 90 };
  expect([60, 100, 140].map((markX) => isLabelLeft(ends, markX))).toEqual([true, false, false]);
  expect(isLabelLeft({ ...ends, targetX: 160 }, 130)).toBe(false);
});
