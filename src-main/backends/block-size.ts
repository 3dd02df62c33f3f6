import { makeModel, makeValueInfo } from '../onnx/graph/make';
import { DataType } from '../onnx/graph/model';
import { encodeModel } from '../onnx/wire/wire-writer';
import { BLOCKED_DOMAIN, reorderInput } from './blocked-tensors';
import { OrtSession } from './ort-session';

/** Channels and values of a channel in the test of blockSize. */
const CHANNELS = 64;
const INNER = 2;

/**
 * Number of channels in a group on this processor, found by letting ONNX Runtime reorder a small tensor; null if it
 * reorders them in another way than TensorView of native/core/tensor_counts.h says.
 */
export async function blockSize(): Promise<number | null> {
  const dims = [1, CHANNELS, 1, INNER];
  const reorder = reorderInput('x', 'y');
  const model = makeModel(
    {
      name: 'reorder',
      node: [reorder],
      initializer: [],
      input: [makeValueInfo('x', DataType.FLOAT, dims)],
      output: [makeValueInfo('y', DataType.FLOAT, dims)],
      valueInfo: [],
    },
    13,
  );
  const opsetImport = [...model.opsetImport, { domain: BLOCKED_DOMAIN, version: 1 }];
  const session = await OrtSession.open({
    model: encodeModel({ ...model, opsetImport }),
    weightsDir: null,
    threads: 1,
    simulate: false,
    hasFp16: false,
    asWritten: true,
  });
  try {
    const data = Float32Array.from({ length: CHANNELS * INNER }, (_, i) => i);
    const [output] = await session.run([{ name: 'x', dtype: 'float32', dims, data }]);
    const values = [...(output?.data ?? [])];
    // The second value of the first channel stands behind the first values of all channels of the group.
    const block = values.indexOf(1);
    const expected = (channel: number, i: number): number =>
      (Math.floor(channel / block) * INNER + i) * block + (channel % block);
    const isAsExpected =
      block > 1 && data.every((value) => values[expected(Math.floor(value / INNER), value % INNER)] === value);
    return isAsExpected ? block : null;
  } finally {
    await session.close();
  }
}
