import type { Graph } from '../onnx/model';

/** Gives out names that the graph does not have yet; the same question in the same order gives the same names. */
export class FreshNames {
  private readonly taken: Set<string>;

  constructor(graph: Graph) {
    const nodes = graph.node.flatMap((node) => [node.name, ...node.input, ...node.output]);
    this.taken = new Set([...nodes, ...graph.initializer.map((tensor) => tensor.name), ...graph.input.map((info) => info.name)]);
  }

  next(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.taken.has(name); i++) name = `${wanted}_${i}`;
    this.taken.add(name);
    return name;
  }
}
