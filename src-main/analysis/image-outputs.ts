import { WorkbenchError } from '../../src-shared/base/errors';
import type { OutputTensor } from '../backends/runnable-variant';

/** The outputs for one image of a batch; axis 0 of an output with a batch axis becomes 1. */
export function imageOutputs(outputs: readonly OutputTensor[], slot: number, batch: number): readonly OutputTensor[] {
  if (batch === 1) return outputs;
  return outputs.map((output) => {
    const { dims, data, integers } = output;
    const [first = 1, ...rest] = dims;
    if (first % batch !== 0) return output; // An output without a batch axis belongs to every image as a whole.
    const part = <A extends Float32Array | Int32Array>(values: A): A => {
      const length = values.length / batch;
      return values.subarray(slot * length, (slot + 1) * length) as A;
    };
    return {
      ...output,
      dims: [first / batch, ...rest],
      data: data && part(data),
      ...(integers === undefined ? {} : { integers: part(integers) }),
    };
  });
}

/** @throws WorkbenchError model-unsupported */
export function requireOutput(outputs: readonly OutputTensor[], name: string): OutputTensor {
  const found = outputs.find((output) => output.name === name);
  if (found) return found;
  throw new WorkbenchError(
    'model-unsupported',
    `The task needs the output "${name}", which the model does not have; its outputs are ` +
      outputs.map((output) => `"${output.name}"`).join(', '),
  );
}

/** The values of an output, whatever its element type. @throws WorkbenchError model-unsupported for other types */
export function valuesOf({ name, data, integers }: OutputTensor): Float32Array | Int32Array {
  const values = data ?? integers;
  if (values !== undefined) return values;
  throw new WorkbenchError('model-unsupported', `Output "${name}" holds neither floats nor integers`);
}
