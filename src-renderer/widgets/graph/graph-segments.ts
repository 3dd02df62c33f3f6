import type { GraphEdge, GraphStructure } from './graph-structure';

/** Edges that jump over more nodes than this in topological order do not shape the layout: they are drawn over it. */
export const LONG_EDGE_SPAN = 80;

/** A run of nodes [first, last] in topological order and the edges among them; neighbours share one node. */
export interface GraphSegment {
  readonly first: number;
  readonly last: number;
  readonly edges: readonly GraphEdge[];
}

export function isLongEdge(edge: GraphEdge): boolean {
  return edge.to - edge.from > LONG_EDGE_SPAN;
}

/**
 * Cuts the graph where everything flows through one node: a cut is a node that no short edge passes by. Layers of a
 * network are chains of blocks, so segments are small, and laying out costs time in proportion to the layers.
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

/** For every node whether no edge starts before it and ends behind it, and something flows into and out of it. */
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

/** The segment of an edge is the last one that starts at or before the edge's start. */
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
