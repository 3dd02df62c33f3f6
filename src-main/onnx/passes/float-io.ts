import { FreshNames } from '../graph/fresh-names';
import { GraphIndex } from '../graph/graph-index';
import { intAttr, makeNode } from '../graph/make';
import { DataType, type Attribute, type Graph, type Model, type Node, type ValueInfo } from '../graph/model';

const OTHER_FLOATS: readonly number[] = [DataType.FLOAT16, DataType.BFLOAT16, DataType.DOUBLE];

/** The model with Casts, so that inputs and outputs of another float type are float32; itself if there are none. */
export function withFloat32Io(model: Model): Model {
  const { graph } = model;
  const index = new GraphIndex(graph);
  const isOther = ({ tensorType }: ValueInfo): boolean => OTHER_FLOATS.includes(tensorType?.elemType ?? 0);
  const inputs = index.graphInputs.filter(isOther);
  const outputs = graph.output.filter(isOther);
  if (inputs.length + outputs.length === 0) return model;
  const names = new FreshNames(graph);
  const inner = new Map([...inputs, ...outputs].map(({ name }) => [name, names.next(`${name}_as_it_came`)]));
  const before = inputs.map(({ name, tensorType }) => cast(name, inner.get(name) ?? '', tensorType?.elemType ?? 0));
  const after = outputs.map(({ name }) => cast(inner.get(name) ?? '', name, DataType.FLOAT));
  const toFloat = (value: ValueInfo): ValueInfo =>
    value.tensorType !== null && inner.has(value.name)
      ? { ...value, tensorType: { ...value.tensorType, elemType: DataType.FLOAT } }
      : value;
  const changed: Graph = {
    ...graph,
    node: [...before, ...graph.node.map((node) => renamed(node, inner)), ...after],
    input: graph.input.map(toFloat),
    output: graph.output.map(toFloat),
    valueInfo: graph.valueInfo.filter(({ name }) => !inner.has(name)),
  };
  return { ...model, graph: changed };
}

function cast(from: string, to: string, type: number): Node {
  return makeNode('Cast', [from], [to], { name: `${to}_cast`, attributes: [intAttr('to', type)] });
}

/** The node with other names for these tensors; bodies of If, Loop and Scan may read them too. */
function renamed(node: Node, names: ReadonlyMap<string, string>): Node {
  const of = (name: string): string => names.get(name) ?? name;
  return {
    ...node,
    input: node.input.map(of),
    output: node.output.map(of),
    attribute: node.attribute.map((attribute): Attribute => {
      const { value } = attribute;
      if (value.kind === 'graph') return { ...attribute, value: { kind: 'graph', value: inBody(value.value, names) } };
      if (value.kind === 'graphs')
        return { ...attribute, value: { kind: 'graphs', value: value.value.map((graph) => inBody(graph, names)) } };
      return attribute;
    }),
  };
}

function inBody(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  return {
    ...graph,
    node: graph.node.map((node) => renamed(node, names)),
    output: graph.output.map((value) => ({ ...value, name: names.get(value.name) ?? value.name })),
  };
}
