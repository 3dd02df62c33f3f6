import type { Node } from '../../onnx/graph/model';
import type { GraphFacts } from './graph-facts';

export interface Branches {
  /** The last node that both sides depend on; null if they only share a graph input. */
  readonly ancestor: Node | null;
  /** Longest path from the ancestor to each side, in nodes; 0 if the side is an output of the ancestor. */
  readonly lengths: readonly [number, number];
  /** Nodes strictly between the ancestor and each side (the side's producer included). */
  readonly between: readonly [ReadonlySet<Node>, ReadonlySet<Node>];
}

/**
 * Lowest common ancestor of two tensors. Walks backwards from both tensors in reverse topological order and stops at
 * the first node that both reach, so that only the nodes in between are visited. Undefined if there is no common
 * ancestor.
 */
export function branchesOf(facts: GraphFacts, left: string, right: string): Branches | undefined {
  const depths: readonly [Map<Node, number>, Map<Node, number>] = [new Map(), new Map()];
  const inputDepths: readonly [Map<string, number>, Map<string, number>] = [new Map(), new Map()];
  const pending = new Set<Node>();
  const reach = (side: 0 | 1, tensor: string, depth: number): void => {
    if (facts.isConstant(tensor)) return;
    const producer = facts.producer(tensor);
    if (!producer) {
      if (tensor !== '') inputDepths[side].set(tensor, Math.max(depth, inputDepths[side].get(tensor) ?? 0));
      return;
    }
    depths[side].set(producer, Math.max(depth, depths[side].get(producer) ?? 0));
    pending.add(producer);
  };
  reach(0, left, 0);
  reach(1, right, 0);
  while (pending.size > 0) {
    const node = latest(facts, pending);
    pending.delete(node);
    const [a, b] = [depths[0].get(node), depths[1].get(node)];
    if (a !== undefined && b !== undefined) {
      return {
        ancestor: node,
        lengths: [a, b],
        between: [after(facts, depths[0], node), after(facts, depths[1], node)],
      };
    }
    for (const input of node.input) {
      if (a !== undefined) reach(0, input, a + 1);
      if (b !== undefined) reach(1, input, b + 1);
    }
  }
  for (const [tensor, a] of inputDepths[0]) {
    const b = inputDepths[1].get(tensor);
    if (b !== undefined)
      return { ancestor: null, lengths: [a, b], between: [new Set(depths[0].keys()), new Set(depths[1].keys())] };
  }
  return undefined;
}

function latest(facts: GraphFacts, nodes: ReadonlySet<Node>): Node {
  let best: Node | undefined;
  for (const node of nodes) if (!best || facts.indexOf(node) > facts.indexOf(best)) best = node;
  if (!best) throw new Error('Assertion failed: no pending node');
  return best;
}

function after(facts: GraphFacts, depths: ReadonlyMap<Node, number>, ancestor: Node): Set<Node> {
  const from = facts.indexOf(ancestor);
  return new Set([...depths.keys()].filter((node) => facts.indexOf(node) > from));
}
