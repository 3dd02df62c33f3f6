import type { Graph } from '../graph/model';
import { capturedNames } from '../graph/subgraphs';

/** Takes initializers out of the graph's inputs (as old models list them): their values are fixed from here on. */
export function fixInitializers(graph: Graph): Graph {
  const names = new Set(graph.initializer.map((tensor) => tensor.name));
  const input = graph.input.filter((value) => !names.has(value.name));
  return input.length === graph.input.length ? graph : { ...graph, input };
}

/** Drops initializers that no node, subgraph or graph output uses. */
export function dropUnusedInitializers(graph: Graph): Graph {
  const used = new Set(graph.output.map((value) => value.name));
  for (const node of graph.node) {
    for (const name of node.input) used.add(name);
    for (const name of capturedNames(node)) used.add(name);
  }
  const initializer = graph.initializer.filter((tensor) => used.has(tensor.name));
  return initializer.length === graph.initializer.length ? graph : { ...graph, initializer };
}

/** Drops value_info of tensors that no longer exist. */
export function dropStaleValueInfo(graph: Graph): Graph {
  const exists = new Set(graph.node.flatMap((node) => node.output));
  const valueInfo = graph.valueInfo.filter((value) => exists.has(value.name));
  return valueInfo.length === graph.valueInfo.length ? graph : { ...graph, valueInfo };
}
