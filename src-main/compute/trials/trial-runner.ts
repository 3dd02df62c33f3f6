import { cancelledError } from '../../../src-shared/base/errors';
import type { ReferenceAnswer, TrialAnswer } from '../../analysis/trials';
import { classify } from '../../analysis/classification-answer';
import { outputErrors } from '../../analysis/variant-evaluator';
import type { OutputTensor } from '../../backends/runnable-variant';
import { equalShapes, stackImages, type PreparedImage } from '../../backends/feeds';
import { OrtSession } from '../../backends/ort-session';
import { createFeedLoader, type FeedLoader } from '../../calibration/inputs/feed-loader';
import { shiftName } from '../../quantization/rewrite/bias-correction';
import { roleOf, type StopFlag, type WorkerRole } from '../pool/worker-role';
import { loadShared } from '../roles/decode-role';
import { TrialModels, type TrialModel } from './trial-models';
import type { BiasShifts, LayerErrors, SharedReference, TrialInit, TrialTasks } from './trial-protocol';

/** Runs models of trials on images that all workers share. */
export async function createTrialRole(init: TrialInit, stop: StopFlag): Promise<WorkerRole> {
  const runner = new TrialRunner(init, stop);
  return roleOf<TrialTasks>({
    load: (params) => runner.load(params),
    hold: (params) => runner.hold(params),
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
  private readonly loader: FeedLoader;
  /** Slot -> image. */
  private readonly images = new Map<number, PreparedImage>();
  private readonly batch: number;
  private shared: SharedReference | null = null;

  constructor(
    private readonly options: TrialInit,
    private readonly stop: StopFlag,
  ) {
    this.models = new TrialModels(options.preparedDir, options.target, options.ranges, options.asShipped);
    this.loader = createFeedLoader(options.feeding);
    this.batch = options.feeding.fixedBatch ?? 1;
  }

  load(entry: TrialTasks['load']['params']): Promise<TrialTasks['load']['result']> {
    return loadShared(this.loader, entry);
  }

  hold(images: TrialTasks['hold']['params']): Promise<null> {
    for (const { slot, image } of images) this.images.set(slot, image);
    return Promise.resolve(null);
  }

  reference({ slots }: TrialTasks['reference']['params']): Promise<TrialTasks['reference']['result']> {
    const startedAt = performance.now();
    return this.withSession(this.models.reference(), async (session) => {
      const openedAt = performance.now();
      const answers: ReferenceAnswer[] = [];
      const outputs: OutputTensor[][] = [];
      for (const chunk of this.chunks(slots)) {
        for (const own of await this.runChunk(session, chunk)) {
          const errors = outputErrors(own, own);
          answers.push({ signal: errors.map(({ signal }) => signal), top1: classify(own)?.top5[0] ?? -1 });
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
          const errors = outputErrors(own, this.referenceOf(chunk[i] ?? 0));
          answers.push({
            noise: errors.map(({ noise }) => (Number.isNaN(noise) ? Number.POSITIVE_INFINITY : noise)),
            top1: classify(own)?.top5[0] ?? -1,
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

  /**
   * The outputs for each image of a chunk, as if it ran alone. A short chunk is padded with its last image. Images of
   * different shapes run one shape after the other.
   */
  private async runChunk(session: OrtSession, chunk: readonly number[]): Promise<OutputTensor[][]> {
    const found: OutputTensor[][] = [];
    for (const group of equalShapes(chunk.map((slot) => this.imageOf(slot)))) {
      const slots = group.map((i) => chunk[i] ?? 0);
      const outputs = await this.runFilled(session, slots);
      for (const [at, i] of group.entries()) found[i] = outputs.map((output) => imagePart(output, at, this.batch));
    }
    return found;
  }

  private async runFilled(session: OrtSession, chunk: readonly number[]): Promise<OutputTensor[]> {
    if (this.stop.isSet) throw cancelledError();
    const images = chunk.map((slot) => this.imageOf(slot));
    return session.run(stackImages(this.options.feeding, images, this.batch));
  }

  private imageOf(slot: number): PreparedImage {
    const image = this.images.get(slot);
    if (!image) throw new Error(`Assertion failed: image ${slot} is used before it was loaded`);
    return image;
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
