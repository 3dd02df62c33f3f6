import { encodeModel } from '../onnx/wire/wire-writer';
import type { Model } from '../onnx/graph/model';
import type { EvaluatedTensor } from '../onnx/passes/fold-constants';
import { WorkbenchError } from '../../src-shared/base/errors';
import { ownValue } from '../../src-shared/base/records';
import { InferenceSession } from './onnxruntime';

/**
 * The float32 outputs of a model without inputs. The graph runs as it is written, without optimizations, so that every
 * operator has the result that it has in inference.
 * @throws WorkbenchError model-unsupported with ONNX Runtime's own message
 */
export async function evaluateConstants(model: Model): Promise<ReadonlyMap<string, EvaluatedTensor>> {
  try {
    const session = await InferenceSession.create(encodeModel(model), {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'disabled',
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    });
    try {
      const outputs = await session.run({});
      return new Map(
        model.graph.output.map(({ name }): [string, EvaluatedTensor] => {
          const tensor = ownValue(outputs, name);
          if (!(tensor?.data instanceof Float32Array)) throw new Error(`"${name}" is not float32`);
          return [name, { dims: tensor.dims, values: tensor.data }];
        }),
      );
    } finally {
      await session.release();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WorkbenchError('model-unsupported', `ONNX Runtime cannot compute the constants: ${reason}`, {
      cause: error,
    });
  }
}
