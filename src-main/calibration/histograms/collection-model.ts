import { floatOutput } from '../../onnx/graph/make';
import type { Model } from '../../onnx/graph/model';
import { encodeModel } from '../../onnx/wire/wire-writer';
import { preparedWeights } from '../../onnx/passes/prepared-store';

/**
 * The encoded prepared model with `tensors` as its only outputs; its weights stay in the weights file of the prepared
 * folder. Other tensors are not outputs, so that ONNX Runtime can still fuse the layers around them.
 */
export function collectionModel(prepared: Model, preparedDir: string, tensors: readonly string[]): Uint8Array {
  const inputs = new Set(prepared.graph.input.map(({ name }) => name));
  const output = tensors
    .filter((name) => !inputs.has(name)) // the collector has the inputs themselves
    .map(floatOutput);
  return encodeModel(
    { ...prepared, graph: { ...prepared.graph, output } },
    { externalTo: preparedWeights(preparedDir) },
  );
}
