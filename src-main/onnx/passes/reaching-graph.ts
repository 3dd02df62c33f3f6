import type { Graph, Node } from '../graph/model';
import { capturedNames } from '../graph/subgraphs';
import { dropUnusedInitializers } from './drop-unused-initializers';

/**
 * The graph without outputs, and without the layers that none of `tensors` depends on; the inputs stay as they are.
 * @param graph with its layers in topological order, as in prepared models and in those that ONNX Runtime writes.
 */
export function reachingGraph(graph: Graph, tensors: readonly string[]): Graph {
  const needed = new Set(tensors);
  const kept: Node[] = [];
  for (const node of [...graph.node].reverse()) {
    if (!node.output.some((name) => needed.has(name))) continue;
    for (const name of node.input) needed.add(name);
    for (const name of capturedNames(node)) needed.add(name);
    kept.push(node);
  }
  return dropUnusedInitializers({ ...graph, node: kept.reverse(), output: [] });
}
