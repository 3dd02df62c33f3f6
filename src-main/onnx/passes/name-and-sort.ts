import { WorkbenchError } from '../../../src-shared/base/errors';
import { topologicalOrder } from '../graph/topological-order';
import type { Graph, Node } from '../graph/model';
import { nodeLabel } from '../graph/opset';
import { capturedNames } from '../graph/subgraphs';

/** Puts the nodes into topological order and gives each a unique name that is not empty: `Conv_12`, by its position. */
export function nameAndSort(graph: Graph): Graph {
  checkDefined(graph);
  const sorted = topologicalOrder(graph).flatMap((index) => graph.node[index] ?? []);
  const taken = new Set<string>();
  const isFirstOfName = sorted.map((node) => {
    if (node.name === '' || taken.has(node.name)) return false;
    taken.add(node.name);
    return true;
  });
  const node = sorted.map((candidate, position): Node => {
    if (isFirstOfName[position]) return candidate;
    const base = `${candidate.opType}_${position}`;
    let name = base;
    for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return { ...candidate, name };
  });
  const isUnchanged = node.every((candidate, position) => candidate === graph.node[position]);
  return isUnchanged ? graph : { ...graph, node };
}

/** @throws WorkbenchError 'model-invalid' when a node or output uses a tensor that nothing defines. */
export function checkDefined(graph: Graph): void {
  const defined = new Set([
    '',
    ...graph.input.map((value) => value.name),
    ...graph.initializer.map((tensor) => tensor.name),
  ]);
  for (const node of graph.node) for (const name of node.output) defined.add(name);
  for (const node of graph.node) {
    const missing = [...node.input, ...capturedNames(node)].find((name) => !defined.has(name));
    if (missing !== undefined) {
      throw new WorkbenchError(
        'model-invalid',
        `${nodeLabel(node)} uses tensor "${missing}", which no node, input or initializer of the graph defines`,
      );
    }
  }
  const output = graph.output.find((value) => !defined.has(value.name));
  if (output !== undefined)
    throw new WorkbenchError('model-invalid', `Graph output "${output.name}" is not made by any node`);
}
