import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Model } from '../../../src-main/onnx/graph/model';
import { GraphIndex } from '../../../src-main/onnx/graph/graph-index';
import { elementCount } from '../../../src-main/onnx/graph/element-types';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { pseudoRandom } from '../../support/onnx-builder';

export type Outputs = Readonly<Record<string, Float32Array>>;

/** Runs ONNX Runtime on pseudo-random float inputs (free dimensions are 1). Only float32 outputs are returned. */
export async function runModel(
  model: Model,
  source: Uint8Array | string = encodeModel(model),
  weightsDir?: string,
): Promise<Outputs> {
  const options: InferenceSession.SessionOptions = {
    graphOptimizationLevel: 'basic',
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    ...(weightsDir === undefined
      ? {}
      : { extra: { session: { model_external_initializers_file_folder_path: weightsDir } } }),
  };
  const session =
    typeof source === 'string'
      ? await InferenceSession.create(source, options)
      : await InferenceSession.create(source, options);
  try {
    const feeds: Record<string, Tensor> = {};
    for (const input of new GraphIndex(model.graph).graphInputs) {
      const dims = (input.tensorType?.shape ?? []).map((dim) =>
        dim.kind === 'value' && dim.value > 0 ? dim.value : 1,
      );
      feeds[input.name] = new Tensor('float32', pseudoRandom(elementCount(dims), 7), dims);
    }
    const results = await session.run(feeds);
    const outputs: Record<string, Float32Array> = {};
    for (const [name, tensor] of Object.entries(results))
      if (tensor.data instanceof Float32Array) outputs[name] = tensor.data.slice();
    return outputs;
  } finally {
    await session.release();
  }
}

/** Largest difference over all outputs, relative to the output's largest value. */
export function relativeDifference(expected: Outputs, found: Outputs): number {
  let worst = Object.keys(expected).length === 0 ? Infinity : 0;
  for (const [name, values] of Object.entries(expected)) {
    const other = found[name];
    if (other?.length !== values.length) return Infinity;
    const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-30);
    values.forEach((value, i) => {
      const difference = Math.abs(value - (other[i] ?? NaN)) / scale;
      worst = difference <= worst ? worst : difference;
    });
  }
  return Number.isNaN(worst) ? Infinity : worst;
}
