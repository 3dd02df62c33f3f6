import { floatOutput } from '../../onnx/graph/make';
import type { Model } from '../../onnx/graph/model';
import { encodeModel } from '../../onnx/wire/wire-writer';
import { preparedWeights } from '../../onnx/passes/prepared-store';

/**
 * The encoded prepared model with `tensors` as its only outputs; its weights stay in the weights file of the prepared
 * folder. Other tensors are not outputs, so that ONNX Runtime can still fuse the layers around them.
 */
export function collectionModel(
  prepared: Model,
  preparedDir: string,
  tensors: readonly string[],
  inputName: string,
): Uint8Array {
  const output = tensors
    .filter((name) => name !== inputName) // the collector has the input itself
    .map(floatOutput);
  return encodeModel(
    { ...prepared, graph: { ...prepared.graph, output } },
    { externalTo: preparedWeights(preparedDir) },
  );
}
