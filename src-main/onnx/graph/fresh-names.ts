import type { Graph } from './model';
import { subgraphsOf } from './subgraphs';

/**
 * Creates names that do not occur in a graph or in any body of its If, Loop and Scan nodes (a body must not redefine a
 * name of the outer graph). Names of nodes count as well, so that no name has two meanings. The same requests in the
 * same order give the same names.
 */
export class FreshNames {
  private readonly taken = new Set<string>();

  constructor(graph: Graph) {
    this.take(graph);
  }

  /** `wanted` itself if it is free, else `wanted_1`, `wanted_2`, ... */
  next(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.taken.has(name); i++) name = `${wanted}_${i}`;
    this.taken.add(name);
    return name;
  }

  private take(graph: Graph): void {
    for (const value of [...graph.input, ...graph.output, ...graph.valueInfo, ...graph.initializer])
      this.taken.add(value.name);
    for (const node of graph.node) {
      for (const name of [node.name, ...node.input, ...node.output]) this.taken.add(name);
      for (const inner of subgraphsOf(node)) this.take(inner);
    }
  }
}
