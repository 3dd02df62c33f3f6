import { cancelledError } from '../../../src-shared/base/errors';
import {
  fp32Boxes,
  recordOf,
  type ComparedWith,
  type UnfinishedRecord,
} from '../../../src-shared/domain/measures/task-records';
import type { TaskAnswer } from '../../../src-shared/domain/tasks/answer';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';
import { OTHER_SIZE, type ReferenceAnswer, type TrialAnswer } from '../../analysis/trials';
import { candidateSums, readCandidates, type ReadCandidates } from '../../analysis/decoders/candidate-error';
import { imageOutputs } from '../../analysis/image-outputs';
import { createTaskReader, type ReadImage, type TaskReader } from '../../analysis/task-reader';
import { outputErrors } from '../../analysis/variant-evaluator';
import type { OutputTensor } from '../../backends/runnable-variant';
import { equalShapes, stackImages, type Feed } from '../../backends/feeds';
import { createFeedLoader, type FeedLoader } from '../../calibration/inputs/feed-loader';
import { maskOf } from '../../calibration/labels/mask-labels';
import { shiftName } from '../../quantization/rewrite/bias-correction';
import { roleOf, type StopFlag, type WorkerRole } from '../pool/worker-role';
import { loadShared } from '../roles/decode-role';
import type { UsableImage } from '../roles/image-role';
import { ProgramRunner } from './program-runner';
import type { WorkDone } from './trial-clock';
import type {
  Chunk,
  LayerErrors,
  SentProgram,
  SharedReference,
  TrialInit,
  TrialTasks,
  UnfinishedAnswer,
} from './trial-protocol';

/** Runs models of trials on images that all workers share. */
export async function createTrialRole(init: TrialInit, stop: StopFlag): Promise<WorkerRole> {
  const runner = new TrialRunner(init, stop);
  const role = roleOf<TrialTasks>({
    load: (params) => runner.load(params),
    hold: (params) => runner.hold(params),
    keep: (params) => runner.keep(params),
    reference: (params) => runner.reference(params),
    share: (params) => runner.share(params),
    run: (params) => runner.run(params),
    layers: (params) => runner.layers(params),
    shifts: (params) => runner.shifts(params),
  });
  return { ...role, close: () => runner.close() };
}

class TrialRunner {
  private readonly programs: ProgramRunner;
  private readonly loader: FeedLoader;
  private readonly reader: TaskReader;
  /** Slot -> image, and its entry. */
  private readonly images = new Map<number, UsableImage>();
  /** Slot -> true class of every pixel of the network's input; null: the image has no mask. */
  private readonly masks = new Map<number, ReadImage['mask']>();
  /** Slot -> candidates of FP32, for detectors. */
  private readonly fp32Candidates = new Map<number, ReadCandidates | null>();
  private readonly batch: number;
  private shared: SharedReference | null = null;

  constructor(
    private readonly options: TrialInit,
    private readonly stop: StopFlag,
  ) {
    const { runner, task, feeding } = options;
    this.programs = new ProgramRunner(runner);
    this.loader = createFeedLoader(feeding);
    this.reader = createTaskReader(task, { metricHash: options.metricHash, isStopped: () => stop.isSet });
    this.batch = feeding.fixedBatch ?? 1;
  }

  /** Ends a user's own metric, which keeps the thread alive. */
  async close(): Promise<void> {
    await this.reader.close();
    await this.programs.close();
  }

  load(entry: TrialTasks['load']['params']): Promise<TrialTasks['load']['result']> {
    return loadShared(this.loader, entry);
  }

  hold(images: TrialTasks['hold']['params']): Promise<null> {
    for (const { slot, entry, image } of images) this.images.set(slot, { entry, image });
    return Promise.resolve(null);
  }

  keep(limits: TrialTasks['keep']['params']): Promise<null> {
    this.programs.keep(limits);
    return Promise.resolve(null);
  }

  async reference(params: TrialTasks['reference']['params']): Promise<TrialTasks['reference']['result']> {
    const answers: UnfinishedAnswer<ReferenceAnswer>[] = [];
    const boxes: (readonly TruthBox[])[] = [];
    const outputs: OutputTensor[][] = [];
    for await (const { slot, own } of this.eachImage(params, params.chunks)) {
      const answer = await this.answerTo(slot, own, own);
      const fp32 = fp32Boxes(answer);
      const errors = outputErrors(this.compared(own), this.compared(own));
      answers.push({
        signal: errors.map(({ signal }) => signal),
        top1: top1Of(answer),
        record: this.recordOf(answer, { truth: this.truthOf(slot), fp32 }, this.candidatesOf(slot, own)),
      });
      boxes.push(fp32);
      outputs.push(own.map(copyOf));
    }
    return { answers, boxes, outputs };
  }

  share(reference: SharedReference): Promise<null> {
    this.shared = reference;
    this.fp32Candidates.clear();
    return Promise.resolve(null);
  }

  async run(params: TrialTasks['run']['params']): Promise<TrialTasks['run']['result']> {
    const timer = this.timer();
    const answers: UnfinishedAnswer<TrialAnswer>[] = [];
    for await (const { slot, own } of this.eachImage(params, params.chunks)) {
      const fp32 = this.referenceOf(slot);
      const answer = await this.answerTo(slot, own, fp32);
      const errors = new Map(
        outputErrors(this.compared(own), this.compared(fp32), true).map(
          ({ name, noise }) => [name, Number.isNaN(noise) ? Number.POSITIVE_INFINITY : noise] as const,
        ),
      );
      const to = { truth: this.truthOf(slot), fp32: this.shared?.boxes.get(slot) ?? [] };
      answers.push({
        noise: this.compared(fp32).flatMap(({ name, data }) => (data === null ? [] : [errors.get(name) ?? OTHER_SIZE])),
        top1: top1Of(answer),
        record: this.recordOf(answer, to, this.candidatesOf(slot, own), this.referenceCandidates(slot)),
      });
    }
    return { answers, work: timer() };
  }

  /** @param fp32 the candidates of FP32; for FP32 itself the same */
  private recordOf(
    answer: TaskAnswer | null,
    to: ComparedWith,
    own: ReadCandidates | null,
    fp32 = own,
  ): UnfinishedRecord | null {
    const record = recordOf(this.options.task, answer, to);
    return record?.kind === 'detection' && own && fp32 ? { ...record, candidates: candidateSums(own, fp32) } : record;
  }

  /** null for other tasks than detection */
  private candidatesOf(slot: number, outputs: readonly OutputTensor[]): ReadCandidates | null {
    const { task } = this.options;
    const { geometry } = this.imageOf(slot).image;
    return task?.kind === 'detection' && geometry ? readCandidates(task.decoder, outputs, geometry) : null;
  }

  /** The candidates of FP32 for an image are read once. */
  private referenceCandidates(slot: number): ReadCandidates | null {
    const known = this.fp32Candidates.get(slot) ?? this.candidatesOf(slot, this.referenceOf(slot));
    this.fp32Candidates.set(slot, known);
    return known;
  }

  private async answerTo(
    slot: number,
    outputs: readonly OutputTensor[],
    fp32: readonly OutputTensor[],
  ): Promise<TaskAnswer | null> {
    const { entry, image } = this.imageOf(slot);
    const mask = await this.maskOf(slot);
    return this.reader.read(outputs, fp32, { entry, geometry: image.geometry, mask });
  }

  /** The mask of an image is read once. */
  private async maskOf(slot: number): Promise<ReadImage['mask']> {
    if (this.options.task?.kind !== 'segmentation') return null;
    const known = this.masks.get(slot);
    if (known !== undefined) return known;
    const { entry, image } = this.imageOf(slot);
    const mask = await maskOf(entry, image.geometry);
    this.masks.set(slot, mask);
    return mask;
  }

  private truthOf(slot: number): readonly TruthBox[] | null {
    const { truth } = this.imageOf(slot).entry;
    return truth?.kind === 'boxes' ? truth.boxes : null;
  }

  /** The outputs that are compared by their values. */
  private compared(outputs: readonly OutputTensor[]): OutputTensor[] {
    return outputs.filter(({ name }) => this.options.compared.includes(name));
  }

  async layers({ fp32, quantized, tensors, chunks }: TrialTasks['layers']['params']): Promise<readonly LayerErrors[]> {
    const errors: LayerErrors[] = [];
    for (const chunk of chunks) {
      const expected = await this.runChunk(fp32, chunk);
      const found = await this.runChunk(quantized, chunk);
      for (const i of chunk.keys())
        errors.push(layerErrors(tensors, byName(expected[i] ?? []), byName(found[i] ?? [])));
    }
    return errors;
  }

  async shifts(params: TrialTasks['shifts']['params']): Promise<TrialTasks['shifts']['result']> {
    const images: Float32Array[][] = [];
    for (const chunk of params.chunks) {
      const [outputs] = await this.runFilled(params, [chunk]);
      const found = byName(outputs ?? []);
      images.push(
        Array.from({ length: params.biases }, (_, i) => (found.get(shiftName(i)) ?? new Float32Array()).slice()),
      );
    }
    return images;
  }

  /** Starts a clock of this worker's work. */
  private timer(): () => WorkDone {
    const startedAt = performance.now();
    const before = { ...this.programs.clock };
    return () => {
      const { openMs, opens, passes } = this.programs.clock;
      const spentMs = openMs - before.openMs;
      return {
        passes: passes - before.passes,
        runMs: performance.now() - startedAt - spentMs,
        opens: opens - before.opens,
        openMs: spentMs,
      };
    };
  }

  /** The outputs for each image of the chunks, in their order. */
  private async *eachImage(
    sent: SentProgram,
    chunks: readonly Chunk[],
  ): AsyncGenerator<{ readonly slot: number; readonly own: readonly OutputTensor[] }> {
    const together = Math.max(1, ...sent.program.steps.map((step) => step.together));
    for (let from = 0; from < chunks.length; from += together) {
      const some = chunks.slice(from, from + together);
      for (const [i, outputs] of (await this.runChunks(sent, some)).entries())
        for (const [at, own] of outputs.entries()) yield { slot: some[i]?.[at] ?? 0, own };
    }
  }

  /** The outputs for each image of one chunk. */
  private async runChunk(sent: SentProgram, chunk: Chunk): Promise<OutputTensor[][]> {
    return (await this.runChunks(sent, [chunk]))[0] ?? [];
  }

  /**
   * For each chunk the outputs for its images, as if each ran alone. A short chunk is padded with its last image.
   * Images of different shapes do not share a run.
   */
  private async runChunks(sent: SentProgram, chunks: readonly Chunk[]): Promise<OutputTensor[][][]> {
    const fills = chunks.flatMap((chunk, index) =>
      equalShapes(chunk.map((slot) => this.imageOf(slot).image)).map((group) => ({
        index,
        group,
        slots: group.map((i) => chunk[i] ?? 0),
      })),
    );
    const found: OutputTensor[][][] = chunks.map(() => []);
    const outputs = await this.runFilled(
      sent,
      fills.map(({ slots }) => slots),
    );
    for (const [k, { index, group }] of fills.entries())
      for (const [at, i] of group.entries())
        (found[index] ?? [])[i] = [...imageOutputs(outputs[k] ?? [], at, this.batch)];
    return found;
  }

  private async runFilled(
    { program, structures, kept }: SentProgram,
    fills: readonly Chunk[],
  ): Promise<OutputTensor[][]> {
    if (this.stop.isSet) throw cancelledError();
    this.programs.define(structures);
    const runs = fills.map((slots) => ({
      id: slots.join(),
      feeds: (): Feed[] =>
        stackImages(
          this.options.feeding,
          slots.map((slot) => this.imageOf(slot).image),
          this.batch,
        ),
      images: slots.length,
    }));
    return this.programs.run(program, runs, new Set(kept));
  }

  private imageOf(slot: number): UsableImage {
    const image = this.images.get(slot);
    if (!image) throw new Error(`Assertion failed: image ${slot} is used before it was loaded`);
    return image;
  }

  private referenceOf(slot: number): readonly OutputTensor[] {
    const outputs = this.shared?.outputs.get(slot);
    if (!outputs) throw new Error('Assertion failed: a trial ran before FP32');
    return outputs;
  }
}

/** The class that an answer names; -1 if it is no classification. */
function top1Of(answer: TaskAnswer | null): number {
  return answer?.kind === 'classification' ? (answer.top5[0] ?? -1) : -1;
}

/** A message copies the whole buffer of an array that is a part of it. */
function copyOf(output: OutputTensor): OutputTensor {
  const { data, integers } = output;
  return { ...output, data: data && data.slice(), ...(integers === undefined ? {} : { integers: integers.slice() }) };
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
