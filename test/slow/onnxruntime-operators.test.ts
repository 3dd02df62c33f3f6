import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { createRandom } from '../support/random';
import { EMPTY_PLAN } from '../../src-shared/domain/project/precision';
import type { Model } from '../../src-main/onnx/graph/model';
import { prepareModel } from '../../src-main/onnx/passes/prepare';
import { encodeModel } from '../../src-main/onnx/wire/wire-writer';
import { calibrationTensors } from '../../src-main/quantization/rewrite/calibration-tensors';
import { materialize } from '../../src-main/quantization/rewrite/materialize';
import { quantizeModel, withOutputs } from '../../src-main/quantization/rewrite/quantize';
import { Net } from '../unit/quantization/graphs';
import { cases, CHANNELS, SIZE, type Case } from './operator-cases';

/** Weights of an ordinary network: normal, with the variance that keeps activations as large as the input. */
class RandomNet extends Net {
  private readonly random = createRandom(7);

  override constant(name: string, dims: readonly number[], values?: ArrayLike<number>): string {
    const [channels = 1, ...rest] = dims;
    const count = rest.reduce((product, dim) => product * dim, channels);
    const scale = Math.sqrt(2 / Math.max(1, rest.length > 0 ? count / channels : 16));
    return super.constant(name, dims, values ?? normal(count, this.random).map((value) => value * scale));
  }
}

/** Sums of 12 uniform values. */
function normal(count: number, random: () => number): Float32Array {
  return Float32Array.from({ length: count }, () =>
    Array.from({ length: 12 }, () => random()).reduce((sum, value) => sum + value, -6),
  );
}

function modelOf({ opset, build }: Case): Model {
  const net = new RandomNet();
  const before = net.op('Relu', 'before_relu', [net.conv('stem', 'x', CHANNELS, CHANNELS)]);
  const { tensor, channels = CHANNELS } = build(net, before);
  const behind = net.op('Relu', 'behind_relu', [net.conv('behind', tensor, channels, 6)]);
  return prepareModel(net.model(['n', CHANNELS, SIZE, SIZE], net.conv('head', behind, 6, 4), opset)).model;
}

/** Outputs of a model, by name. */
async function run(model: Model, values: Float32Array, simulate = false): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(encodeModel(model), {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    ...(simulate ? { extra: { session: { disable_quant_qdq: '1' } } } : {}),
  });
  try {
    const results = await session.run({ x: new Tensor('float32', values, [1, CHANNELS, SIZE, SIZE]) });
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, (tensor.data as Float32Array).slice()]),
    );
  } finally {
    await session.release();
  }
}

function sqnrDb(reference: Float32Array, found: Float32Array): number {
  let signal = 0;
  let noise = 0;
  for (const [i, value] of reference.entries()) {
    signal += value * value;
    noise += (value - (found[i] ?? Number.NaN)) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

describe.each(['onnxruntime', 'tensorrt'] as const)(
  'every operator and attribute opens, runs and is near FP32: %s',
  (target) => {
    it.each(cases.map((each) => [each.op, each.text, each] as const))('%s %s', async (_, __, each) => {
      const model = modelOf(each);
      const values = normal(CHANNELS * SIZE * SIZE, createRandom(3));
      const tensors = calibrationTensors(model);
      const observed = await run(
        withOutputs(
          model,
          tensors.filter((name) => name !== 'x'),
        ),
        values,
      );
      const all: Record<string, Float32Array> = { ...observed, x: values };
      const reduce = (name: string, pick: (a: number, b: number) => number): number =>
        (all[name] ?? new Float32Array()).reduce((best, value) => pick(best, value), 0);
      const thresholds = Object.fromEntries(
        tensors.map((name) => [name, Math.max(reduce(name, Math.max), -reduce(name, Math.min))]),
      );
      const ranges = Object.fromEntries(
        tensors.map((name) => [name, [reduce(name, Math.min), reduce(name, Math.max)] as const]),
      );
      for (const activationType of target === 'onnxruntime' ? (['int8', 'uint8'] as const) : (['int8'] as const)) {
        const quantized = quantizeModel({ model, target, plan: EMPTY_PLAN, thresholds, ranges, activationType });
        const found = await run(materialize(quantized.model), values, target === 'tensorrt');
        expect(sqnrDb(observed['head:0'] ?? new Float32Array(), found['head:0'] ?? new Float32Array())).toBeGreaterThan(
          20,
        );
      }
    });
  },
);
