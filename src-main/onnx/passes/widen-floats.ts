import { elementTypes } from '../graph/dtypes';
import { elementCount, elementTypeName } from '../graph/element-types';
import { GraphIndex } from '../graph/graph-index';
import { intAttr } from '../graph/make';
import {
  DataType,
  type Attribute,
  type Graph,
  type Model,
  type Node,
  type Tensor,
  type ValueInfo,
} from '../graph/model';
import { isDefaultDomain, isOp } from '../graph/opset';
import { subgraphsOf } from '../graph/subgraphs';
import { tensorAsFloat32 } from '../graph/tensor-values';
import type { Notes } from './note';

const COMPUTE = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'];
/** Attributes that hold an element type. */
const TYPE_ATTRIBUTES = new Set(['to', 'dtype', 'output_dtype']);

/**
 * A model that computes in FP16, BF16 or FP64 as one that computes in float32: weights, constants, inputs and outputs
 * are float32, and the Casts between these types are gone. FP16 and BF16 values are float32 values, so that weights do
 * not change; FP64 is rounded. Weights are converted when they are read. A model that only stores constants in such a
 * type, or has a few FP64 values beside float32 layers, is left as it is.
 */
export function widenFloats(model: Model, notes: Notes): Model {
  const types = elementTypes(model);
  const found = foreignTypes(model, types);
  if (found.size === 0) return model;
  const widening = new Widening(found);
  const graph = withoutEmptyCasts(widening.graph(model.graph), types, found);
  const io = [...model.graph.input, ...model.graph.output].filter(({ tensorType }) =>
    found.has(tensorType?.elemType ?? 0),
  );
  const list = [...found].map(elementTypeName).join(' and ');
  const named = io.map(({ name }) => `"${name}"`).join(', ');
  notes.push({
    code: 'floats-widened',
    message:
      `The model computes in ${list}; the workbench works on it in float32: ${widening.tensors} weights and constants ` +
      (found.has(DataType.DOUBLE) ? 'are converted' : 'are widened, which does not change their values') +
      (io.length === 0 ? '' : `, and the inputs and outputs ${named} are float32`) +
      '. Quantized models can be written with FP16 inputs and outputs',
  });
  return { ...model, graph };
}

/** The types other than float32 that layers or inputs of the model compute in. */
function foreignTypes(model: Model, types: ReadonlyMap<string, number>): ReadonlySet<number> {
  const { graph } = model;
  const found = new Set<number>();
  const index = new GraphIndex(graph);
  const take = (type: number | undefined): void => {
    if (type === DataType.FLOAT16 || type === DataType.BFLOAT16 || type === DataType.DOUBLE) found.add(type);
  };
  for (const value of [...index.graphInputs, ...graph.output]) {
    const type = types.get(value.name);
    if (type !== DataType.DOUBLE) take(type);
  }
  const visit = (nodes: readonly Node[], known: ReadonlyMap<string, number>): void => {
    for (const node of nodes) {
      if (isDefaultDomain(node.domain) && isOp(node, ...COMPUTE))
        for (const name of node.input.slice(0, 2)) take(known.get(name));
      for (const inner of subgraphsOf(node)) visit(inner.node, known);
    }
  };
  visit(graph.node, types);
  return found;
}

class Widening {
  tensors = 0;

  constructor(private readonly from: ReadonlySet<number>) {}

  graph(graph: Graph): Graph {
    return {
      ...graph,
      node: graph.node.map((node) => this.node(node)),
      initializer: graph.initializer.map((tensor) => this.tensor(tensor)),
      input: graph.input.map((value) => this.value(value)),
      output: graph.output.map((value) => this.value(value)),
      valueInfo: graph.valueInfo.map((value) => this.value(value)),
    };
  }

  private value(value: ValueInfo): ValueInfo {
    const { tensorType } = value;
    return tensorType === null || !this.from.has(tensorType.elemType)
      ? value
      : { ...value, tensorType: { ...tensorType, elemType: DataType.FLOAT } };
  }

  private tensor(tensor: Tensor): Tensor {
    if (!this.from.has(tensor.dataType)) return tensor;
    this.tensors++;
    return widened(tensor);
  }

  private node(node: Node): Node {
    const attribute = node.attribute.map((item) => this.attribute(item));
    return attribute.every((item, i) => item === node.attribute[i]) ? node : { ...node, attribute };
  }

  private attribute(attribute: Attribute): Attribute {
    const { name, value } = attribute;
    switch (value.kind) {
      case 'int':
        return TYPE_ATTRIBUTES.has(name) && this.from.has(Number(value.value))
          ? intAttr(name, DataType.FLOAT)
          : attribute;
      case 'tensor':
        return this.from.has(value.value.dataType)
          ? { ...attribute, value: { kind: 'tensor', value: this.tensor(value.value) } }
          : attribute;
      case 'graph':
        return { ...attribute, value: { kind: 'graph', value: this.graph(value.value) } };
      case 'graphs':
        return { ...attribute, value: { kind: 'graphs', value: value.value.map((inner) => this.graph(inner)) } };
      default:
        return attribute;
    }
  }
}

/** The tensor in float32; its values are converted when they are read. */
function widened(tensor: Tensor): Tensor {
  const compute = (): Uint8Array => {
    const values = tensorAsFloat32(tensor);
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  };
  return {
    name: tensor.name,
    dims: tensor.dims,
    dataType: DataType.FLOAT,
    data: { kind: 'computed', length: elementCount(tensor.dims) * 4, compute },
  };
}

/** Casts that only converted between the types that are one now become Identity, which preparation removes. */
function withoutEmptyCasts(graph: Graph, types: ReadonlyMap<string, number>, from: ReadonlySet<number>): Graph {
  const isFloat = (type: number | undefined): boolean =>
    type === DataType.FLOAT || (type !== undefined && from.has(type));
  const node = graph.node.map((candidate) =>
    isOp(candidate, 'Cast') &&
    isFloat(types.get(candidate.input[0] ?? '')) &&
    isFloat(types.get(candidate.output[0] ?? ''))
      ? { ...candidate, opType: 'Identity', attribute: [] }
      : candidate,
  );
  return { ...graph, node };
}
