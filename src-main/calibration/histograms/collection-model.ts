import { floatOutput } from '../../onnx/graph/make';
import type { Model } from '../../onnx/graph/model';
import { encodeModel } from '../../onnx/wire/wire-writer';
import { preparedWeights } from '../../onnx/passes/prepared-store';

/**
 * The prepared model with `tensors` as its only outputs, as bytes whose weights stay in the prepared folder's weights
 * file. Only what is needed is exposed, so that ONNX Runtime can still fuse everything else.
 */
export function collectionModel(
  prepared: Model,
  preparedDir: string,
  tensors: readonly string[],
  inputName: string,
): Uint8Array {
  const output = tensors
    .filter((name) => name !== inputName) // the input is at hand without running the model
    .map(floatOutput);
  return encodeModel(
    { ...prepared, graph: { ...prepared.graph, output } },
    { externalTo: preparedWeights(preparedDir) },
  );
}
