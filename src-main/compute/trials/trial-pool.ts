import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { defined } from '../../../src-shared/base/assert';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { PartialResult } from '../../../src-shared/domain/analysis/partial';
import type { BiasCorrection } from '../../../src-shared/domain/analysis/repair';
import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import type { Summarize } from '../../../src-shared/domain/measures/judge-custom';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry, SkippedImage } from '../../../src-shared/domain/project/image-set';
import { hasFp16Layers, type Target } from '../../../src-shared/domain/project/precision';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { sumOfWork, type ChangedPart, type ExpectedWork } from '../../analysis/expected-work';
import { openMetric } from '../../analysis/metric/open-metric';
import type { UserMetric } from '../../analysis/metric/user-metric';
import type { OnAnswers, ReferenceAnswer, Trial, TrialAnswer, TrialImage, Trials } from '../../analysis/trials';
import { bytesOf } from '../../backends/feeds';
import { memoryBounds, PeakMemory, requireMemory, weightBytesOf, workersForWeights } from '../pool/worker-memory';
import { openingWork } from './changed-part';
import { TrialClock } from './trial-clock';
import { hasOpenBatch, inputDimsOf, resizableInputs, TrialImages } from './trial-images';
import { TrialJournal } from './trial-journal';
import { bytesOfOutputs, fitTrials } from './trial-memory';
import { TrialModels } from './trial-models';
import type { LayerErrors, UnfinishedAnswer } from './trial-protocol';
import { TrialReference } from './trial-reference';
import { readSpeed, simulatedSpeed, writeSpeed } from './trial-speed';
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
 * @param next a trial like the first ones; what is known about its model is computed while FP32 runs
 * @throws WorkbenchError images-empty, model-unsupported, cancelled.
 */
export async function withTrials<T>(
  params: TrialParams,
  context: TaskContext,
  use: (trials: TrialPool) => Promise<T>,
  next?: Trial,
): Promise<T> {
  const pool = new TrialPool(params, context);
  try {
    await pool.open({ next });
    const result = await use(pool);
    pool.finish();
    return result;
  } finally {
    await pool.close();
  }
}

/**
 * Runs models on images that several one-thread workers share. The results do not depend on which worker runs which
 * part.
 */
export class TrialPool implements Trials {
  /** Runs of the model so far, without those whose answers were in the journal. */
  passes = 0;
  private metric: Promise<UserMetric> | null = null;
  private readonly journal: TrialJournal;
  private readonly used: TrialImages;
  private readonly fp32: TrialReference;
  private readonly clock: TrialClock;
  private startMs = 0;
  /** Of a worker, for reading one image and running FP32 on it. */
  private imageMs: number | undefined;
  private opened: {
    readonly models: TrialModels;
    readonly workers: TrialWorkers;
    readonly changed: ChangedPart;
  } | null = null;

  constructor(
    private readonly params: TrialParams,
    private readonly context: TaskContext,
  ) {
    this.journal = new TrialJournal(params.journalPath);
    this.used = new TrialImages(params.entries, params.feeding);
    this.fp32 = new TrialReference(params, this.used);
    this.clock = new TrialClock({
      onProgress: context.onProgress,
      workers: () => this.opened?.workers.threads.size ?? 1,
      earlier: readSpeed(dirname(params.journalPath)),
    });
  }

  get reference(): readonly ReferenceAnswer[] {
    return this.fp32.answers;
  }

  /** Names of the compared outputs, in the order of `noise` and `signal`. */
  get outputNames(): readonly string[] {
    return this.fp32.outputNames;
  }

  /** See Trials: an output is added when FP32 or a trial answers with another size. */
  get varying(): ReadonlySet<number> {
    return this.fp32.varying;
  }

  /** What quantized models have computed so far, in runs of the whole model. */
  get work(): number {
    return this.clock.work;
  }

  get images(): readonly TrialImage[] {
    return this.used.images;
  }

  get skipped(): readonly SkippedImage[] {
    return this.used.skipped;
  }

  laneOf(image: number): number {
    return this.opened?.workers.laneOf(this.used.slots[image] ?? 0) ?? 0;
  }

  get task(): Task | null {
    return this.params.task;
  }

  /** Indices of the usable images among entries `from` to `to` (exclusive). */
  part(from: number, to: number): number[] {
    return this.used.part(from, to);
  }

  /** The part of a run that a change makes necessary. */
  get changed(): ChangedPart {
    return this.running.changed;
  }

  /** Begins a phase of the progress, or continues it. @param left all that is expected from now on, see TrialClock */
  expect(name: string, left: ExpectedWork): void {
    const { cuts, simulates } = this.running.models;
    const first = openingWork(cuts, { simulates, weightBytes: weightBytesOf(this.params.preparedDir) });
    this.clock.expect(name, this.work > 0 ? left : sumOfWork(left, first));
  }

  /** Reports that nothing is left. */
  finish(): void {
    this.clock.finish();
  }

  /** Reports what was found so far, and what is left. */
  found(partial: PartialResult | undefined, left?: ExpectedWork): void {
    this.clock.found(partial, left);
  }

  /**
   * @param first slots of the entries to begin with; all by default.
   * @param next see withTrials.
   */
  async open({
    first,
    next,
  }: { readonly first?: readonly number[]; readonly next?: Trial | undefined } = {}): Promise<void> {
    const { entries, feeding, preparedDir, target, asShipped, ranges, task, metricHash, threads } = this.params;
    const startedAt = performance.now();
    const models = new TrialModels(preparedDir, target, ranges, {
      asShipped: asShipped === true,
      task,
      inputDims: inputDimsOf(feeding),
      hasOpenBatch: hasOpenBatch(feeding),
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
        shapes: models.shapes,
        resizable: resizableInputs(feeding),
        ...keptBytes(count, models.programBytes, memoryLimitBytes),
      },
      feeding,
      task,
      ...(metricHash === undefined ? {} : { metricHash }),
      compared: models.outputNames,
    };
    const workers = new TrialWorkers(models, init, this.context.signal);
    this.opened = { models, workers, changed: models.changed };
    await this.grow(workers, count);
    this.startMs = performance.now() - startedAt;
    await this.use(first ?? [...entries.keys()], next);
  }

  /**
   * Opens the workers. If the user has set a limit, the first one runs FP32 on an image alone: what that took decides
   * how many more follow, and how much they keep between runs.
   * @throws WorkbenchError memory-limit
   */
  private async grow(workers: TrialWorkers, count: number): Promise<void> {
    const { memoryLimitBytes } = this.context;
    const { models } = this.running;
    if (memoryLimitBytes === undefined) return workers.threads.grow(count);
    const peak = new PeakMemory();
    await workers.threads.grow(1);
    for (const [slot, entry] of this.params.entries.entries()) {
      const outcome = await workers.request(0, 'load', entry);
      if (!outcome.ok) continue;
      await workers.request(0, 'hold', [{ slot, entry, image: outcome.value }]);
      const reference = { ...workers.send(0, models.reference()), chunks: [[slot]] };
      const { outputs } = await workers.request(0, 'reference', reference);
      const held = this.params.entries.length * (bytesOf(outcome.value) + bytesOfOutputs(outputs.flat()));
      const fitting = fitTrials({ count, held, programBytes: models.programBytes }, peak.measure(), memoryLimitBytes);
      await workers.threads.grow(fitting.count);
      return workers.threads.runOnAll('keep', fitting.kept);
    }
  }

  /**
   * Sets the images in use: reads the entries that were not read yet, and runs FP32 on all of them.
   * @param slots indices into the entries, ascending.
   */
  private async use(slots: readonly number[], next: Trial | undefined): Promise<void> {
    const { models, workers } = this.running;
    const unread = this.used.unread(slots).length;
    this.clock.count('reading images', 'images', unread);
    const startedAt = performance.now();
    await this.used.use(slots, workers.threads, () => this.clock.advance(1));
    this.clock.count('measuring FP32', 'images', this.images.length);
    await Promise.all([
      this.fp32.measure(models, workers, (images) => this.clock.advance(images)),
      next === undefined ? undefined : anticipate(models, next),
    ]);
    if (unread > 0) this.imageMs = ((performance.now() - startedAt) * workers.threads.size) / unread;
  }

  async run(trials: readonly Trial[], at: readonly number[], onAnswers?: OnAnswers): Promise<TrialAnswer[][]> {
    const { models, workers } = this.running;
    const names = at.map((i) => this.used.ids[i] ?? '');
    const found = trials.map((trial) => this.journal.get(trial, names));
    const missing = trials.flatMap((trial, i) => (found[i] ? [] : [{ i, trial }]));
    for (const [i, answers] of found.entries()) if (answers) onAnswers?.(i, answers);
    const states = missing.map(() => ({
      answers: at.map((): UnfinishedAnswer<TrialAnswer> => NO_ANSWER),
      left: at.length,
    }));
    await workers.each(
      missing.map(({ trial }) => () => {
        const startedAt = performance.now();
        const program = models.of(trial);
        this.clock.made(performance.now() - startedAt);
        return program;
      }),
      this.used.slotsOf(at),
      async (worker, program, { chunks, positions }, job) => {
        const result = await workers.request(worker, 'run', { ...workers.send(worker, program), chunks });
        const own = result.answers;
        this.passes += own.length;
        const state = states[job];
        const { i, trial } = missing[job] ?? {};
        this.clock.worked(result.work, trial !== undefined && hasFp16Layers(trial.plan));
        if (!state || i === undefined || !trial) return;
        for (const [slot, answer] of own.entries()) state.answers[positions[slot] ?? 0] = answer;
        state.left -= own.length;
        // A complete trial survives an interruption of the analysis.
        if (state.left > 0) return;
        const complete = this.fp32.finish(state.answers, at);
        found[i] = complete;
        this.journal.put(trial, names, complete);
        onAnswers?.(i, complete);
      },
    );
    this.fp32.addVarying(found.flatMap((answers) => answers ?? []));
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
        this.clock.passed(2 * positions.length);
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
      this.clock.passed(positions.length);
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
    const { measured } = this.clock;
    if (measured.passMs === undefined && measured.fp16PassMs === undefined) return;
    const { imageMs, startMs } = this;
    const { models } = this.running;
    const dir = dirname(this.params.journalPath);
    if (models.simulates) await writeSpeed(dir, { ...measured, imageMs, startMs });
    else if (readSpeed(dir) === null)
      await writeSpeed(dir, { ...simulatedSpeed(measured, models.partsIfDivided), imageMs, startMs });
  }

  private get running(): NonNullable<typeof this.opened> {
    return defined(this.opened, 'open() comes before every other call of a TrialPool');
  }
}

/** Places, ranges and weights are looked up once for all trials with the same plan. */
async function anticipate(models: TrialModels, trial: Trial): Promise<void> {
  await setImmediate();
  try {
    models.of(trial);
  } catch {
    // The trial itself will say so.
  }
}

const NO_ANSWER: UnfinishedAnswer<TrialAnswer> = { noise: [], top1: -1, record: null };
