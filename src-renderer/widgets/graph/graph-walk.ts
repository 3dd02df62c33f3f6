import type { GraphLayout } from './graph-layout';
import type { GraphStructure } from './graph-structure';

export type Direction = 'up' | 'down' | 'left' | 'right';

/** Who is beside whom, for walking through the graph with the arrow keys. Nodes by index. */
export class GraphWalk {
  private readonly producers: number[][];
  private readonly consumers: number[][];

  constructor(
    private readonly structure: GraphStructure,
    private readonly layout: GraphLayout,
  ) {
    this.producers = structure.nodes.map(() => []);
    this.consumers = structure.nodes.map(() => []);
    for (const { from, to } of structure.edges) {
      this.consumers[from]?.push(to);
      this.producers[to]?.push(from);
    }
  }

  /** Up: the nearest producer; down: the nearest consumer; left and right: the next node at about the same height. Null: none. */
  next(node: number, direction: Direction): number | null {
    if (direction === 'up') return this.nearest(node, this.producers[node] ?? []);
    if (direction === 'down') return this.nearest(node, this.consumers[node] ?? []);
    return this.beside(node, direction === 'left' ? -1 : 1);
  }

  /** The producers and consumers of a node. */
  neighbours(node: number): readonly number[] {
    return [...new Set([...(this.producers[node] ?? []), ...(this.consumers[node] ?? [])])];
  }

  private nearest(node: number, candidates: readonly number[]): number | null {
    return this.least(
      candidates,
      (candidate) => Math.abs(this.y(candidate) - this.y(node)) + Math.abs(this.x(candidate) - this.x(node)),
    );
  }

  private beside(node: number, sign: -1 | 1): number | null {
    const REACH_Y = 70;
    const candidates = [...this.structure.nodes.keys()].filter(
      (other) => (this.x(other) - this.x(node)) * sign > 1 && Math.abs(this.y(other) - this.y(node)) <= REACH_Y,
    );
    return this.least(
      candidates,
      (other) => Math.abs(this.x(other) - this.x(node)) + 2 * Math.abs(this.y(other) - this.y(node)),
    );
  }

  private least(candidates: readonly number[], cost: (node: number) => number): number | null {
    return candidates.reduce<number | null>(
      (best, candidate) => (best === null || cost(candidate) < cost(best) ? candidate : best),
      null,
    );
  }

  private x(node: number): number {
    return this.layout.centres[node * 2] ?? 0;
  }

  private y(node: number): number {
    return this.layout.centres[node * 2 + 1] ?? 0;
  }
}
