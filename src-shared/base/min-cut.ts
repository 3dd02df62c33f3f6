/** The cost of labelling a variable with `false` or `true`. */
export interface UnaryCost {
  readonly whenFalse: number;
  readonly whenTrue: number;
}

/** Costs of two variables that have different labels; all costs are 0 or more. */
export interface PairCost {
  readonly a: number;
  readonly b: number;
  /** a true, b false. */
  readonly trueFalse: number;
  /** a false, b true. */
  readonly falseTrue: number;
}

/**
 * The labels with the smallest sum of costs, found as the minimum cut of a graph: the variables on the source's side
 * are `true`. A cost of Infinity excludes a label. Of several minima, the one with the fewest `true` labels is
 * returned, so that the result does not depend on rounding in the order of paths.
 *
 * Source: Boykov, Veksler and Zabih, Fast approximate energy minimization via graph cuts (2001); the flow is found by
 * shortest augmenting paths (Edmonds and Karp).
 */
export function cheapestLabels(unary: readonly UnaryCost[], pairs: readonly PairCost[]): boolean[] {
  const source = unary.length;
  const sink = source + 1;
  const flow = new Network(unary.length + 2);
  for (const [i, { whenFalse, whenTrue }] of unary.entries()) {
    flow.add(source, i, whenFalse);
    flow.add(i, sink, whenTrue);
  }
  for (const { a, b, trueFalse, falseTrue } of pairs) {
    flow.add(a, b, trueFalse);
    flow.add(b, a, falseTrue);
  }
  while (flow.augment(source, sink));
  const reached = flow.reachedFrom(source);
  return unary.map((_, i) => reached[i] !== undefined);
}

interface Edge {
  readonly to: number;
  capacity: number;
}

/** Capacities below this (a picosecond in milliseconds) count as used up, because sums of flows are rounded. */
const EPSILON = 1e-9;

class Network {
  private readonly edges: Edge[] = [];
  private readonly outgoing: number[][];

  constructor(size: number) {
    this.outgoing = Array.from({ length: size }, () => []);
  }

  /** Edges are stored in pairs: the partner of edge i, with index i ^ 1, leads back. */
  add(from: number, to: number, capacity: number): void {
    if (capacity <= 0) return;
    this.outgoing[from]?.push(this.edges.length);
    this.edges.push({ to, capacity });
    this.outgoing[to]?.push(this.edges.length);
    this.edges.push({ to: from, capacity: 0 });
  }

  /** For each node that is reached through free edges, the edge that reached it (-1 for the start), breadth first. */
  reachedFrom(start: number): (number | undefined)[] {
    const via: (number | undefined)[] = Array.from({ length: this.outgoing.length });
    via[start] = -1;
    const queue = [start];
    for (const node of queue) {
      for (const index of this.outgoing[node] ?? []) {
        const edge = this.edges[index];
        if (edge === undefined || edge.capacity <= EPSILON || via[edge.to] !== undefined) continue;
        via[edge.to] = index;
        queue.push(edge.to);
      }
    }
    return via;
  }

  /** Sends as much as possible along one shortest path; false if there is none. */
  augment(source: number, sink: number): boolean {
    const via = this.reachedFrom(source);
    const path: number[] = [];
    for (let node = sink; node !== source;) {
      const index = via[node];
      if (index === undefined) return false;
      path.push(index);
      node = this.edges[index ^ 1]?.to ?? source;
    }
    const amount = Math.min(...path.map((index) => this.edges[index]?.capacity ?? 0));
    // Two excluded labels of one variable would let through an unlimited flow.
    if (amount === Number.POSITIVE_INFINITY) return false;
    for (const index of path) {
      const edge = this.edges[index];
      const back = this.edges[index ^ 1];
      if (edge) edge.capacity -= amount;
      if (back) back.capacity += amount;
    }
    return true;
  }
}
