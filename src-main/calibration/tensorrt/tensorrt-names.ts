import { attrFloat } from '../../onnx/graph/attributes';
import { elementTypes } from '../../onnx/graph/dtypes';
import { GraphIndex } from '../../onnx/graph/graph-index';
import { floatOutput, floatTensor, makeNode } from '../../onnx/graph/make';
import { DataType, type Graph, type Model, type Node, type Tensor } from '../../onnx/graph/model';
import { isOp } from '../../onnx/graph/opset';
import { capturedNames } from '../../onnx/graph/subgraphs';

/** One name in a TensorRT calibration cache, and the source of its scale. */
export type CacheName =
  /** A float32 activation that can be collected. `maxPoolOf`: the tensor whose entropy scale a MaxPool copies. */
  | { readonly kind: 'activation'; readonly name: string; readonly maxPoolOf: string | null }
  /** A constant that TensorRT represents as a separate layer. */
  | { readonly kind: 'constant'; readonly name: string; readonly values: Tensor }
  /** The same values under another name. */
  | { readonly kind: 'alias'; readonly name: string; readonly of: string };

export interface TensorrtNames {
  /**
   * The model with the activations as outputs. Biases of Gemm nodes are separate Add nodes, as in TensorRT's parser.
   */
  readonly model: Model;
  /** In the order of the model's nodes, which is TensorRT's order in a cache. Each name occurs once. */
  readonly names: readonly CacheName[];
}

/** Operators whose constant operand TensorRT's parser represents as a separate layer. */
const ELEMENTWISE = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'PRelu'];
const FIRST_BROADCAST = 'ONNXTRT_Broadcast_output';

/**
 * The names that TensorRT 10 writes into a calibration cache for the original model file: every float32 graph input,
 * every float32 node output that depends on the values of an input, and the names for constants and split Gemms. Two
 * kinds of names are unknown and left out: `ONNXTRT_Broadcast_N_output` after the first one, and the names of layers
 * that TensorRT adds inside operators other than Gemm and Softmax.
 */
export function tensorrtNames(original: Model): TensorrtNames {
  const split = splitGemmBiases(original);
  const index = new GraphIndex(split.model.graph);
  const collector = new NameCollector(index, split.biasAdds);
  const types = elementTypes(split.model);
  const isFloat = (name: string): boolean => types.get(name) === DataType.FLOAT;
  const dynamic = new Set(index.graphInputs.map((value) => value.name));
  for (const name of dynamic) if (isFloat(name)) collector.add({ kind: 'activation', name, maxPoolOf: null });
  for (const node of index.sortedNodes) {
    // A shape does not depend on values, so tensors that are computed only from shapes are not activations.
    if (isOp(node, 'Shape', 'Size', 'Constant') || !readsOneOf(node, dynamic)) continue;
    collector.addConstants(node);
    for (const [i, name] of node.output.entries()) {
      if (name === '') continue;
      dynamic.add(name);
      if (isFloat(name)) collector.addOutput(node, i, name);
    }
  }
  const names = collector.names;
  const output = names.flatMap((entry) =>
    entry.kind === 'activation' && index.producer(entry.name) !== undefined ? [floatOutput(entry.name)] : [],
  );
  return { model: { ...split.model, graph: { ...split.model.graph, output } }, names };
}

function readsOneOf(node: Node, names: ReadonlySet<string>): boolean {
  return [...node.input, ...capturedNames(node)].some((name) => names.has(name));
}

class NameCollector {
  private readonly byName = new Map<string, CacheName>();
  private hasBroadcast = false;

  constructor(
    private readonly index: GraphIndex,
    private readonly biasAdds: ReadonlySet<Node>,
  ) {}

  get names(): readonly CacheName[] {
    return [...this.byName.values()];
  }

  add(entry: CacheName): void {
    if (!this.byName.has(entry.name)) this.byName.set(entry.name, entry);
  }

  addConstants(node: Node): void {
    if (!isOp(node, 'Gemm', 'MatMul', ...ELEMENTWISE)) return;
    for (const input of node.input) {
      const values = this.index.initializer(input);
      if (values?.dataType !== DataType.FLOAT || input.startsWith(ZERO_BIAS)) continue;
      this.add({ kind: 'constant', name: `${input}_output`, values });
      this.addBroadcast(node, values);
    }
  }

  /**
   * TensorRT adds a layer that pads the shape of a constant of lower rank. Only the first such layer has a name without
   * a number.
   */
  private addBroadcast(node: Node, values: Tensor): void {
    if (this.hasBroadcast) return;
    if (this.biasAdds.has(node) && values.dims.length < 2)
      this.add({ kind: 'constant', name: FIRST_BROADCAST, values });
    else if (isOp(node, 'Gemm')) return;
    this.hasBroadcast = true;
  }

  addOutput(node: Node, outputIndex: number, name: string): void {
    if (outputIndex === 0 && isOp(node, 'Softmax'))
      this.add({ kind: 'alias', name: `${nodeName(node)}_output`, of: name });
    this.add({
      kind: 'activation',
      name,
      maxPoolOf: outputIndex === 0 && isOp(node, 'MaxPool') ? (node.input[0] ?? null) : null,
    });
  }
}

/** TensorRT's name of a node. */
function nodeName(node: Node): string {
  return node.name === '' ? `node_of_${node.output[0] ?? ''}` : node.name;
}

const ZERO_BIAS = 'calib.zero_bias';

/**
 * Replaces Gemm(A, B, C) by Gemm(A, B, 0) -> `<node>_output` and an Add of C, which TensorRT runs and calibrates. The 0
 * is needed because C is optional only since opset 11.
 */
function splitGemmBiases(model: Model): { readonly model: Model; readonly biasAdds: ReadonlySet<Node> } {
  const { graph } = model;
  const taken = new Set([
    ...graph.node.flatMap((node) => [...node.output, ...node.input]),
    ...graph.input.map((value) => value.name),
  ]);
  const biasAdds = new Set<Node>();
  const node = graph.node.flatMap((gemm) => {
    const [a = '', b = '', bias = ''] = gemm.input;
    const product = `${nodeName(gemm)}_output`;
    if (!isOp(gemm, 'Gemm') || bias === '' || attrFloat(gemm, 'beta', 1) !== 1 || taken.has(product)) return [gemm];
    taken.add(product);
    const add = makeNode('Add', [product, bias], gemm.output, { name: `${nodeName(gemm)}.bias` });
    biasAdds.add(add);
    return [{ ...gemm, input: [a, b, ZERO_BIAS], output: [product] }, add];
  });
  if (biasAdds.size === 0) return { model, biasAdds };
  const split: Graph = { ...graph, node, initializer: [...graph.initializer, floatTensor(ZERO_BIAS, [1], [0])] };
  return { model: { ...model, graph: split }, biasAdds };
}
