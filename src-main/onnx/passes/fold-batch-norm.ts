import { GraphIndex } from '../graph/graph-index';
import { DataType, type Graph, type Node, type Tensor } from '../graph/model';
import { attrInt } from '../graph/attributes';
import { isOp } from '../graph/opset';
import { batchNormAffine, foldIntoLayer, type ChannelAffine } from './fold-affine';
import { FreshNames } from '../graph/fresh-names';
import type { Notes } from './note';

const FOLDS_INTO = ['Conv', 'ConvTranspose', 'Gemm'];

/**
 * Folds each BatchNormalization into the Conv, ConvTranspose or Gemm before it (algorithms: w' = w * g, b' = (b - mean)
 * * g + beta, g = gamma / sqrt(variance + epsilon); all in double, stored as float32). The layer then makes the tensor
 * that the normalization made. Only where nothing else sees the layer's own output and all parameters are float32
 * constants; any other BatchNormalization stays, with a note.
 */
export function foldBatchNorm(graph: Graph, notes: Notes): Graph {
  const state = new FoldState(graph);
  for (const node of state.index.sortedNodes) {
    if (!isOp(node, 'BatchNormalization')) continue;
    const reason = state.tryFold(node);
    if (reason !== null) {
      const label = node.name === '' ? (node.output[0] ?? '') : node.name;
      notes.push({ code: 'batchnorm-kept', message: `BatchNormalization "${label}" stays: ${reason}`, layer: label });
    }
  }
  return state.result();
}

class FoldState {
  readonly index: GraphIndex;
  private readonly names: FreshNames;
  /** Layers by the tensor they make now. */
  private readonly layers = new Map<string, { readonly original: Node; readonly folded: Node }>();
  private readonly replaced = new Map<Node, Node | null>();
  private readonly tensors = new Map<string, Tensor>();

  constructor(private readonly graph: Graph) {
    this.index = new GraphIndex(graph);
    this.names = new FreshNames(graph);
  }

  /** null when it was folded, else why not. */
  tryFold(norm: Node): string | null {
    const from = norm.input[0] ?? '';
    const output = norm.output[0] ?? '';
    const known = this.layers.get(from);
    const layer = known?.folded ?? this.index.producer(from)?.node;
    if (layer === undefined || !isOp(layer, ...FOLDS_INTO))
      return 'no Conv, ConvTranspose or Gemm comes directly before it';
    if (this.index.consumers(from).length !== 1 || this.index.isGraphOutput(from))
      return `the output of ${layer.opType} before it is used elsewhere too`;
    if (norm.output.slice(1).some((name) => name !== '') || attrInt(norm, 'training_mode', 0) !== 0)
      return 'it is in training mode';
    const affine = this.affineOf(norm);
    if (affine === null) return 'its parameters are not float32 constants or not finite';
    const weight = this.constant(layer.input[1] ?? '');
    const biasName = layer.input[2] ?? '';
    const bias = biasName === '' ? null : this.constant(biasName);
    if (weight === null || (biasName !== '' && bias === null))
      return `the weights of ${layer.opType} before it are not float32 constants`;
    const folded = foldIntoLayer(layer, weight, bias, affine);
    if (typeof folded === 'string') return folded;
    const original = known?.original ?? layer;
    const weightName = this.store(folded.weight, layer, 1);
    const newBiasName = this.store(folded.bias, layer, 2);
    const merged: Node = {
      ...layer,
      input: [layer.input[0] ?? '', weightName, newBiasName],
      output: [output],
      attribute: folded.attribute,
    };
    this.layers.delete(from);
    this.layers.set(output, { original, folded: merged });
    this.replaced.set(original, merged);
    this.replaced.set(norm, null);
    return null;
  }

  result(): Graph {
    if (this.replaced.size === 0) return this.graph;
    const node = this.graph.node.flatMap((candidate) => {
      const replacement = this.replaced.get(candidate);
      return replacement === undefined ? [candidate] : replacement === null ? [] : [replacement];
    });
    const kept = this.graph.initializer.map((tensor) => this.tensors.get(tensor.name) ?? tensor);
    const old = new Set(this.graph.initializer.map((tensor) => tensor.name));
    return {
      ...this.graph,
      node,
      initializer: [...kept, ...[...this.tensors.values()].filter((tensor) => !old.has(tensor.name))],
    };
  }

  private affineOf(norm: Node): ChannelAffine | null {
    const parameters = norm.input.slice(1, 5).map((name) => this.constant(name));
    const [scale, shift, mean, variance] = parameters;
    return scale && shift && mean && variance ? batchNormAffine(norm, { scale, shift, mean, variance }) : null;
  }

  private constant(name: string): Tensor | null {
    const tensor = this.tensors.get(name) ?? this.index.initializer(name);
    return tensor === undefined || tensor.dataType !== DataType.FLOAT ? null : tensor;
  }

  /** Keeps the initializer's name where the layer is its only user, so that names stay recognisable. */
  private store(tensor: Tensor, layer: Node, inputIndex: number): string {
    const current = layer.input[inputIndex] ?? '';
    const isOwn =
      current !== '' &&
      (this.tensors.has(current) || (this.index.consumers(current).length === 1 && !this.index.isGraphOutput(current)));
    const base = current === '' ? `${layer.output[0] ?? layer.opType}_bias` : `${current}_folded`;
    const name = isOwn ? current : this.names.next(base);
    this.tensors.set(name, { ...tensor, name });
    return name;
  }
}
