import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import { Worker } from 'node:worker_threads';
import { cancelledError, throwIfAborted, WorkbenchError } from '../../../src-shared/base/errors';
import { fromWireError } from '../../../src-shared/contract/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { imageId, type ImageEntry, type SkippedImage } from '../../../src-shared/domain/project/image-set';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { Target } from '../../../src-shared/domain/project/precision';
import type { ReferenceAnswer, Trial, TrialAnswer, TrialImage, Trials } from '../../analysis/trials';
import type { OutputTensor } from '../../backends/model-session';
import type { BiasCorrection } from '../../../src-shared/domain/analysis/repair';
import { entryPath } from '../pool/entry-path';
import { TrialJournal } from './trial-journal';
import type {
  BiasShifts,
  FromTrialWorker,
  LayerErrors,
  SharedReference,
  ToTrialWorker,
  TrialInit,
  TrialTask,
  TrialTasks,
} from './trial-protocol';

/** Preprocessed images are kept in memory while models are tried on them. */
const MAX_IMAGE_BYTES = 2 ** 31;
/** A part of a trial that is smaller than this is not worth a session of its own. */
const MIN_CHUNK = 8;

export interface TrialParams {
  readonly preparedDir: string;
  readonly target: Target;
  /** See TrialInit. */
  readonly asShipped?: boolean;
  readonly ranges: TensorRanges;
  readonly input: ImageInput;
  readonly preprocessing: Preprocessing;
  readonly entries: readonly ImageEntry[];
  readonly threads: number;
  /** Remembers what was tried; it must belong to this model, target, preprocessing and these images. */
  readonly journalPath: string;
}

/**
 * Opens trials on these images, lets `use` run them, and ends all workers whatever happens. Passes are reported as progress under
 * the phase that was set last.
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

/** Processor time of this process, seconds: unlike the clock it does not depend on what else the machine is doing. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Processor time, seconds. */
export interface TrialCosts {
  /** Of reading one image, of opening FP32 and of one run of it. */
  readonly loadSeconds: number;
  readonly openSeconds: number;
  readonly runSeconds: number;
  /** What the clock shows for a second of processor time: 1 on an idle machine. */
  readonly slowdown: number;
}

/** Several one-thread workers that hold the same images. Which worker runs what does not change any number. */
export class TrialPool implements Trials {
  readonly images: TrialImage[] = [];
  readonly reference: ReferenceAnswer[] = [];
  readonly skipped: SkippedImage[] = [];
  /** Of the outputs that are compared, in the order of `noise` and `signal`. */
  outputNames: readonly string[] = [];
  /** What was measured on the images in use so far. */
  costs: TrialCosts = { loadSeconds: 0, openSeconds: 0, runSeconds: 0, slowdown: 1 };
  /** What the clock showed while trials ran, and on how many images; opening them is not in it. */
  trialClock = { runMs: 0, images: 0 };
  /** Runs of the model so far, without those that were remembered. */
  passes = 0;
  private readonly workers: TrialWorker[] = [];
  private readonly journal: TrialJournal;
  private readonly stopFlag = new Int32Array(new SharedArrayBuffer(4));
  /** Index of an image -> its slot in the shared memory, which is its index among the entries. */
  private readonly slots: number[] = [];
  /** What tells an image from those of other sets. */
  private readonly ids: string[] = [];
  /** Slot of an image that was read -> why it cannot be used; null: it can. */
  private readonly read = new Map<number, string | null>();
  private phase = { name: 'measuring FP32', done: 0, total: 0 };
  private readonly onAbort = (): void => void Atomics.store(this.stopFlag, 0, 1);

  constructor(
    private readonly params: TrialParams,
    private readonly context: TaskContext,
  ) {
    this.journal = new TrialJournal(params.journalPath);
  }

  /** Indices of the usable images among entries `from` to `to` (exclusive). */
  part(from: number, to: number): number[] {
    return this.slots.flatMap((slot, image) => (slot >= from && slot < to ? [image] : []));
  }

  /** What comes next, and how many runs of the model it will take at most. */
  expect(name: string, total: number): void {
    this.phase = { name, done: 0, total };
    this.report(0);
  }

  /** @param first slots of the entries to begin with; all when absent. */
  async open(first?: readonly number[]): Promise<void> {
    const { entries, input } = this.params;
    const bytes = entries.length * input.channels * input.height * input.width * 4;
    if (bytes > MAX_IMAGE_BYTES) {
      const fitting = Math.floor((entries.length * MAX_IMAGE_BYTES) / bytes);
      throw new WorkbenchError(
        'usage',
        `${entries.length} images of this size need ${Math.ceil(bytes / 1e6)} MB while models are tried on them, expected at most ${MAX_IMAGE_BYTES / 1e6} MB`,
        {
          hint: `Use fewer images: --limit ${fitting}.`,
        },
      );
    }
    throwIfAborted(this.context.signal);
    this.context.signal?.addEventListener('abort', this.onAbort, { once: true });
    const init: TrialInit = { ...this.params, images: new SharedArrayBuffer(bytes), stop: this.stopFlag.buffer };
    const count = Math.max(1, Math.min(this.params.threads, entries.length));
    for (let i = 0; i < count; i++) this.workers.push(new TrialWorker());
    await Promise.all(this.workers.map((worker) => worker.init(init)));
    await this.use(first ?? [...entries.keys()]);
  }

  /**
   * Reads these entries unless that was done, and answers them with FP32: from now on they are the images.
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
    const parts = partsOf(at.length, missing.length === 0 ? 1 : Math.ceil(this.workers.length / missing.length));
    const running = new Map(
      missing.map((i) => [i, { answers: at.map((): TrialAnswer => NO_ANSWER), partsLeft: parts.length }]),
    );
    await this.spread(
      missing.flatMap((trial) => parts.map((part) => ({ trial, part }))),
      async (worker, { trial, part }) => {
        const { answers: own, runMs } = await worker.call('run', {
          trial: trials[trial] ?? NO_TRIAL,
          slots: this.slotsOf(at.slice(part.from, part.to)),
        });
        this.passes += own.length;
        this.trialClock = { runMs: this.trialClock.runMs + runMs, images: this.trialClock.images + own.length };
        this.report(own.length);
        const state = running.get(trial);
        if (!state) return;
        state.answers.splice(part.from, own.length, ...own);
        // What is complete survives an interruption.
        if (--state.partsLeft === 0) this.journal.put(trials[trial] ?? NO_TRIAL, names, state.answers);
      },
    );
    return trials.map((_, i) => [...(found[i] ?? running.get(i)?.answers ?? [])]);
  }

  /**
   * Errors at the outputs of layers under one trial, summed over images.
   * @param tensors outputs of layers; those that the rewritten model has as integers only are absent from the result.
   */
  async layers(
    trial: Trial,
    tensors: readonly string[],
    at: readonly number[],
  ): Promise<ReadonlyMap<string, { readonly signal: number; readonly noise: number }>> {
    const parts = partsOf(at.length, this.workers.length);
    const found: LayerErrors[][] = parts.map(() => []);
    await this.spread([...parts.entries()], async (worker, [i, part]) => {
      found[i] = [
        ...(await worker.call('layers', { trial, tensors, slots: this.slotsOf(at.slice(part.from, part.to)) })),
      ];
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

  /** What biases of quantized layers lack under a trial: the mean over images, summed in their order. */
  async shifts(trial: Trial, at: readonly number[]): Promise<BiasCorrection[]> {
    const parts = partsOf(at.length, this.workers.length);
    const found: BiasShifts[] = [];
    await this.spread([...parts.entries()], async (worker, [i, part]) => {
      found[i] = await worker.call('shifts', { trial, slots: this.slotsOf(at.slice(part.from, part.to)) });
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

  /** Waits until the workers have ended by themselves: terminating a thread inside ONNX Runtime aborts the whole process. */
  async close(): Promise<void> {
    this.context.signal?.removeEventListener('abort', this.onAbort);
    await Promise.all(this.workers.map((worker) => worker.end()));
  }

  private slotsOf(at: readonly number[]): number[] {
    return at.map((image) => this.slots[image] ?? 0);
  }

  private async load(slots: readonly number[]): Promise<void> {
    const { entries } = this.params;
    const missing = slots.filter((slot) => !this.read.has(slot));
    this.phase = { name: 'reading images', done: 0, total: missing.length };
    const before = cpuSeconds();
    await this.spread(missing, async (worker, slot) => {
      const entry = entries[slot];
      if (entry) this.read.set(slot, await worker.call('load', { slot, entry }));
      this.report(1, 'images');
    });
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
      this.ids.push(`${entry.path} ${entry.record ?? ''}`);
      this.images.push({ file: imageId(entry), group: entry.group, label: entry.label });
    }
    const [first] = this.skipped;
    if (this.images.length === 0)
      throw new WorkbenchError(
        'images-empty',
        `None of ${slots.length} images could be used; the first one: ${first?.file ?? ''}: ${first?.reason ?? ''}`,
      );
  }

  /** FP32 first: everything is compared with it. */
  private async measureReference(): Promise<void> {
    const total = this.images.length;
    this.expect('measuring FP32', total);
    const outputs: (readonly OutputTensor[])[] = [];
    const before = cpuSeconds();
    const clock = { open: 0, run: 0 };
    const parts = partsOf(total, Math.max(this.workers.length, Math.ceil(total / 32)));
    await this.spread(parts, async (worker, part) => {
      const found = await worker.call('reference', { slots: this.slots.slice(part.from, part.to) });
      for (const [i, answer] of found.answers.entries()) {
        this.reference[part.from + i] = answer;
        outputs[part.from + i] = found.outputs[i] ?? [];
      }
      clock.open += found.openMs;
      clock.run += found.runMs;
      this.report(part.to - part.from);
    });
    // The clock says how the processor time divides, however busy the machine is.
    const perMs = (cpuSeconds() - before) / Math.max(1e-9, clock.open + clock.run);
    this.costs = {
      ...this.costs,
      openSeconds: (perMs * clock.open) / parts.length,
      runSeconds: (perMs * clock.run) / total,
      slowdown: Math.max(1, 1 / (1000 * Math.max(1e-9, perMs))),
    };
    this.leaveOutUnanswered(outputs);
    this.outputNames = (outputs[0] ?? []).flatMap(({ name, data }) => (data ? [name] : []));
    const shared = this.shareable(outputs);
    await Promise.all(this.workers.map((worker) => worker.call('share', shared)));
  }

  /** Images to which FP32 itself answers with NaN or infinities say nothing about a trial: they are named and left out. */
  private leaveOutUnanswered(outputs: (readonly OutputTensor[])[]): void {
    for (let i = this.images.length - 1; i >= 0; i--) {
      if (this.reference[i]?.signal.every(Number.isFinite)) continue;
      this.skipped.push({
        file: this.images[i]?.file ?? '',
        reason: 'FP32 answers with values that are no numbers (NaN or infinite)',
      });
      for (const list of [this.images, this.slots, this.ids, this.reference, outputs]) list.splice(i, 1);
    }
    if (this.images.length === 0) {
      throw new WorkbenchError(
        'images-empty',
        'FP32 answers every image with values that are no numbers (NaN or infinite)',
        {
          hint: 'Check the preprocessing (scale, mean, std), and the model in FP32: calib validate PROJECT --variants fp32',
        },
      );
    }
  }

  private shareable(outputs: readonly (readonly OutputTensor[])[]): SharedReference {
    const slotCount = this.params.entries.length;
    const first = outputs[0] ?? [];
    return {
      outputs: first.map(({ name, dims, data }) => {
        const length = data?.length ?? 0;
        const values = new SharedArrayBuffer(slotCount * length * 4);
        for (const [i, own] of outputs.entries()) {
          const found = own.find((output) => output.name === name)?.data ?? new Float32Array();
          if (found.length !== length) {
            throw new WorkbenchError(
              'model-unsupported',
              `Output "${name}" has ${length} values for ${this.images[0]?.file ?? ''} and ${found.length} for ${this.images[i]?.file ?? ''}`,
              {
                hint: 'Outputs whose size depends on the data (after NonMaxSuppression, for example) cannot be compared; cut the model before it.',
              },
            );
          }
          new Float32Array(values, (this.slots[i] ?? 0) * length * 4, length).set(found);
        }
        return { name, dims, length, values };
      }),
    };
  }

  /** Runs `work` for every item, one item a worker at a time, in order of the list. Rejects on the first error, when all have stopped. */
  private async spread<I>(items: readonly I[], work: (worker: TrialWorker, item: I) => Promise<void>): Promise<void> {
    let next = 0;
    const failures: unknown[] = [];
    await Promise.all(
      this.workers.map(async (worker) => {
        while (next < items.length && failures.length === 0) {
          const item = items[next++] as I;
          try {
            throwIfAborted(this.context.signal);
            await work(worker, item);
          } catch (error) {
            failures.push(error);
          }
        }
      }),
    );
    if (this.context.signal?.aborted) throw cancelledError();
    if (failures.length > 0) throw failures[0];
  }

  private report(passes: number, unit = 'passes'): void {
    this.phase.done += passes;
    const { name, done, total } = this.phase;
    // More than was foreseen: how much more is not known.
    this.context.onProgress?.({ phase: name, done, total: done > total ? 0 : total, unit });
  }
}

const NO_TRIAL: Trial = { plan: { layers: {} }, thresholds: {} };
const NO_ANSWER: TrialAnswer = { noise: [], top1: -1 };

interface Part {
  readonly from: number;
  readonly to: number;
}

/** At most `count` parts of nearly the same size. */
function partsOf(length: number, count: number): Part[] {
  const parts = Math.max(1, Math.min(count, Math.ceil(length / MIN_CHUNK)));
  return Array.from({ length: parts }, (_, i) => ({
    from: Math.floor((i * length) / parts),
    to: Math.floor(((i + 1) * length) / parts),
  }));
}

/** A thread that answers one call at a time. */
class TrialWorker {
  private readonly thread = new Worker(entryPath('trial-worker'));
  private nextId = 0;
  private readonly waiting = new Map<
    number,
    { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void }
  >();

  constructor() {
    this.thread.on('message', (message: FromTrialWorker) => {
      const call = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if (message.type === 'error') call?.reject(fromWireError(message.error));
      else call?.resolve(message.result as never);
    });
    this.thread.on('error', (error) => {
      for (const { reject } of this.waiting.values())
        reject(new WorkbenchError('internal', `A compute worker failed: ${error.message}`, { cause: error }));
      this.waiting.clear();
    });
  }

  async init(init: TrialInit): Promise<void> {
    await this.send((id) => ({ type: 'init', id, init }));
  }

  call<T extends TrialTask>(task: T, params: TrialTasks[T]['params']): Promise<TrialTasks[T]['result']> {
    return this.send((id) => ({ type: 'task', id, task, params }));
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.thread.threadId === -1) {
        resolve();
        return;
      }
      this.thread.once('exit', () => resolve());
      this.thread.postMessage({ type: 'stop' } satisfies ToTrialWorker);
    });
  }

  private send<R>(message: (id: number) => ToTrialWorker): Promise<R> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.thread.postMessage(message(id));
    });
  }
}
