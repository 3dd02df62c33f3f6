import type { Graph } from '../model';
import { subgraphsOf } from '../subgraphs';

/** Hands out names that are free in a graph and its subgraphs. */
export class FreshNames {
  private readonly taken = new Set<string>();

  constructor(graph: Graph) {
    this.take(graph);
  }

  private take(graph: Graph): void {
    for (const value of [...graph.input, ...graph.output, ...graph.valueInfo, ...graph.initializer]) this.taken.add(value.name);
    for (const node of graph.node) {
      for (const name of [...node.input, ...node.output]) this.taken.add(name);
      for (const inner of subgraphsOf(node)) this.take(inner);
    }
  }

  /** `base` itself if it is free, else `base_1`, `base_2`, ... */
  fresh(base: string): string {
    let name = base;
    for (let i = 1; this.taken.has(name); i++) name = `${base}_${i}`;
    this.taken.add(name);
    return name;
  }
}
