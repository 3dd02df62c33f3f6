import { InferenceSession, Tensor } from 'onnxruntime-node';
import { EMPTY_PLAN, type PrecisionPlan } from '../../../src-shared/domain/project/precision';
import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import { FP16_UNSAFE_PASSES } from '../../../src-main/backends/fp16-passes';
import type { Model } from '../../../src-main/onnx/graph/model';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import { materialize } from '../../../src-main/quantization/rewrite/materialize';
import { quantizeModel, withOutputs, type QuantizedModel } from '../../../src-main/quantization/rewrite/quantize';
import { pseudoRandom } from '../../support/onnx-builder';

/** A model with one input `x`, calibrated on a few inputs, whose variants are compared with FP32 on another one. */
export class Calibrated {
  readonly model: Model;
  private ranges: TensorRanges = {};
  private thresholds: Readonly<Record<string, number>> = {};

  private constructor(
    model: Model,
    private readonly dims: readonly number[],
    private readonly scale: number,
  ) {
    this.model = prepareModel(model).model;
  }

  static async of(model: Model, dims: readonly number[], scale = 1): Promise<Calibrated> {
    const made = new Calibrated(model, dims, scale);
    await made.calibrate();
    return made;
  }

  /** Values in [-scale, scale); the second half of every input is zero. */
  private input(seed: number): Float32Array {
    const values = pseudoRandom(
      this.dims.reduce((product, dim) => product * dim, 1),
      seed,
    ).map((value) => value * this.scale);
    return values.fill(0, values.length / 2);
  }

  private async calibrate(): Promise<void> {
    const tensors = calibrationTensors(this.model);
    const observed = withOutputs(this.model, tensors);
    const values = new Map<string, number[]>(
      tensors.map((name) => [name, name === 'x' ? [1, 2, 3].flatMap((seed) => [...this.input(seed)]) : []]),
    );
    for (const seed of [1, 2, 3])
      for (const [name, data] of await run(observed, this.input(seed), this.dims)) values.get(name)?.push(...data);
    this.thresholds = Object.fromEntries(
      [...values].map(([name, seen]) => [name, seen.reduce((most, value) => Math.max(most, Math.abs(value)), 0)]),
    );
    this.ranges = Object.fromEntries(
      [...values].map(([name, seen]) => {
        const used = seen.filter((value) => value !== 0);
        const small = used.filter((value) => Math.abs(value) < 2 ** -14).length / Math.max(1, used.length);
        return [
          name,
          [seen.reduce((a, b) => Math.min(a, b), 0), seen.reduce((a, b) => Math.max(a, b), 0), small] as const,
        ];
      }),
    );
  }

  /** With MinMax thresholds, others where they are given. */
  variant(plan: PrecisionPlan, thresholds: Readonly<Record<string, number>> = {}): QuantizedModel {
    return quantizeModel({
      model: this.model,
      target: 'tensorrt',
      plan,
      thresholds: { ...this.thresholds, ...thresholds },
      ranges: this.ranges,
    });
  }

  /** Every layer in FP16. */
  fp16(): QuantizedModel {
    return this.variant({ layers: Object.fromEntries(this.model.graph.node.map(({ name }) => [name, 'fp16'])) });
  }

  int8(): QuantizedModel {
    return this.variant(EMPTY_PLAN);
  }

  /** SQNR of the first output against FP32, dB; NaN where the variant yields NaN. */
  async sqnrDb(variant: QuantizedModel): Promise<number> {
    const input = this.input(9);
    const [name = ''] = this.model.graph.output.map((output) => output.name);
    const reference = (await run(this.model, input, this.dims)).get(name) ?? [];
    const found = (await run(materialize(variant.model), input, this.dims)).get(name) ?? [];
    const noise = reference.reduce((sum, value, i) => sum + (value - (found[i] ?? NaN)) ** 2, 0);
    return 10 * Math.log10(reference.reduce((sum, value) => sum + value ** 2, 0) / noise);
  }
}

/** Float outputs by name, with Q/DQ as float arithmetic. */
async function run(model: Model, values: Float32Array, dims: readonly number[]): Promise<Map<string, number[]>> {
  const session = await InferenceSession.create(encodeModel(model), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: {
      session: { disable_quant_qdq: '1' },
      optimization: { disable_specified_optimizers: FP16_UNSAFE_PASSES.join(';') },
    },
  });
  try {
    const results = await session.run({ x: new Tensor('float32', values, dims) });
    return new Map(Object.entries(results).map(([name, tensor]) => [name, [...(tensor.data as Float32Array)]]));
  } finally {
    await session.release();
  }
}
