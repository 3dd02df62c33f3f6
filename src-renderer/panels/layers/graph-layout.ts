import { type EdgeLabel, Graph, type GraphLabel, layout, type NodeLabel } from '@dagrejs/dagre';
import type { GraphEdge, GraphStructure } from './graph-structure';

export const NODE_WIDTH = 152;
export const NODE_HEIGHT = 40;
const RANK_GAP = 26;
const NODE_GAP = 22;
/** Larger segments are ranked by longest paths, because the exact method would take seconds. */
const EXACT_RANKS_MAX = 400;

/** Positions in pixels; y grows downwards from inputs to outputs. */
export interface GraphLayout {
  /** Centre of node i at [2i], [2i + 1]. */
  readonly centres: Float64Array;
  /** The points between the ends of each edge as alternating x and y; empty for a direct line. */
  readonly bends: readonly (readonly number[])[];
  readonly width: number;
  readonly height: number;
}

/** Called with the number of nodes that are laid out so far, and the total. */
export type LayoutProgress = (done: number, total: number) => void;

/**
 * The structure of a segment independent of its position. The blocks of a network repeat, so equal shapes are laid out
 * only once.
 */
interface Shape {
  readonly count: number;
  /** Edge i goes from node links[i][0] to node links[i][1], as indices relative to the first node of the segment. */
  readonly links: readonly (readonly [number, number])[];
}
interface Placed {
  readonly points: readonly Point[];
  /** In the order of the shape's links. */
  readonly bends: readonly (readonly number[])[];
}
interface Point {
  readonly x: number;
  readonly y: number;
}

/** Lays out every segment separately and joins neighbouring segments at the node that they share. */
export function layoutGraph(structure: GraphStructure, onProgress: LayoutProgress = () => undefined): GraphLayout {
  const centres = new Float64Array(structure.nodes.length * 2);
  const bendsById = new Map<string, readonly number[]>();
  const placedByShape = new Map<string, Placed>();
  let joint: Point = { x: 0, y: 0 };
  for (const segment of segmentsOf(structure)) {
    const placed = placeOnce(segment, placedByShape);
    const top = placed.points.reduce((least, point) => Math.min(least, point.y), Infinity);
    const dx = joint.x - (placed.points[0]?.x ?? 0);
    const dy = joint.y - top;
    let bottom = joint.y;
    placed.points.forEach((point, index) => {
      const node = segment.first + index;
      centres[node * 2] = point.x + dx;
      centres[node * 2 + 1] = point.y + dy;
      bottom = Math.max(bottom, point.y + dy);
    });
    segment.edges.forEach((edge, index) => {
      bendsById.set(
        edge.id,
        (placed.bends[index] ?? []).map((value, axis) => value + (axis % 2 === 0 ? dx : dy)),
      );
    });
    joint = { x: centres[segment.last * 2] ?? 0, y: bottom };
    onProgress(segment.last + 1, structure.nodes.length);
  }
  return moveToOrigin(structure, centres, bendsById);
}

function placeOnce(segment: GraphSegment, placedByShape: Map<string, Placed>): Placed {
  const links = segment.edges.map((edge) => [edge.from - segment.first, edge.to - segment.first] as const);
  const shape = { count: segment.last - segment.first + 1, links };
  const key = `${shape.count}:${links.map((link) => link.join('>')).join(' ')}`;
  const placed = placedByShape.get(key) ?? placeShape(shape);
  placedByShape.set(key, placed);
  return placed;
}

function placeShape({ count, links }: Shape): Placed {
  const graph = new Graph<GraphLabel, NodeLabel, EdgeLabel>({ multigraph: true });
  graph.setGraph({
    rankdir: 'TB',
    ranksep: RANK_GAP,
    nodesep: NODE_GAP,
    edgesep: 12,
    ranker: count > EXACT_RANKS_MAX ? 'longest-path' : 'network-simplex',
  });
  for (let node = 0; node < count; node++) graph.setNode(String(node), { width: NODE_WIDTH, height: NODE_HEIGHT });
  links.forEach(([from, to], index) => graph.setEdge(String(from), String(to), {}, String(index)));
  layout(graph);
  const points = Array.from({ length: count }, (_, node): Point => {
    const label = graph.node(String(node));
    return { x: label.x ?? 0, y: label.y ?? 0 };
  });
  // The first and last point are omitted: they are on the borders of the nodes, and the ends are drawn from the nodes.
  const bends = links.map(([from, to], index) => {
    const isDirect = (points[to]?.y ?? 0) - (points[from]?.y ?? 0) < 1.5 * (NODE_HEIGHT + RANK_GAP);
    const label = graph.edge(String(from), String(to), String(index));
    return isDirect ? [] : (label.points ?? []).slice(1, -1).flatMap((point) => [point.x, point.y]);
  });
  return { points, bends };
}

/** Moves the layout so that its top left corner is (0, 0), and routes long edges through lanes on the right. */
function moveToOrigin(
  structure: GraphStructure,
  centres: Float64Array,
  bendsById: ReadonlyMap<string, readonly number[]>,
): GraphLayout {
  const xs = [...centres].filter((_, index) => index % 2 === 0);
  const ys = [...centres].filter((_, index) => index % 2 === 1);
  const left = xs.reduce((least, x) => Math.min(least, x), 0) - NODE_WIDTH / 2;
  const top = ys.reduce((least, y) => Math.min(least, y), 0) - NODE_HEIGHT / 2;
  const right = xs.reduce((most, x) => Math.max(most, x), 0) + NODE_WIDTH / 2 - left;
  const bottom = ys.reduce((most, y) => Math.max(most, y), 0) + NODE_HEIGHT / 2 - top;
  const moved = centres.map((value, index) => value - (index % 2 === 0 ? left : top));
  const lanes = new Map<string, number>();
  const laneOf = (tensor: string): number => {
    const lane = lanes.get(tensor) ?? right + NODE_GAP * (lanes.size + 1);
    lanes.set(tensor, lane);
    return lane;
  };
  const bends = structure.edges.map((edge) => {
    if (!isLongEdge(edge))
      return (bendsById.get(edge.id) ?? []).map((value, index) => value - (index % 2 === 0 ? left : top));
    const lane = laneOf(edge.tensor);
    const below = (moved[edge.from * 2 + 1] ?? 0) + NODE_HEIGHT / 2 + RANK_GAP / 2;
    const above = (moved[edge.to * 2 + 1] ?? 0) - NODE_HEIGHT / 2 - RANK_GAP / 2;
    return [lane, below, lane, above];
  });
  return { centres: moved, bends, width: right + NODE_GAP * lanes.size, height: bottom };
}

/** Edges that span more nodes than this in topological order are ignored by the layout and drawn over it. */
export const LONG_EDGE_SPAN = 80;

/** The nodes [first, last] in topological order and the edges between them; neighbouring segments share one node. */
export interface GraphSegment {
  readonly first: number;
  readonly last: number;
  readonly edges: readonly GraphEdge[];
}

export function isLongEdge(edge: GraphEdge): boolean {
  return edge.to - edge.from > LONG_EDGE_SPAN;
}

/**
 * Cuts the graph at nodes through which all data flows, that is, nodes that no short edge passes by. Most networks are
 * chains of blocks, so segments are small and the time for the layout is proportional to the number of layers.
 */
export function segmentsOf(structure: GraphStructure): GraphSegment[] {
  const count = structure.nodes.length;
  if (count === 0) return [];
  const edges = structure.edges.filter((edge) => !isLongEdge(edge) && edge.from < edge.to);
  const isCut = cutsOf(count, edges);
  const starts = [...isCut.keys()].filter((node) => node < count - 1 && (node === 0 || isCut[node]));
  const segments = starts.map((first, index) => ({
    first,
    last: starts[index + 1] ?? count - 1,
    edges: [] as GraphEdge[],
  }));
  const segmentOf = segmentOfEdge(starts);
  for (const edge of edges) segments[segmentOf(edge)]?.edges.push(edge);
  return segments.length === 0 ? [{ first: 0, last: count - 1, edges: [] }] : segments;
}

/** For every node, true if no edge starts before it and ends after it, and it has both incoming and outgoing edges. */
function cutsOf(count: number, edges: readonly GraphEdge[]): boolean[] {
  const passing = new Int32Array(count + 1);
  const hasInput = new Uint8Array(count);
  const hasOutput = new Uint8Array(count);
  for (const { from, to } of edges) {
    hasOutput[from] = 1;
    hasInput[to] = 1;
    passing[from + 1] = (passing[from + 1] ?? 0) + 1;
    passing[to] = (passing[to] ?? 0) - 1;
  }
  const isCut: boolean[] = [];
  let open = 0;
  for (let node = 0; node < count; node++) {
    open += passing[node] ?? 0;
    isCut.push(open === 0 && hasInput[node] === 1 && hasOutput[node] === 1);
  }
  return isCut;
}

/** The segment of an edge is the last segment that starts at or before the start of the edge. */
function segmentOfEdge(starts: readonly number[]): (edge: GraphEdge) => number {
  return ({ from }) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= from) low = middle;
      else high = middle - 1;
    }
    return low;
  };
}

/** The message to the layout worker: one structure. */
export type LayoutRequest = GraphStructure;
/** Messages from the layout worker: progress, and finally the layout. */
export type LayoutReply =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'done'; readonly layout: GraphLayout }
  | { readonly type: 'failed'; readonly message: string };
