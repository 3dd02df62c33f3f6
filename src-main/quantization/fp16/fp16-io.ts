import { intAttr, makeNode } from '../../onnx/graph/make';
import { DataType, type Graph, type Model, type Node, type ValueInfo } from '../../onnx/graph/model';
import { attrInt } from '../../onnx/graph/attributes';
import { capturedNames } from '../../onnx/graph/subgraphs';
import { FreshNames } from '../../onnx/graph/fresh-names';

/**
 * Changes the type of the float32 inputs and outputs of the model to FP16, or of its outputs only, with the same names,
 * for engines between FP16 stages. Casts are inserted only next to layers that compute in float32.
 */
export function withFp16Io(model: Model, { inputs: hasInputs } = { inputs: true }): Model {
  const names = new FreshNames(model.graph);
  const initializers = new Set(model.graph.initializer.map((tensor) => tensor.name));
  // A tensor that a subgraph reads by name must keep its type.
  const captured = new Set(model.graph.node.flatMap((node) => [...capturedNames(node)]));
  const isFloat = (info: ValueInfo): boolean =>
    info.tensorType?.elemType === DataType.FLOAT && !initializers.has(info.name) && !captured.has(info.name);
  const inputs = (hasInputs ? model.graph.input : []).filter(isFloat).map((info) => info.name);
  const outputs = model.graph.output.filter(isFloat).map((info) => info.name);
  const withInputs = inputs.reduce((graph, name) => fp16Input(graph, name, names), model.graph);
  const graph = outputs.reduce((each, name) => fp16Output(each, name, names), withInputs);
  const half = new Set([...inputs, ...outputs]);
  const retyped = (info: ValueInfo): ValueInfo =>
    half.has(info.name) && info.tensorType
      ? { ...info, tensorType: { ...info.tensorType, elemType: DataType.FLOAT16 } }
      : info;
  return { ...model, graph: { ...graph, input: graph.input.map(retyped), output: graph.output.map(retyped) } };
}

/** Removes casts of the input to FP16; all other readers read the input through one Cast to float32. */
function fp16Input(graph: Graph, name: string, names: FreshNames): Graph {
  const isCastToFp16 = (node: Node): boolean =>
    node.opType === 'Cast' && node.input[0] === name && attrInt(node, 'to', 0) === DataType.FLOAT16;
  const isObserved = new Set([
    ...graph.output.map((info) => info.name),
    ...graph.node.flatMap((node) => [...capturedNames(node)]),
  ]);
  const direct = new Map<string, string>();
  for (const node of graph.node) {
    const [output = ''] = node.output;
    if (isCastToFp16(node) && !isObserved.has(output)) direct.set(output, name);
  }
  const kept = graph.node.filter((node) => !direct.has(node.output[0] ?? ''));
  const float = names.next(`${name}_fp32`);
  let isFloatRead = false;
  const node = kept.map((each) => {
    const input = each.input.map((read) => {
      if (read !== name) return direct.get(read) ?? read;
      isFloatRead = true;
      return float;
    });
    return { ...each, input };
  });
  const cast = makeNode('Cast', [name], [float], {
    name: names.next(`${float}_Cast`),
    attributes: [intAttr('to', DataType.FLOAT)],
  });
  return { ...graph, node: isFloatRead ? [cast, ...node] : node };
}

/** If a Cast computes the output, it casts to FP16 instead; otherwise a Cast is added. */
function fp16Output(graph: Graph, name: string, names: FreshNames): Graph {
  const producer = graph.node.find((node) => node.output.includes(name));
  if (producer?.opType === 'Cast' && !graph.node.some((node) => node.input.includes(name))) {
    return {
      ...graph,
      node: graph.node.map((node) =>
        node === producer ? { ...node, attribute: [intAttr('to', DataType.FLOAT16)] } : node,
      ),
    };
  }
  const float = names.next(`${name}_fp32`);
  const rename = (node: Node): Node => ({
    ...node,
    input: node.input.map((read) => (read === name ? float : read)),
    output: node.output.map((made) => (made === name ? float : made)),
  });
  const attributes = [intAttr('to', DataType.FLOAT16)];
  return {
    ...graph,
    node: [
      ...graph.node.map(rename),
      makeNode('Cast', [float], [name], { name: names.next(`${name}_Cast`), attributes }),
    ],
  };
}
