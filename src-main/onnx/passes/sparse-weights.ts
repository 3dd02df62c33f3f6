import { attrInt } from '../graph/attributes';
import { floatTensor } from '../graph/make';
import { DataType, type Model, type Node, type Tensor } from '../graph/model';
import { isOp } from '../graph/opset';
import { tensorAsFloat32 } from '../graph/tensor-values';
import { layerWeights, type LayerWeights } from './layer-weights';

/**
 * 2:4 sparsity: of every four consecutive weights along the input channels, for each output and kernel element, at
 * least two are zero (NvInfer.h, kSPARSE_WEIGHTS). Kernels for it exist for Conv of one group, Gemm and MatMul.
 */
const GROUP = 4;

/** The weights of a layer that sparse kernels could compute; null for other layers. */
export function sparsityCandidate(node: Node, initializer: (name: string) => Tensor | undefined): LayerWeights | null {
  if (!isOp(node, 'Conv', 'Gemm', 'MatMul') || attrInt(node, 'group', 1) !== 1) return null;
  const tensor = initializer(node.input[1] ?? '');
  if (tensor?.dataType !== DataType.FLOAT) return null;
  const weights = layerWeights(node, tensor);
  return weights !== null && weights.inputs % GROUP === 0 ? weights : null;
}

/** The candidates among the layers of a model. */
export function sparsityCandidates({ graph }: Model): readonly LayerWeights[] {
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  return graph.node.flatMap((node) => sparsityCandidate(node, (name) => initializers.get(name)) ?? []);
}

/** Whether all groups of four have two zeros. */
export function isSparse(weights: LayerWeights): boolean {
  const values = tensorAsFloat32(weights.tensor);
  for (const group of groupsOf(weights)) if (zerosIn(values, group) < GROUP / 2) return false;
  return true;
}

/** Part of the groups of four that have two zeros, 0..1. */
export function sparseShare(weights: LayerWeights): number {
  const values = tensorAsFloat32(weights.tensor);
  let groups = 0;
  let sparse = 0;
  for (const group of groupsOf(weights)) {
    groups++;
    if (zerosIn(values, group) >= GROUP / 2) sparse++;
  }
  return groups === 0 ? 0 : sparse / groups;
}

/**
 * The model after one-shot magnitude pruning: of every four weights the two smallest become 0, of equal ones the later
 * ones. Weights that are 2:4 already, and those of other layers, are those of the given model.
 */
export function withPrunedWeights(model: Model): Model {
  const pruned = new Map<string, Tensor>();
  for (const weights of sparsityCandidates(model)) {
    const { name, dims } = weights.tensor;
    if (pruned.has(name) || isSparse(weights)) continue;
    pruned.set(name, floatTensor(name, dims, prunedValues(weights)));
  }
  const initializer = model.graph.initializer.map((tensor) => pruned.get(tensor.name) ?? tensor);
  return { ...model, graph: { ...model.graph, initializer } };
}

function prunedValues(weights: LayerWeights): Float32Array {
  const values = tensorAsFloat32(weights.tensor).slice();
  for (const group of groupsOf(weights)) {
    const byMagnitude = group.toSorted((a, b) => Math.abs(values[b] ?? 0) - Math.abs(values[a] ?? 0) || a - b);
    for (const index of byMagnitude.slice(GROUP / 2)) values[index] = 0;
  }
  return values;
}

/** The positions of each four consecutive weights along the inputs. */
function* groupsOf({ outputs, inputs, kernel, outputStride, inputStride }: LayerWeights): Generator<readonly number[]> {
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input += GROUP) {
      for (let k = 0; k < kernel; k++) {
        const first = output * outputStride + input * inputStride + k;
        yield [first, first + inputStride, first + 2 * inputStride, first + 3 * inputStride];
      }
    }
  }
}

function zerosIn(values: Float32Array, group: readonly number[]): number {
  return group.reduce((zeros, index) => zeros + (values[index] === 0 ? 1 : 0), 0);
}
