import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Model } from '../../../src-main/onnx/graph/model';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';

/** Output values of a model with one input `x`, with Q/DQ computed literally in float32 (no integer kernels). */
export async function simulate(model: Model, values: Float32Array, dims: readonly number[]): Promise<Float32Array> {
  const session = await InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel: 'basic',
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { disable_quant_qdq: '1' } },
  });
  try {
    const results = await session.run({ x: new Tensor('float32', values, dims) });
    const data = Object.values(results)[0]?.data;
    if (!(data instanceof Float32Array)) throw new Error('Expected a float32 output');
    return data.slice();
  } finally {
    await session.release();
  }
}
