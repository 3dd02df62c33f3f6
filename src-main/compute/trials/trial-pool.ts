import { advise } from '../../../src-shared/base/advice';
import { defined } from '../../../src-shared/base/assert';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry, SkippedImage } from '../../../src-shared/domain/project/image-set';
import type { Target } from '../../../src-shared/domain/project/precision';
import {
  finishRecords,
  type UnfinishedRecord,
  withoutIneffective,
} from '../../../src-shared/domain/measures/task-records';
import type { Task } from '../../../src-shared/domain/tasks/task';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';
import type { BiasCorrection } from '../../../src-shared/domain/analysis/repair';
import {
  OTHER_SIZE,
  type ReferenceAnswer,
  type Trial,
  type TrialAnswer,
  type TrialImage,
  type Trials,
} from '../../analysis/trials';
import { openMetric } from '../../analysis/metric/open-metric';
import type { UserMetric } from '../../analysis/metric/user-metric';
import type { Summarize } from '../../../src-shared/domain/measures/judge-custom';
import type { OutputTensor } from '../../backends/runnable-variant';
import { memoryBounds, requireMemory, weightBytesOf, workersForWeights } from '../pool/worker-memory';
import { inputDimsOf, resizableInputs, TrialImages } from './trial-images';
import { TrialJournal } from './trial-journal';
import { TrialModels } from './trial-models';
import type { LayerErrors, UnfinishedAnswer } from './trial-protocol';
import { sharedReference } from './trial-reference';
import { keptBytes, TrialWorkers } from './trial-workers';

export interface TrialParams {
  readonly preparedDir: string;
  readonly target: Target;
  /**
   * Run models in the same way as validation on ort-cpu: with their original outputs and, for the target onnxruntime,
   * with its INT8 kernels. Otherwise quantization is computed in float arithmetic for every target, and a final Softmax
   * is left out.
   */
  readonly asShipped?: boolean;
  readonly ranges: TensorRanges;
  readonly feeding: Feeding;
  /** null: not decided; a classification if an output is one. */
  readonly task: Task | null;
  /** For a user's own metric: the hash of what the user has allowed to run. */
  readonly metricHash?: string;
  readonly entries: readonly ImageEntry[];
  readonly threads: number;
  /** File of answers from earlier trials; it must belong to this model, target, inputs and these images. */
  readonly journalPath: string;
}

/**
 * Opens a pool for trials on these images, passes it to `use`, and closes it in every case. Runs of the model are
 * reported as progress under the phase that was set last.
 * @throws WorkbenchError images-empty, model-unsupported, cancelled.
 */
export async function withTrials<T>(
  params: TrialParams,
  context: TaskContext,
  use: (trials: TrialPool) => Promise<T>,
): Promise<T> {
  const pool = new TrialPool(params, context);
  try {
    await pool.open();
    return await use(pool);
  } finally {
    await pool.close();
  }
}

/** Processor time of this process in seconds. Unlike wall time, it does not depend on the load of the machine. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Processor time in seconds. */
export interface TrialCosts {
  /** Reading one image. */
  readonly loadSeconds: number;
  /** Opening the FP32 model. */
  readonly openSeconds: number;
  /** One run of the FP32 model. */
  readonly runSeconds: number;
  /** Wall time per second of processor time; 1 on an idle machine. */
  readonly slowdown: number;
}

/**
 * Runs models on images that several one-thread workers share. The results do not depend on which worker runs which
 * part.
 */
export class TrialPool implements Trials {
  readonly reference: ReferenceAnswer[] = [];
  /** Names of the compared outputs, in the order of `noise` and `signal`. */
  outputNames: readonly string[] = [];
  /** See Trials: an output is added when FP32 or a trial answers with another size. */
  readonly varying = new Set<number>();
  /** Measured on the images in use. */
  costs: TrialCosts = { loadSeconds: 0, openSeconds: 0, runSeconds: 0, slowdown: 1 };
  /** Wall time of the trials' runs and the number of images that they ran on, without opening the models. */
  trialClock = { runMs: 0, images: 0 };
  /** Runs of the model so far, without those whose answers were in the journal. */
  passes = 0;
  /** FP32's embeddings, one entry per image. */
  private vectors: readonly (Float32Array | null)[] = [];
  private metric: Promise<UserMetric> | null = null;
  private readonly journal: TrialJournal;
  private readonly used: TrialImages;
  private opened: { readonly models: TrialModels; readonly workers: TrialWorkers } | null = null;
  private phase = { name: 'measuring FP32', done: 0, total: 0 };

  constructor(
    private readonly params: TrialParams,
    private readonly context: TaskContext,
  ) {
    this.journal = new TrialJournal(params.journalPath);
    this.used = new TrialImages(params.entries, params.feeding);
  }

  get images(): readonly TrialImage[] {
    return this.used.images;
  }

  get skipped(): readonly SkippedImage[] {
    return this.used.skipped;
  }

  get task(): Task | null {
    return this.params.task;
  }

  /** Indices of the usable images among entries `from` to `to` (exclusive). */
  part(from: number, to: number): number[] {
    return this.used.part(from, to);
  }

  /** Begins a phase of the progress. @param total runs of the model that it will take at most */
  expect(name: string, total: number): void {
    this.phase = { name, done: 0, total };
    this.report(0);
  }

  /** @param first slots of the entries to begin with; all by default. */
  async open(first?: readonly number[]): Promise<void> {
    const { entries, feeding, preparedDir, target, asShipped, ranges, task, metricHash, threads } = this.params;
    const models = new TrialModels(preparedDir, target, ranges, {
      asShipped: asShipped === true,
      task,
      inputDims: inputDimsOf(feeding),
    });
    const { memoryLimitBytes } = this.context;
    const weightBytes = weightBytesOf(preparedDir);
    requireMemory(memoryLimitBytes, weightBytes);
    const wanted = Math.max(1, Math.min(threads, entries.length));
    const count = workersForWeights(wanted, weightBytes, memoryBounds(memoryLimitBytes));
    const init = {
      runner: {
        weightsDir: preparedDir,
        simulate: models.simulates,
        resizable: resizableInputs(feeding),
        ...keptBytes(count, models.programBytes, memoryLimitBytes),
      },
      feeding,
      task,
      ...(metricHash === undefined ? {} : { metricHash }),
      compared: models.outputNames,
    };
    const workers = new TrialWorkers(models, init, this.context.signal);
    this.opened = { models, workers };
    await workers.threads.grow(count);
    await this.use(first ?? [...entries.keys()]);
  }

  /**
   * Sets the images in use: reads the entries that were not read yet, and runs FP32 on all of them.
   * @param slots indices into the entries, ascending.
   */
  async use(slots: readonly number[]): Promise<void> {
    const { workers } = this.running;
    const unread = this.used.unread(slots).length;
    this.phase = { name: 'reading images', done: 0, total: unread };
    const before = cpuSeconds();
    await this.used.use(slots, workers.threads, () => this.report(1, 'images'));
    if (unread > 0) this.costs = { ...this.costs, loadSeconds: (cpuSeconds() - before) / unread };
    await this.measureReference();
  }

  async run(trials: readonly Trial[], at: readonly number[]): Promise<TrialAnswer[][]> {
    const { models, workers } = this.running;
    const names = at.map((i) => this.used.ids[i] ?? '');
    const found = trials.map((trial) => this.journal.get(trial, names));
    const missing = trials.flatMap((trial, i) => (found[i] ? [] : [{ i, trial }]));
    this.report((trials.length - missing.length) * at.length);
    const states = missing.map(() => ({
      answers: at.map((): UnfinishedAnswer<TrialAnswer> => NO_ANSWER),
      left: at.length,
    }));
    await workers.each(
      missing.map(
        ({ trial }) =>
          () =>
            models.of(trial),
      ),
      this.used.slotsOf(at),
      async (worker, program, { chunks, positions }, job) => {
        const result = await workers.request(worker, 'run', { ...workers.send(worker, program), chunks });
        const own = result.answers;
        this.passes += own.length;
        this.trialClock = { runMs: this.trialClock.runMs + result.runMs, images: this.trialClock.images + own.length };
        this.report(own.length);
        const state = states[job];
        const { i, trial } = missing[job] ?? {};
        if (!state || i === undefined || !trial) return;
        for (const [slot, answer] of own.entries()) state.answers[positions[slot] ?? 0] = answer;
        state.left -= own.length;
        // A complete trial survives an interruption of the analysis.
        if (state.left > 0) return;
        const complete = this.finish(state.answers, at);
        found[i] = complete;
        this.journal.put(trial, names, complete);
      },
    );
    for (const { noise } of found.flatMap((answers) => answers ?? []))
      for (const [output, error] of noise.entries()) if (error === OTHER_SIZE) this.varying.add(output);
    return trials.map((_, i) => [...(found[i] ?? [])]);
  }

  /**
   * Squared errors at the outputs of layers under one trial, summed over images.
   * @param tensors outputs of layers; those that the rewritten model has as integers only are absent from the result.
   */
  async layers(
    trial: Trial,
    tensors: readonly string[],
    at: readonly number[],
  ): Promise<ReadonlyMap<string, { readonly signal: number; readonly noise: number }>> {
    const { models, workers } = this.running;
    const fp32 = models.reference(tensors);
    const found: LayerErrors[] = [];
    await workers.each(
      [() => models.of(trial, tensors)],
      this.used.slotsOf(at),
      async (worker, quantized, { chunks, positions }) => {
        const errors = await workers.request(worker, 'layers', {
          fp32: workers.send(worker, fp32),
          quantized: workers.send(worker, quantized),
          tensors,
          chunks,
        });
        for (const [i, own] of errors.entries()) found[positions[i] ?? 0] = own;
        this.passes += 2 * positions.length;
        this.report(2 * positions.length);
      },
    );
    const sums = new Map<string, { signal: number; noise: number }>();
    for (const { tensors: names, signal, noise } of found) {
      for (const [i, name] of names.entries()) {
        const sum = sums.get(name) ?? { signal: 0, noise: 0 };
        sums.set(name, { signal: sum.signal + (signal[i] ?? 0), noise: sum.noise + (noise[i] ?? 0) });
      }
    }
    return sums;
  }

  /** The corrections that biases of quantized layers need under a trial: means over the images, in their order. */
  async shifts(trial: Trial, at: readonly number[]): Promise<BiasCorrection[]> {
    const { models, workers } = this.running;
    const { program, biases } = models.shifts(trial);
    if (biases.length === 0) return [];
    const images: (readonly Float32Array[])[] = [];
    await workers.each([() => program], this.used.slotsOf(at), async (worker, own, { chunks, positions }) => {
      const found = await workers.request(worker, 'shifts', {
        ...workers.send(worker, own),
        biases: biases.length,
        // A batch is filled with the same image, so that the means over the batch depend on that image only.
        chunks: chunks.flatMap((chunk) => chunk.map((slot) => [slot])),
      });
      for (const [i, shifts] of found.entries()) images[positions[i] ?? 0] = shifts;
      this.passes += positions.length;
      this.report(positions.length);
    });
    return biases.map((bias, i) => {
      const sums = new Float64Array(bias.channels);
      for (const image of images)
        for (const [channel, value] of (image[i] ?? new Float32Array()).entries())
          sums[channel] = (sums[channel] ?? 0) + value;
      return { ...bias, shift: Array.from(sums, (sum) => Math.fround(sum / images.length)) };
    });
  }

  /** The user's own function; undefined for other tasks. */
  get summarize(): Summarize | undefined {
    const { task, metricHash } = this.params;
    if (task?.kind !== 'custom') return undefined;
    return async (records) => {
      this.metric ??= openMetric(task.metric, metricHash, () => this.context.signal?.aborted === true);
      return (await this.metric).summarize(records);
    };
  }

  async close(): Promise<void> {
    await this.metric?.then((metric) => metric.close()).catch(() => undefined);
    await this.opened?.workers.close();
  }

  private get running(): { readonly models: TrialModels; readonly workers: TrialWorkers } {
    return defined(this.opened, 'open() comes before every other call of a TrialPool');
  }

  /** Runs FP32, with which every trial is compared. */
  private async measureReference(): Promise<void> {
    const total = this.images.length;
    this.reference.length = 0;
    this.expect('measuring FP32', total);
    const outputs: (readonly OutputTensor[])[] = [];
    const records: (UnfinishedRecord | null)[] = [];
    const boxes = new Map<number, readonly TruthBox[]>();
    const before = cpuSeconds();
    const clock = { openMs: 0, runMs: 0 };
    const { models, workers } = this.running;
    let opened = 0;
    await workers.each([() => models.reference()], this.used.slots, async (worker, program, { chunks, positions }) => {
      const found = await workers.request(worker, 'reference', { ...workers.send(worker, program), chunks });
      for (const [i, answer] of found.answers.entries()) {
        const { record, ...reference } = answer;
        const image = positions[i] ?? 0;
        this.reference[image] = reference;
        records[image] = record;
        outputs[image] = found.outputs[i] ?? [];
        boxes.set(this.used.slots[image] ?? 0, found.boxes[i] ?? []);
      }
      clock.openMs += found.openMs;
      clock.runMs += found.runMs;
      if (found.openMs > 0) opened++;
      this.report(positions.length);
    });
    // Processor time is known for the whole process only. It is divided in the ratio of the workers' clocks.
    const perMs = (cpuSeconds() - before) / Math.max(1e-9, clock.openMs + clock.runMs);
    this.costs = {
      ...this.costs,
      openSeconds: (perMs * clock.openMs) / Math.max(1, opened),
      runSeconds: (perMs * clock.runMs) / total,
      slowdown: Math.max(1, 1 / (1000 * Math.max(1e-9, perMs))),
    };
    this.leaveOutUnanswered(outputs, records);
    this.keepReference(records);
    this.outputNames = (outputs[0] ?? []).flatMap(({ name, data }) => (data ? [name] : []));
    this.findVarying(outputs);
    await workers.threads.runOnAll('share', { outputs: sharedReference(outputs, this.used.slots), boxes });
  }

  /** The outputs whose sizes differ among the images, unless the sizes of the inputs do, too. */
  private findVarying(outputs: readonly (readonly OutputTensor[])[]): void {
    const { inputs } = this.params.feeding;
    if (inputs.some(({ dims }) => dims.some((dim) => typeof dim !== 'number' && 'image' in dim))) return;
    const lengths = outputs.map((own) => own.flatMap(({ data }) => (data ? [data.length] : [])));
    for (const own of lengths)
      for (const [output, length] of own.entries()) if (length !== lengths[0]?.[output]) this.varying.add(output);
  }

  /**
   * Images for which FP32 itself gives NaN or infinity cannot be used to judge a trial. They are skipped and reported.
   */
  private leaveOutUnanswered(outputs: (readonly OutputTensor[])[], records: (UnfinishedRecord | null)[]): void {
    for (let i = this.images.length - 1; i >= 0; i--) {
      if (this.reference[i]?.signal.every(Number.isFinite)) continue;
      this.used.leaveOut(i, UNANSWERED);
      for (const list of [this.reference, outputs, records]) list.splice(i, 1);
    }
    if (this.images.length === 0) {
      throw new WorkbenchError('images-empty', ALL_UNANSWERED, {
        hint: advise('validate-fp32'),
      });
    }
  }

  /** Completes FP32's own answers, with which those of trials are compared. */
  private keepReference(records: readonly (UnfinishedRecord | null)[]): void {
    this.vectors = records.map((own) => (own?.kind === 'vector' ? own.vector : null));
    const finished = finishRecords(this.params.task, records, this.vectors, this.labelsOf([...records.keys()]));
    for (const [i, record] of finished.entries()) {
      const reference = this.reference[i];
      if (reference && record !== null) this.reference[i] = { ...reference, record };
    }
  }

  /** Completes the answers of a trial to images `at`, and drops what no score depends on. */
  private finish(answers: readonly UnfinishedAnswer<TrialAnswer>[], at: readonly number[]): TrialAnswer[] {
    const finished = withoutIneffective(
      finishRecords(
        this.params.task,
        answers.map(({ record }) => record),
        at.map((image) => this.vectors[image] ?? null),
        this.labelsOf(at),
      ),
    );
    return answers.map(({ noise, top1 }, i): TrialAnswer => {
      const record = finished[i] ?? null;
      return { noise, top1, ...(record === null ? {} : { record }) };
    });
  }

  private labelsOf(at: readonly number[]): number[] {
    return at.map((image) => this.images[image]?.label ?? -1);
  }

  private report(passes: number, unit = 'passes'): void {
    this.phase.done += passes;
    const { name, done, total } = this.phase;
    // When more runs are needed than expected, the total is unknown.
    this.context.onProgress?.({ phase: name, done, total: done > total ? 0 : total, unit });
  }
}

const UNANSWERED = 'The output of the FP32 model contains NaN or infinity';
const ALL_UNANSWERED = 'The outputs of the FP32 model contain NaN or infinity for every image';
const NO_ANSWER: UnfinishedAnswer<TrialAnswer> = { noise: [], top1: -1, record: null };
