import { advise } from '../../../src-shared/base/advice';
import { defined } from '../../../src-shared/base/assert';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import { bytesOfImage, type Feeding } from '../../../src-shared/domain/project/feeding';
import { imageId, type ImageEntry, type SkippedImage } from '../../../src-shared/domain/project/image-set';
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
import { bytesOf, type PreparedImage } from '../../backends/feeds';
import type { OutputTensor } from '../../backends/runnable-variant';
import { memoryBounds, requireMemory, weightBytesOf, workersForWeights } from '../pool/worker-memory';
import { WorkerPool } from '../pool/worker-pool';
import { TrialJournal } from './trial-journal';
import type { BiasShifts, LayerErrors, TrialInit, UnfinishedAnswer } from './trial-protocol';
import { sharedReference } from './trial-reference';

/** Preprocessed images are kept in memory while models are tried on them. */
const MAX_IMAGE_BYTES = 2 ** 31;
/** If a part of a trial has fewer images than this, opening another session takes longer than it saves. */
const MIN_PART_IMAGES = 8;

export interface TrialParams {
  readonly preparedDir: string;
  readonly target: Target;
  /** See TrialInit. */
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
  readonly images: TrialImage[] = [];
  readonly reference: ReferenceAnswer[] = [];
  readonly skipped: SkippedImage[] = [];
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
  private pool: WorkerPool<'trials'> | null = null;
  private readonly journal: TrialJournal;
  /** Index of an image -> its slot, which is its index among the entries. */
  private readonly slots: number[] = [];
  /** Slot and id of each image: they identify it in the journal, on every machine. */
  private readonly ids: string[] = [];
  /** Slot of an image that was read -> why it cannot be used; null: it can. */
  private readonly read = new Map<number, string | null>();
  private heldBytes = 0;
  private phase = { name: 'measuring FP32', done: 0, total: 0 };

  constructor(
    private readonly params: TrialParams,
    private readonly context: TaskContext,
  ) {
    this.journal = new TrialJournal(params.journalPath);
  }

  get task(): Task | null {
    return this.params.task;
  }

  /** Indices of the usable images among entries `from` to `to` (exclusive). */
  part(from: number, to: number): number[] {
    return this.slots.flatMap((slot, image) => (slot >= from && slot < to ? [image] : []));
  }

  /** Begins a phase of the progress. @param total runs of the model that it will take at most */
  expect(name: string, total: number): void {
    this.phase = { name, done: 0, total };
    this.report(0);
  }

  /** @param first slots of the entries to begin with; all by default. */
  async open(first?: readonly number[]): Promise<void> {
    const { entries, feeding, preparedDir, target, asShipped, ranges, task, metricHash } = this.params;
    // Sizes that depend on the image are known when the images have been read; `load` counts them.
    const bytes = entries.length * bytesOfImage(feeding, 1);
    if (bytes > MAX_IMAGE_BYTES) throw tooLarge(entries.length, bytes);
    const { memoryLimitBytes } = this.context;
    const weightBytes = weightBytesOf(preparedDir);
    requireMemory(memoryLimitBytes, weightBytes);
    const init: TrialInit = {
      preparedDir,
      target,
      ...(asShipped ? { asShipped } : {}),
      ranges,
      feeding,
      task,
      ...(metricHash === undefined ? {} : { metricHash }),
    };
    this.pool = new WorkerPool({ role: 'trials', init, depth: 1, signal: this.context.signal });
    const wanted = Math.max(1, Math.min(this.params.threads, entries.length));
    await this.pool.grow(workersForWeights(wanted, weightBytes, memoryBounds(memoryLimitBytes)));
    await this.use(first ?? [...entries.keys()]);
  }

  /**
   * Sets the images in use: reads the entries that were not read yet, and runs FP32 on all of them.
   * @param slots indices into the entries, ascending.
   */
  async use(slots: readonly number[]): Promise<void> {
    await this.load(slots);
    await this.measureReference();
  }

  async run(trials: readonly Trial[], at: readonly number[]): Promise<TrialAnswer[][]> {
    const names = at.map((i) => this.ids[i] ?? '');
    const found = trials.map((trial) => this.journal.get(trial, names));
    const missing = trials.flatMap((_, i) => (found[i] ? [] : [i]));
    this.report((trials.length - missing.length) * at.length);
    const parts = partsOf(at.length, missing.length === 0 ? 1 : Math.ceil(this.workers.size / missing.length));
    const running = new Map(
      missing.map((i) => [
        i,
        { answers: at.map((): UnfinishedAnswer<TrialAnswer> => NO_ANSWER), partsLeft: parts.length },
      ]),
    );
    await this.workers.forEach(
      missing.flatMap((trial) => parts.map((part) => ({ trial, part }))),
      async (run, { trial, part }) => {
        const { answers: own, runMs } = await run('run', {
          trial: trials[trial] ?? NO_TRIAL,
          slots: this.slotsOf(at.slice(part.from, part.to)),
        });
        this.passes += own.length;
        this.trialClock = { runMs: this.trialClock.runMs + runMs, images: this.trialClock.images + own.length };
        this.report(own.length);
        const state = running.get(trial);
        if (!state) return;
        state.answers.splice(part.from, own.length, ...own);
        // A complete trial survives an interruption of the analysis.
        if (--state.partsLeft > 0) return;
        const complete = this.finish(state.answers, at);
        found[trial] = complete;
        this.journal.put(trials[trial] ?? NO_TRIAL, names, complete);
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
    const parts = partsOf(at.length, this.workers.size);
    const found: LayerErrors[][] = parts.map(() => []);
    await this.workers.forEach(parts.entries(), async (run, [i, part]) => {
      found[i] = [...(await run('layers', { trial, tensors, slots: this.slotsOf(at.slice(part.from, part.to)) }))];
      this.passes += 2 * (part.to - part.from);
      this.report(2 * (part.to - part.from));
    });
    const sums = new Map<string, { signal: number; noise: number }>();
    for (const { tensors: names, signal, noise } of found.flat()) {
      for (const [i, name] of names.entries()) {
        const sum = sums.get(name) ?? { signal: 0, noise: 0 };
        sums.set(name, { signal: sum.signal + (signal[i] ?? 0), noise: sum.noise + (noise[i] ?? 0) });
      }
    }
    return sums;
  }

  /** The corrections that biases of quantized layers need under a trial: means over the images, in their order. */
  async shifts(trial: Trial, at: readonly number[]): Promise<BiasCorrection[]> {
    const parts = partsOf(at.length, this.workers.size);
    const found: BiasShifts[] = [];
    await this.workers.forEach(parts.entries(), async (run, [i, part]) => {
      found[i] = await run('shifts', { trial, slots: this.slotsOf(at.slice(part.from, part.to)) });
      this.passes += part.to - part.from;
      this.report(part.to - part.from);
    });
    const images = found.flatMap((part) => part.images);
    return (found[0]?.biases ?? []).map((bias, i) => {
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
    await this.pool?.close();
  }

  private get workers(): WorkerPool<'trials'> {
    return defined(this.pool, 'open() comes before every other call of a TrialPool');
  }

  private slotsOf(at: readonly number[]): number[] {
    return at.map((image) => this.slots[image] ?? 0);
  }

  private async load(slots: readonly number[]): Promise<void> {
    const { entries } = this.params;
    const missing = slots.filter((slot) => !this.read.has(slot));
    this.phase = { name: 'reading images', done: 0, total: missing.length };
    const before = cpuSeconds();
    const loaded: { readonly slot: number; readonly entry: ImageEntry; readonly image: PreparedImage }[] = [];
    await this.workers.forEach(missing, async (run, slot) => {
      const entry = entries[slot];
      if (!entry) return;
      const outcome = await run('load', entry);
      this.read.set(slot, outcome.ok ? null : outcome.reason);
      if (outcome.ok) {
        loaded.push({ slot, entry, image: outcome.value });
        this.heldBytes += bytesOf(outcome.value);
        if (this.heldBytes > MAX_IMAGE_BYTES)
          throw tooLarge(entries.length, (this.heldBytes / loaded.length) * entries.length);
      }
      this.report(1, 'images');
    });
    await this.workers.runOnAll('hold', loaded);
    if (missing.length > 0) this.costs = { ...this.costs, loadSeconds: (cpuSeconds() - before) / missing.length };
    for (const list of [this.images, this.slots, this.ids, this.reference, this.skipped]) list.length = 0;
    for (const slot of slots) {
      const entry = entries[slot];
      if (!entry) continue;
      const reason = this.read.get(slot) ?? null;
      if (reason !== null) {
        this.skipped.push({ file: imageId(entry), reason });
        continue;
      }
      this.slots.push(slot);
      this.ids.push(`${slot} ${imageId(entry)}`);
      this.images.push({ file: imageId(entry), group: entry.group, label: entry.label });
    }
    const [first] = this.skipped;
    if (this.images.length === 0) {
      throw new WorkbenchError(
        'images-empty',
        `None of ${slots.length} images could be used; the first one: ${first?.file ?? ''}: ${first?.reason ?? ''}`,
      );
    }
  }

  /** Runs FP32, with which every trial is compared. */
  private async measureReference(): Promise<void> {
    const total = this.images.length;
    this.expect('measuring FP32', total);
    const outputs: (readonly OutputTensor[])[] = [];
    const records: (UnfinishedRecord | null)[] = [];
    const boxes = new Map<number, readonly TruthBox[]>();
    const before = cpuSeconds();
    const clock = { open: 0, run: 0 };
    const parts = partsOf(total, Math.max(this.workers.size, Math.ceil(total / 32)));
    await this.workers.forEach(parts, async (run, part) => {
      const found = await run('reference', { slots: this.slots.slice(part.from, part.to) });
      for (const [i, answer] of found.answers.entries()) {
        const { record, ...reference } = answer;
        this.reference[part.from + i] = reference;
        records[part.from + i] = record;
        outputs[part.from + i] = found.outputs[i] ?? [];
        boxes.set(this.slots[part.from + i] ?? 0, found.boxes[i] ?? []);
      }
      clock.open += found.openMs;
      clock.run += found.runMs;
      this.report(part.to - part.from);
    });
    // Processor time is known for the whole process only. It is divided in the ratio of the workers' clocks.
    const perMs = (cpuSeconds() - before) / Math.max(1e-9, clock.open + clock.run);
    this.costs = {
      ...this.costs,
      openSeconds: (perMs * clock.open) / parts.length,
      runSeconds: (perMs * clock.run) / total,
      slowdown: Math.max(1, 1 / (1000 * Math.max(1e-9, perMs))),
    };
    this.leaveOutUnanswered(outputs, records);
    this.keepReference(records);
    this.outputNames = (outputs[0] ?? []).flatMap(({ name, data }) => (data ? [name] : []));
    this.findVarying(outputs);
    await this.workers.runOnAll('share', { outputs: sharedReference(outputs, this.slots), boxes });
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
      this.skipped.push({ file: this.images[i]?.file ?? '', reason: UNANSWERED });
      for (const list of [this.images, this.slots, this.ids, this.reference, outputs, records]) list.splice(i, 1);
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
const NO_TRIAL: Trial = { plan: { layers: {} }, thresholds: {} };
const NO_ANSWER: UnfinishedAnswer<TrialAnswer> = { noise: [], top1: -1, record: null };

function tooLarge(images: number, bytes: number): WorkbenchError {
  const fitting = Math.floor((images * MAX_IMAGE_BYTES) / bytes);
  return new WorkbenchError(
    'usage',
    `${images} images of this size need ${Math.ceil(bytes / 1e6)} MB while models are tried on them, ` +
      `expected at most ${MAX_IMAGE_BYTES / 1e6} MB`,
    { hint: advise('use-fewer-images', { images: String(fitting) }) },
  );
}

interface Part {
  readonly from: number;
  readonly to: number;
}

/** At most `count` parts of nearly the same size. */
function partsOf(length: number, count: number): Part[] {
  const parts = Math.max(1, Math.min(count, Math.ceil(length / MIN_PART_IMAGES)));
  return Array.from({ length: parts }, (_, i) => ({
    from: Math.floor((i * length) / parts),
    to: Math.floor(((i + 1) * length) / parts),
  }));
}
