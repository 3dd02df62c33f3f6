import type { FedSource, Feeding } from '../../../src-shared/domain/project/feeding';
import type { OutputTensor } from '../../backends/runnable-variant';
import { elementTypeName } from '../../onnx/graph/element-types';
import { GraphIndex } from '../../onnx/graph/graph-index';
import type { Model } from '../../onnx/graph/model';
import type { InputSize } from '../decoders/matrix';
import type { OutputFacts, TaskFacts } from './facts';

/** Sources that tell a model the size of the original image, so that it can answer in its pixels. */
const ORIGINAL_SIZE: readonly FedSource['kind'][] = ['original-size', 'original-size-wh', 'scale-factor'];
const LENGTH_OPS: ReadonlySet<string> = new Set(['ReduceL2', 'ReduceSumSquare', 'ReduceSum']);
/** Nodes between a length and the division by it: limits, square roots, shapes. */
const LENGTH_DEPTH = 6;

/**
 * What the outputs of a model say about its task.
 * @param samples all outputs for one image each; empty if the model was not run.
 * @param size of the image in the network's input; null if no input takes images.
 */
export function taskFacts(
  model: Model,
  samples: readonly (readonly OutputTensor[])[],
  { size, feeding }: { readonly size: InputSize | null; readonly feeding: Feeding | null },
): TaskFacts {
  return {
    outputs: model.graph.output.map(({ name, tensorType }): OutputFacts => {
      const own = samples.flatMap((outputs) => outputs.find((output) => output.name === name) ?? []);
      const declared = tensorType?.shape?.map((dim) => (dim.kind === 'value' && dim.value > 0 ? dim.value : null));
      return {
        name,
        dims: own[0]?.dims ?? declared ?? [],
        isInteger: /^u?int|^bool/.test(elementTypeName(tensorType?.elemType ?? 0)),
        samples: own,
      };
    }),
    size,
    givesOriginalSize: feeding?.inputs.some(({ source }) => ORIGINAL_SIZE.includes(source.kind)) ?? false,
    normalizedOutputs: normalizedOutputs(model),
  };
}

/** Outputs that are divided by their length as the last step, apart from changes of the shape. */
function normalizedOutputs(model: Model): ReadonlySet<string> {
  const index = new GraphIndex(model.graph);
  const isNormalized = (name: string): boolean => {
    const node = index.producer(name)?.node;
    if (node === undefined) return false;
    if (['Flatten', 'Reshape', 'Squeeze', 'Identity'].includes(node.opType)) return isNormalized(node.input[0] ?? '');
    if (node.opType === 'LpNormalization') return true;
    return node.opType === 'Div' && isLength(index, node.input[1] ?? '', LENGTH_DEPTH);
  };
  return new Set(model.graph.output.map(({ name }) => name).filter(isNormalized));
}

function isLength(index: GraphIndex, name: string, depth: number): boolean {
  const node = index.producer(name)?.node;
  if (node === undefined || depth === 0) return false;
  return LENGTH_OPS.has(node.opType) || isLength(index, node.input[0] ?? '', depth - 1);
}
