import { attrValue } from '../graph/attributes';
import { floatTensor, int64Tensor } from '../graph/make';
import { DataType, type Graph, type Node, type Tensor } from '../graph/model';
import { isOp } from '../graph/opset';

/**
 * Turns the Constant nodes of the main graph into initializers of the same name. One that is a graph output stays a
 * node (importers differ on initializers as outputs), and so does one in a form that is not a dense tensor.
 */
export function constantsToInitializers(graph: Graph): Graph {
  const outputs = new Set(graph.output.map((value) => value.name));
  const added: Tensor[] = [];
  const node = graph.node.filter((candidate) => {
    const name = candidate.output[0] ?? '';
    const tensor = isOp(candidate, 'Constant') && !outputs.has(name) ? constantTensor(candidate, name) : null;
    if (tensor !== null) added.push(tensor);
    return tensor === null;
  });
  return added.length === 0 ? graph : { ...graph, node, initializer: [...graph.initializer, ...added] };
}

/** The value of a Constant node under the given name; null when it is not a dense tensor. */
export function constantTensor(node: Node, name: string): Tensor | null {
  const tensor = attrValue(node, 'value', 'tensor');
  if (tensor !== undefined) return { ...tensor.value, name };
  const float = attrValue(node, 'value_float', 'float');
  if (float !== undefined) return floatTensor(name, [], [float.value]);
  const floats = attrValue(node, 'value_floats', 'floats');
  if (floats !== undefined) return floatTensor(name, [floats.value.length], floats.value);
  const int = attrValue(node, 'value_int', 'int');
  if (int !== undefined) return int64Tensor(name, [], [int.value]);
  const ints = attrValue(node, 'value_ints', 'ints');
  if (ints !== undefined) return int64Tensor(name, [ints.value.length], ints.value);
  const strings = attrValue(node, 'value_strings', 'strings')?.value;
  if (strings !== undefined)
    return { name, dims: [strings.length], dataType: DataType.STRING, data: { kind: 'strings', values: strings } };
  return null;
}
