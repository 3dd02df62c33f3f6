import { WorkbenchError } from '../../../src-shared/base/errors';
import { FreshNames } from '../graph/fresh-names';
import type { Attribute, Graph, Model, ModelFunction, Node, OperatorSetId, Tensor, ValueInfo } from '../graph/model';
import { defaultOpset, isDefaultDomain, nodeLabel } from '../graph/opset';
import { subgraphsOf } from '../graph/subgraphs';
import { atOpset, commonOpset } from './common-opset';
import { renamedBody, withAttributesOf } from './function-body';

/** Limits that no real model reaches; they end the expansion of hostile ones. */
const MAX_INLINED_NODES = 200_000;
const MAX_CALL_DEPTH = 100;

/**
 * The same model without model-local functions: every call is replaced by the function's body, calls inside bodies and
 * inside If, Loop and Scan too. If functions import other versions of the default operator set than the model, all
 * parts are brought to one version.
 * @throws WorkbenchError 'model-unsupported' for functions that call themselves, nest too deep or grow too large, and
 *   for operator sets that cannot be brought together.
 */
export function inlineFunctions(model: Model): Model {
  const { functions = [], ...rest } = model;
  if (functions.length === 0) return model;
  const byKey = new Map(functions.map((own) => [keyOf(own.domain, own.name, own.overload), own]));
  const used = usedFunctions(model.graph, byKey);
  const opset = commonOpset([
    defaultOpset(model),
    ...used.map((own) => versionOf(own.opsetImport)).filter((version) => version > 0),
  ]);
  const base = atOpset(rest, opset, 'the model');
  const expansion = new Expansion(byKey, opset, new FreshNames(base.graph));
  const graph = expansion.graph(base.graph);
  return { ...base, graph, opsetImport: importsWith(base.opsetImport, used, graph) };
}

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([isDefaultDomain(domain) ? '' : domain, name, overload]);
}

function versionOf(imports: readonly OperatorSetId[]): number {
  return Math.max(0, ...imports.filter(({ domain }) => isDefaultDomain(domain)).map(({ version }) => version));
}

type Functions = ReadonlyMap<string, ModelFunction>;

function calledBy(node: Node, functions: Functions): ModelFunction | undefined {
  return functions.get(keyOf(node.domain, node.opType, node.overload ?? ''));
}

/** The functions that the graph calls, directly or through others. @throws WorkbenchError for a cycle of calls */
function usedFunctions(graph: Graph, functions: Functions): ModelFunction[] {
  const done = new Set<ModelFunction>();
  const path: ModelFunction[] = [];
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      for (const inner of subgraphsOf(node)) visit(inner.node);
      const own = calledBy(node, functions);
      if (own === undefined || done.has(own)) continue;
      const names = (): string => [...path, own].map(({ name }) => `"${name}"`).join(' -> ');
      if (path.includes(own))
        throw new WorkbenchError(
          'model-unsupported',
          `The model-local function "${own.name}" calls itself (${names()}), which ONNX does not allow`,
          { hint: 'Export the model again.' },
        );
      if (path.length >= MAX_CALL_DEPTH)
        throw new WorkbenchError(
          'model-unsupported',
          `Expected model-local functions that nest at most ${MAX_CALL_DEPTH} deep, found deeper calls in "${own.name}"`,
          { hint: 'Inline the functions of the model with onnx.inliner.inline_local_functions.' },
        );
      path.push(own);
      visit(own.node);
      path.pop();
      done.add(own);
    }
  };
  visit(graph.node);
  return [...done];
}

class Expansion {
  private inlined = 0;

  constructor(
    private readonly functions: Functions,
    private readonly opset: number,
    private readonly names: FreshNames,
  ) {}

  graph(graph: Graph): Graph {
    const initializer: Tensor[] = [...graph.initializer];
    const valueInfo: ValueInfo[] = [...graph.valueInfo];
    const node = this.nodes(graph.node, { initializer, valueInfo });
    return { ...graph, node, initializer, valueInfo };
  }

  private nodes(
    nodes: readonly Node[],
    added: { readonly initializer: Tensor[]; readonly valueInfo: ValueInfo[] },
  ): Node[] {
    const result: Node[] = [];
    for (const node of nodes) {
      const own = calledBy(node, this.functions);
      if (own === undefined) {
        result.push(this.withExpandedBodies(node));
        continue;
      }
      const body = this.body(node, own);
      added.initializer.push(...body.initializer);
      added.valueInfo.push(...body.valueInfo);
      for (const inner of this.nodes(body.node, added)) result.push(inner);
    }
    return result;
  }

  private body(call: Node, own: ModelFunction): ReturnType<typeof renamedBody> {
    this.inlined += own.node.length + 1;
    if (this.inlined > MAX_INLINED_NODES)
      throw new WorkbenchError(
        'model-unsupported',
        `Expected a model of at most ${MAX_INLINED_NODES} nodes once its model-local functions are inlined, found more`,
        { hint: 'Export the model without functions.' },
      );
    const resolved = withAttributesOf(call, own);
    const version = versionOf(own.opsetImport);
    const graph: Graph = {
      name: own.name,
      node: resolved,
      initializer: [],
      input: own.input.map((name) => ({ name, tensorType: null })),
      output: own.output.map((name) => ({ name, tensorType: null })),
      valueInfo: own.valueInfo,
    };
    const aligned =
      version === 0 || version === this.opset
        ? graph
        : atOpset(
            { irVersion: 8, graph, opsetImport: own.opsetImport, metadataProps: [] },
            this.opset,
            `the function that ${nodeLabel(call)} calls`,
          ).graph;
    return renamedBody(aligned, own, call, this.names);
  }

  private withExpandedBodies(node: Node): Node {
    if (subgraphsOf(node).length === 0) return node;
    const attribute = node.attribute.map((item): Attribute => {
      if (item.value.kind === 'graph')
        return { ...item, value: { kind: 'graph', value: this.graph(item.value.value) } };
      if (item.value.kind === 'graphs')
        return { ...item, value: { kind: 'graphs', value: item.value.value.map((inner) => this.graph(inner)) } };
      return item;
    });
    return { ...node, attribute };
  }
}

/** The model's imports and those that only its functions had, without domains that no node uses any more. */
function importsWith(
  imports: readonly OperatorSetId[],
  used: readonly ModelFunction[],
  graph: Graph,
): readonly OperatorSetId[] {
  const inUse = new Set<string>();
  const collect = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      inUse.add(isDefaultDomain(node.domain) ? '' : node.domain);
      for (const inner of subgraphsOf(node)) collect(inner.node);
    }
  };
  collect(graph.node);
  const ofFunctions = new Set(used.map(({ domain }) => domain));
  const kept = imports.filter(({ domain }) => !ofFunctions.has(domain) || inUse.has(domain));
  const known = new Set(kept.map(({ domain }) => (isDefaultDomain(domain) ? '' : domain)));
  const added = used
    .flatMap((own) => own.opsetImport)
    .filter(({ domain }) => {
      const isNew = !isDefaultDomain(domain) && inUse.has(domain) && !known.has(domain);
      if (isNew) known.add(domain);
      return isNew;
    });
  return [...kept, ...added];
}
