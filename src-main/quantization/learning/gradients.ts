import { WorkbenchError } from '../../../src-shared/base/errors';
import { GraphIndex } from '../../onnx/graph/graph-index';
import type { Graph, Node } from '../../onnx/graph/model';
import { isDefaultDomain, nodeLabel } from '../../onnx/graph/opset';
import { ELEMENTWISE_RULES } from './elementwise-rules';
import type { GradientRule } from './gradient-rule';
import type { GradientScope } from './gradient-scope';
import { POOLING_RULES } from './pooling-rules';
import { PRODUCT_RULES } from './product-rules';
import { SHAPE_RULES } from './shape-rules';

const RULES: ReadonlyMap<string, GradientRule> = new Map([
  ...ELEMENTWISE_RULES,
  ...PRODUCT_RULES,
  ...POOLING_RULES,
  ...SHAPE_RULES,
]);

/** Whether there is a rule for the operator; its attributes can still be ones that the rule does not cover. */
export function hasGradientRule(node: Node): boolean {
  return isDefaultDomain(node.domain) && RULES.has(node.opType);
}

/**
 * Adds the nodes that compute the gradients of a loss to the scope, by reverse accumulation: node by node from the last
 * to the first, with the chain rule.
 * @param seeds tensor -> the gradient of the loss with respect to it.
 * @param wanted tensors whose gradients are needed.
 * @returns tensor -> name of its gradient; tensors on which the loss does not depend are absent.
 * @throws WorkbenchError model-unsupported for a node without a rule on the way from a wanted tensor to the loss.
 */
export function addGradients(
  graph: Graph,
  scope: GradientScope,
  seeds: ReadonlyMap<string, string>,
  wanted: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const nodes = new GraphIndex(graph).sortedNodes;
  const depends = new Set(wanted);
  for (const node of nodes)
    if (node.input.some((name) => depends.has(name))) for (const name of node.output) depends.add(name);
  const parts = new Map<string, string[]>([...seeds].map(([tensor, gradient]) => [tensor, [gradient]]));
  const totals = new Map<string, string>();
  const totalOf = (tensor: string): string | null => {
    const known = totals.get(tensor);
    if (known !== undefined) return known;
    const own = parts.get(tensor);
    if (own === undefined) return null;
    const total = own.length === 1 ? (own[0] ?? '') : scope.op('Sum', own);
    totals.set(tensor, total);
    return total;
  };
  for (const node of nodes.toReversed()) {
    if (!node.input.some((name) => depends.has(name))) continue;
    const gradients = node.output.map(totalOf);
    const gradient = gradients.find((name) => name !== null);
    if (gradient === undefined || gradient === null) continue;
    const found = hasGradientRule(node)
      ? RULES.get(node.opType)?.({
          node,
          gradients,
          gradient,
          isWanted: (slot) => depends.has(node.input[slot] ?? ''),
          scope,
        })
      : null;
    if (!found) throw new WorkbenchError('model-unsupported', `There is no gradient rule for ${nodeLabel(node)}`);
    for (const [slot, name] of node.input.entries()) {
      const own = found[slot] ?? null;
      if (own === null || !depends.has(name)) continue;
      const list = parts.get(name);
      if (list) list.push(own);
      else parts.set(name, [own]);
    }
  }
  return new Map(
    [...wanted].flatMap((tensor) => {
      const total = totalOf(tensor);
      return total === null ? [] : [[tensor, total] as const];
    }),
  );
}
