import { cancelledError } from '../../../src-shared/base/errors';
import type { ReferenceAnswer, TrialAnswer } from '../../analysis/trials';
import { answerOf } from '../../analysis/variant-evaluator';
import type { OutputTensor } from '../../backends/runnable-variant';
import { inputDims, OrtSession } from '../../backends/ort-session';
import { createPreprocessor } from '../../calibration/preprocessing/preprocess';
import { shiftName } from '../../quantization/rewrite/bias-correction';
import { roleOf, type StopFlag, type WorkerRole } from '../pool/worker-role';
import { loadImage } from '../roles/image-role';
import { TrialModels, type TrialModel } from './trial-models';
import type { BiasShifts, LayerErrors, SharedReference, TrialInit, TrialTasks } from './trial-protocol';

/** Runs models of trials on images that all workers share. */
export async function createTrialRole(init: TrialInit, stop: StopFlag): Promise<WorkerRole> {
  const runner = new TrialRunner(init, stop);
  return roleOf<TrialTasks>({
    load: (params) => runner.load(params),
    reference: (params) => runner.reference(params),
    share: (params) => runner.share(params),
    run: (params) => runner.run(params),
    layers: (params) => runner.layers(params),
    shifts: (params) => runner.shifts(params),
  });
}

/** A session lives as long as its task, so that memory does not grow with the number of models tried. */
class TrialRunner {
  private readonly models: TrialModels;
  private readonly preprocessor: ReturnType<typeof createPreprocessor>;
  private readonly images: Float32Array;
  /** float32 values of one image. */
  private readonly length: number;
  private readonly batch: number;
  private shared: SharedReference | null = null;

  constructor(
    private readonly options: TrialInit,
    private readonly stop: StopFlag,
  ) {
    const { input } = options;
    this.models = new TrialModels(options.preparedDir, options.target, options.ranges, options.asShipped);
    this.preprocessor = createPreprocessor(options.preprocessing, input);
    this.images = new Float32Array(options.images);
    this.length = input.channels * input.height * input.width;
    this.batch = input.fixedBatch ?? 1;
  }

  async load({ slot, entry }: TrialTasks['load']['params']): Promise<string | null> {
    const image = await loadImage(this.preprocessor, entry);
    if (!image.ok) return image.reason;
    this.images.set(image.value.values, slot * this.length);
    return null;
  }

  reference({ slots }: TrialTasks['reference']['params']): Promise<TrialTasks['reference']['result']> {
    const startedAt = performance.now();
    return this.withSession(this.models.reference(), async (session) => {
      const openedAt = performance.now();
      const answers: ReferenceAnswer[] = [];
      const outputs: OutputTensor[][] = [];
      for (const chunk of this.chunks(slots)) {
        for (const own of await this.runChunk(session, chunk)) {
          const answer = answerOf(own, own, 0, 1);
          answers.push({ signal: answer.outputs.map((output) => output.signal), top1: answer.top5[0] ?? -1 });
          outputs.push(own.map((output) => ({ ...output, data: output.data && output.data.slice() })));
        }
      }
      return { answers, outputs, openMs: openedAt - startedAt, runMs: performance.now() - openedAt };
    });
  }

  share(reference: SharedReference): Promise<null> {
    this.shared = reference;
    return Promise.resolve(null);
  }

  run({ trial, slots }: TrialTasks['run']['params']): Promise<TrialTasks['run']['result']> {
    return this.withSession(this.models.of(trial), async (session) => {
      const openedAt = performance.now();
      const answers: TrialAnswer[] = [];
      for (const chunk of this.chunks(slots)) {
        for (const [i, own] of (await this.runChunk(session, chunk)).entries()) {
          const { outputs, top5 } = answerOf(own, this.referenceOf(chunk[i] ?? 0), 0, 1);
          answers.push({
            noise: outputs.map(({ noise }) => (Number.isNaN(noise) ? Number.POSITIVE_INFINITY : noise)),
            top1: top5[0] ?? -1,
          });
        }
      }
      return { answers, runMs: performance.now() - openedAt };
    });
  }

  layers({ trial, tensors, slots }: TrialTasks['layers']['params']): Promise<readonly LayerErrors[]> {
    return this.withSession(this.models.reference(tensors), (fp32) =>
      this.withSession(this.models.of(trial, tensors), async (session) => {
        const errors: LayerErrors[] = [];
        for (const chunk of this.chunks(slots)) {
          const expected = await this.runChunk(fp32, chunk);
          const found = await this.runChunk(session, chunk);
          for (const i of chunk.keys())
            errors.push(layerErrors(tensors, byName(expected[i] ?? []), byName(found[i] ?? [])));
        }
        return errors;
      }),
    );
  }

  /** A fixed batch is filled with the same image, so that the means over the batch depend on that image only. */
  shifts({ trial, slots }: TrialTasks['shifts']['params']): Promise<BiasShifts> {
    const { biases, ...model } = this.models.shifts(trial);
    if (biases.length === 0) return Promise.resolve({ biases, images: slots.map(() => []) });
    return this.withSession(model, async (session) => {
      const images: Float32Array[][] = [];
      for (const slot of slots) {
        const found = byName(await this.runFilled(session, [slot]));
        images.push(biases.map((_, i) => (found.get(shiftName(i)) ?? new Float32Array()).slice()));
      }
      return { biases, images };
    });
  }

  private async withSession<T>(model: TrialModel, use: (session: OrtSession) => Promise<T>): Promise<T> {
    const session = await OrtSession.open({
      model: model.bytes,
      weightsDir: this.options.preparedDir,
      threads: 1,
      simulate: this.models.simulates,
      hasFp16: model.hasFp16,
    });
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }

  private chunks(slots: readonly number[]): number[][] {
    const count = Math.ceil(slots.length / this.batch);
    return Array.from({ length: count }, (_, i) => slots.slice(i * this.batch, (i + 1) * this.batch));
  }

  /** The outputs for each image of a chunk, as if it ran alone. A short chunk is padded with its last image. */
  private async runChunk(session: OrtSession, chunk: readonly number[]): Promise<OutputTensor[][]> {
    const outputs = await this.runFilled(session, chunk);
    return chunk.map((_, i) => outputs.map((output) => imagePart(output, i, this.batch)));
  }

  private async runFilled(session: OrtSession, chunk: readonly number[]): Promise<OutputTensor[]> {
    if (this.stop.isSet) throw cancelledError();
    const { batch, length } = this;
    const values = new Float32Array(length * batch);
    for (let i = 0; i < batch; i++) {
      const slot = chunk[Math.min(i, chunk.length - 1)] ?? 0;
      values.set(this.images.subarray(slot * length, (slot + 1) * length), i * length);
    }
    return session.run(values, inputDims(this.options.input, batch));
  }

  private referenceOf(slot: number): OutputTensor[] {
    if (!this.shared) throw new Error('Assertion failed: a trial ran before FP32');
    return this.shared.outputs.map(({ name, dims, length, values }) => ({
      name,
      dims,
      data: length === 0 ? null : new Float32Array(values, slot * length * 4, length),
    }));
  }
}

/** The part of an output that belongs to one image; the whole output if its first axis is not the batch. */
function imagePart(output: OutputTensor, i: number, batch: number): OutputTensor {
  const { data, dims } = output;
  if (!data || batch === 1 || dims[0] !== batch) return output;
  const length = data.length / batch;
  return { ...output, dims: [1, ...dims.slice(1)], data: data.subarray(i * length, (i + 1) * length) };
}

function byName(outputs: readonly OutputTensor[]): ReadonlyMap<string, Float32Array> {
  return new Map(outputs.flatMap(({ name, data }) => (data ? [[name, data] as const] : [])));
}

/** Errors of the tensors that both models have in floating point; the rewritten model has some as integers only. */
function layerErrors(
  tensors: readonly string[],
  expected: ReadonlyMap<string, Float32Array>,
  found: ReadonlyMap<string, Float32Array>,
): LayerErrors {
  const known = tensors.filter((name) => expected.has(name) && found.has(name));
  const sums = known.map((name) => {
    const a = expected.get(name) ?? new Float32Array();
    const b = found.get(name) ?? new Float32Array();
    let signal = 0;
    let noise = 0;
    for (let i = 0; i < a.length; i++) {
      const value = a[i] ?? 0;
      const difference = (b[i] ?? 0) - value;
      signal += value * value;
      noise += difference * difference;
    }
    return { signal, noise: Number.isNaN(noise) ? Number.POSITIVE_INFINITY : noise };
  });
  return { tensors: known, signal: sums.map(({ signal }) => signal), noise: sums.map(({ noise }) => noise) };
}
