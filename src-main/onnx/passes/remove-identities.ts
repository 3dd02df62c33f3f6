import { GraphIndex } from '../graph/graph-index';
import type { Graph, Node } from '../graph/model';
import { isOp } from '../graph/opset';
import { tensorAsInts } from '../graph/tensor-values';
import type { Notes } from './note';

/**
 * Removes Identity and Dropout as inference sees it. The names of graph inputs and outputs and those that subgraphs
 * capture stay, so a node between two such names stays too.
 */
export function removeIdentities(graph: Graph, notes: Notes): Graph {
  const index = new GraphIndex(graph);
  const renames = new Renames();
  const removed = new Set<Node>();
  for (const node of index.sortedNodes) {
    if (!isRemovable(node, index, notes)) continue;
    const from = renames.get(node.input[0] ?? '');
    const to = node.output[0] ?? '';
    if (!index.isGraphOutput(to) && !index.isCaptured(to)) renames.set(to, from);
    else if (canTakeName(from, index) && !index.isCaptured(to)) renames.takeOver(from, to);
    else continue;
    removed.add(node);
  }
  if (removed.size === 0) return graph;
  return { ...graph, node: graph.node.filter((node) => !removed.has(node)).map((node) => renames.apply(node)) };
}

/** A tensor that only the main graph's nodes know by name. */
function canTakeName(name: string, index: GraphIndex): boolean {
  return index.producer(name) !== undefined && !index.isGraphOutput(name) && !index.isCaptured(name);
}

function isRemovable(node: Node, index: GraphIndex, notes: Notes): boolean {
  if (isOp(node, 'Identity')) return node.input[0] !== undefined && node.output[0] !== undefined;
  if (!isOp(node, 'Dropout')) return false;
  const mask = node.output[1] ?? '';
  const trainingMode = node.input[2] ?? '';
  const flag = index.initializer(trainingMode);
  const isInference = trainingMode === '' || (flag !== undefined && tensorAsInts(flag).every((value) => value === 0));
  if (isInference && (mask === '' || (index.consumers(mask).length === 0 && !index.isGraphOutput(mask)))) return true;
  notes.push({
    code: 'dropout-kept',
    message: `Dropout "${node.name}" stays: its mask is used or it runs in training mode`,
    layer: node.name,
  });
  return false;
}

/** Which name stands for which after the removals. */
class Renames {
  private readonly replacement = new Map<string, string>();

  get(name: string): string {
    return this.replacement.get(name) ?? name;
  }

  set(name: string, by: string): void {
    this.replacement.set(name, by);
  }

  /** `from` and everything that already stands for it becomes `to`. */
  takeOver(from: string, to: string): void {
    for (const [name, by] of this.replacement) if (by === from) this.replacement.set(name, to);
    this.replacement.set(from, to);
  }

  apply(node: Node): Node {
    const isChanged = [...node.input, ...node.output].some((name) => this.replacement.has(name));
    if (!isChanged) return node;
    return {
      ...node,
      input: node.input.map((name) => this.get(name)),
      output: node.output.map((name) => this.get(name)),
    };
  }
}
