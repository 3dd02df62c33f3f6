import { WorkbenchError } from '../../../src-shared/base/errors';
import { makeNode } from '../graph/make';
import type { Attribute, Graph, ModelFunction, Node, Tensor, ValueInfo } from '../graph/model';
import { nodeLabel } from '../graph/opset';
import type { FreshNames } from '../graph/fresh-names';

/** The body of a function with the values of one call in place of its parameters. */
export interface FunctionBody {
  readonly node: readonly Node[];
  readonly initializer: readonly Tensor[];
  readonly valueInfo: readonly ValueInfo[];
}

/**
 * The body with the attributes of the call: a reference becomes the value that the call gives, or the function's
 * default; without either the attribute is left out (onnx.proto, FunctionProto).
 */
export function withAttributesOf(call: Node, own: ModelFunction): readonly Node[] {
  const values = new Map<string, Attribute>();
  for (const attribute of [...own.attributeDefault, ...call.attribute]) values.set(attribute.name, attribute);
  const resolved = (attribute: Attribute): readonly Attribute[] => {
    const { value } = attribute;
    if (value.kind === 'graph') return [{ ...attribute, value: { kind: 'graph', value: ofGraph(value.value) } }];
    if (value.kind === 'graphs') return [{ ...attribute, value: { kind: 'graphs', value: value.value.map(ofGraph) } }];
    if (value.kind !== 'reference') return [attribute];
    const given = values.get(value.to);
    if (given === undefined) return [];
    if (given.value.kind === 'graph' || given.value.kind === 'graphs')
      throw new WorkbenchError(
        'model-unsupported',
        `${nodeLabel(call)} passes a graph to the model-local function "${own.name}", which is not supported`,
        { hint: 'Inline the functions of the model with onnx.inliner.inline_local_functions.' },
      );
    return [{ ...given, name: attribute.name }];
  };
  const ofNode = (node: Node): Node =>
    node.attribute.every(({ value }) => !['graph', 'graphs', 'reference'].includes(value.kind))
      ? node
      : { ...node, attribute: node.attribute.flatMap(resolved) };
  const ofGraph = (graph: Graph): Graph => ({ ...graph, node: graph.node.map(ofNode) });
  return own.node.map(ofNode);
}

/**
 * The body in the names of the graph around the call: parameters have the names that the call gives them, every other
 * name begins with the name of the call and is unique in the graph.
 */
export function renamedBody(body: FunctionBody, own: ModelFunction, call: Node, names: FreshNames): FunctionBody {
  const prefix = call.name === '' ? (call.output[0] ?? own.name) : call.name;
  const fresh = (name: string): string => names.next(`${prefix}/${name}`);
  const map = new Map<string, string>([['', '']]);
  own.input.forEach((name, i) => map.set(name, call.input[i] ?? ''));
  const copies: Node[] = [];
  const outputs = new Set<string>();
  own.output.forEach((name, i) => {
    const given = call.output[i] ?? '';
    if (given === '') return;
    if (map.has(name) && (outputs.has(name) || own.input.includes(name)))
      copies.push(makeNode('Identity', [map.get(name) ?? ''], [given], { name: fresh('Identity') }));
    else map.set(name, given);
    outputs.add(name);
  });
  const scope = new Map(map);
  for (const name of [...body.initializer.map((tensor) => tensor.name), ...body.node.flatMap((node) => node.output)])
    if (!scope.has(name)) scope.set(name, fresh(name));
  return {
    node: [...body.node.map((node) => renamedNode(node, scope, fresh)), ...copies],
    initializer: body.initializer.map((tensor) => ({ ...tensor, name: scope.get(tensor.name) ?? tensor.name })),
    valueInfo: body.valueInfo.flatMap((value) => {
      const name = scope.get(value.name);
      return name === undefined || own.input.includes(value.name) ? [] : [{ ...value, name }];
    }),
  };
}

function renamedNode(node: Node, scope: ReadonlyMap<string, string>, fresh: (name: string) => string): Node {
  const renamed = (name: string): string => scope.get(name) ?? name;
  return {
    ...node,
    name: fresh(node.name === '' ? node.opType : node.name),
    input: node.input.map(renamed),
    output: node.output.map(renamed),
    attribute: node.attribute.map((attribute): Attribute => {
      const { value } = attribute;
      if (value.kind === 'graph')
        return { ...attribute, value: { kind: 'graph', value: renamedGraph(value.value, scope, fresh) } };
      if (value.kind === 'graphs')
        return {
          ...attribute,
          value: { kind: 'graphs', value: value.value.map((graph) => renamedGraph(graph, scope, fresh)) },
        };
      return attribute;
    }),
  };
}

/** A body of an If, Loop or Scan inside the function: its own names become unique too. */
function renamedGraph(graph: Graph, outer: ReadonlyMap<string, string>, fresh: (name: string) => string): Graph {
  const scope = new Map(outer);
  for (const { name } of [...graph.input, ...graph.initializer]) scope.set(name, fresh(name));
  for (const name of graph.node.flatMap((node) => node.output)) if (name !== '') scope.set(name, fresh(name));
  const renamed = <T extends { readonly name: string }>(value: T): T => ({
    ...value,
    name: scope.get(value.name) ?? value.name,
  });
  return {
    ...graph,
    node: graph.node.map((node) => renamedNode(node, scope, fresh)),
    initializer: graph.initializer.map(renamed),
    input: graph.input.map(renamed),
    output: graph.output.map(renamed),
    valueInfo: graph.valueInfo.map(renamed),
  };
}
