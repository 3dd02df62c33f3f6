import { elementTypes, graphElementTypes } from '../graph/dtypes';
import { GraphIndex } from '../graph/graph-index';
import type { Attribute, Graph, Model, Node } from '../graph/model';
import { defaultOpset, isDefaultDomain } from '../graph/opset';
import { inferShapes } from '../graph/shapes';
import { subgraphsOf } from '../graph/subgraphs';
import { FreshNames } from '../graph/fresh-names';
import type { Notes } from './note';
import { UPGRADE_RULES, type UpgradeRule } from './upgrade-rules';
import { UpgradeScope } from './upgrade-scope';

/** Per-channel DequantizeLinear begins here. */
export const PREPARED_OPSET = 13;
/** The IR version that came with opset 13 (ONNX 1.8). */
const PREPARED_IR_VERSION = 7;

/**
 * Rewrites a model of opset 7..12 to opset 13 with the same function; subgraphs too, because the opset is the model's.
 * Source of what changed: the operator changelog of ONNX (Changelog.md).
 * @throws WorkbenchError 'model-unsupported' naming the node that cannot be rewritten exactly.
 */
export function upgradeOpset(model: Model, notes: Notes): Model {
  const opset = defaultOpset(model);
  if (opset >= PREPARED_OPSET) return model;
  notes.push({
    code: 'opset-upgraded',
    message:
      `Operator set ${opset} was upgraded to ${PREPARED_OPSET}, which per-channel quantization needs; the ` +
      'function is the same',
  });
  return applyUpgrade(model, { version: PREPARED_OPSET, irVersion: PREPARED_IR_VERSION, rules: UPGRADE_RULES });
}

export interface OpsetUpgrade {
  /** The operator set that comes out, and the IR version that came with it. */
  readonly version: number;
  readonly irVersion: number;
  readonly rules: ReadonlyMap<string, UpgradeRule>;
}

/** The model with every node rewritten by its rule, subgraphs too. */
export function applyUpgrade(model: Model, { version, irVersion, rules }: OpsetUpgrade): Model {
  const graph = upgradeGraph(model.graph, {
    rules,
    opset: defaultOpset(model),
    names: new FreshNames(model.graph),
    outer: null,
    types: elementTypes(model),
  });
  return {
    ...model,
    irVersion: Math.max(model.irVersion, irVersion),
    graph,
    opsetImport: model.opsetImport.map((entry) => (isDefaultDomain(entry.domain) ? { ...entry, version } : entry)),
  };
}

interface GraphContext {
  readonly rules: OpsetUpgrade['rules'];
  readonly opset: number;
  readonly names: FreshNames;
  /** The scope around a subgraph. */
  readonly outer: UpgradeScope | null;
  readonly types: ReadonlyMap<string, number>;
}

function upgradeGraph(graph: Graph, context: GraphContext): Graph {
  const shapes = inferShapes(graph, context.outer?.shapes);
  const scope = new UpgradeScope({ ...context, index: new GraphIndex(graph), shapes });
  const node = graph.node.flatMap((candidate) => {
    const inner = upgradeSubgraphs(candidate, scope, context.rules);
    const rule = isDefaultDomain(inner.domain) ? context.rules.get(inner.opType) : undefined;
    return rule === undefined ? [inner] : rule(inner, scope);
  });
  return { ...graph, node, initializer: [...graph.initializer, ...scope.added] };
}

function upgradeSubgraphs(node: Node, scope: UpgradeScope, rules: OpsetUpgrade['rules']): Node {
  if (subgraphsOf(node).length === 0) return node;
  const upgraded = (graph: Graph): Graph =>
    upgradeGraph(graph, {
      rules,
      opset: scope.opset,
      names: scope.names,
      outer: scope,
      types: graphElementTypes(graph, scope.types),
    });
  const attribute = node.attribute.map((item): Attribute => {
    if (item.value.kind === 'graph') return { ...item, value: { kind: 'graph', value: upgraded(item.value.value) } };
    if (item.value.kind === 'graphs')
      return { ...item, value: { kind: 'graphs', value: item.value.value.map(upgraded) } };
    return item;
  });
  return { ...node, attribute };
}
