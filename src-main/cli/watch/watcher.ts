import { setTimeout as sleep } from 'node:timers/promises';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatCountOf, formatFixed, formatFraction } from '../../../src-shared/base/units';
import { batchState, type BatchDrift } from '../../../src-shared/domain/health/field-batch';
import { pickSentence, type PickedImage } from '../../../src-shared/domain/health/pick';
import { writeFileAtomic } from '../../base/atomic-file';
import { present, type CommandContext } from '../command';
import { Arrivals, type ArrivalOptions } from './arrivals';
import { Batches, type Batch, type BatchOptions } from './batches';
import { WatchMetrics, type BatchOutcome } from './watch-metrics';
import { callWebhook } from './webhook';

/** Images of drifting batches among which those to add are picked; the newest count. */
const PROPOSAL_POOL = 512;
const PROPOSED_IMAGES = 32;
/** How long files that are still being written are waited for between two looks with `once`. */
const ONCE_PAUSE_MS = 250;

export interface WatchOptions extends BatchOptions, Omit<ArrivalOptions, 'clock'> {
  readonly projectPath: string;
  readonly dir: string;
  /** Largest drift that is no reason to act. */
  readonly limit: number;
  readonly intervalMs: number;
  /** Judges what is there and ends. */
  readonly isOnce: boolean;
  readonly metricsFile?: string;
  readonly webhook?: string;
  /** Where the list of images that should be added is written. */
  readonly proposalFile?: string;
  readonly threads?: number;
  readonly memoryLimitGb?: number;
}

/** One judged batch. */
export interface WatchedBatch {
  readonly group: string | null;
  readonly outcome: BatchOutcome;
  readonly drift: BatchDrift | null;
  /** Why the comparison failed. */
  readonly problem?: string;
}

export interface WatchResult {
  /** The last batches, oldest first. */
  readonly batches: readonly WatchedBatch[];
  readonly images: number;
  readonly damaged: number;
  /** Images that should be added to the calibration set; empty unless a batch drifted. */
  readonly proposal: readonly PickedImage[];
  /** Whether a batch was beyond the limit; with `once` also if nothing or not everything could be judged. */
  readonly isBeyondLimit: boolean;
  readonly isStopped: boolean;
}

/** Batches that a result lists; a watch may run for years. */
const LISTED_BATCHES = 1000;

/** Compares arriving images with the calibration record until it is stopped, or a batch is beyond the limit. */
export class Watcher {
  readonly metrics: WatchMetrics;
  private readonly arrivals: Arrivals;
  private readonly batches: Batches;
  private readonly done: WatchedBatch[] = [];
  private readonly stopping = new AbortController();
  private drifted: string[] = [];
  private proposal: readonly PickedImage[] = [];
  private images = 0;
  private damaged = 0;
  private wasMissed = false;
  private isFirstLook = true;

  constructor(
    private readonly options: WatchOptions,
    project: string,
    private readonly context: Pick<CommandContext, 'runJob' | 'note'>,
  ) {
    this.metrics = new WatchMetrics(project, options.limit);
    this.arrivals = new Arrivals(options.dir, options);
    this.batches = new Batches(options);
  }

  /** Ends the watch; a comparison that is under way is given up. */
  stop(): void {
    this.stopping.abort();
  }

  async run(): Promise<WatchResult> {
    const { isOnce, intervalMs } = this.options;
    await this.publish();
    let isEnding = false;
    while (!this.isStopped && !isEnding) {
      await this.look();
      const isComplete = isOnce && this.arrivals.unfinished === 0;
      for (const batch of this.batches.take(performance.now(), isComplete)) {
        if (this.isStopped || isEnding) break;
        isEnding = await this.judge(batch);
        await this.publish();
      }
      if (isComplete && this.batches.waiting === 0) break;
      if (!isEnding && !this.isStopped) await this.pause(isOnce ? ONCE_PAUSE_MS : intervalMs);
    }
    await this.publish();
    const { images, damaged, proposal, done, isStopped } = this;
    const isBeyondLimit = this.wasMissed || (isOnce && done.length === 0);
    return { batches: done, images, damaged, proposal, isBeyondLimit, isStopped };
  }

  private get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  /** A folder that cannot be read for a while (a network drive) is waited for, except the first time. */
  private async look(): Promise<void> {
    const { metrics } = this;
    try {
      this.batches.add(await this.arrivals.scan());
      if (!metrics.isFolderReadable) this.context.note(`${this.options.dir} can be read again`);
      metrics.isFolderReadable = true;
    } catch (error) {
      if (!(error instanceof WorkbenchError) || this.options.isOnce || this.isFirstLook) throw error;
      if (metrics.isFolderReadable) this.context.note(`warning: ${error.message}`);
      metrics.isFolderReadable = false;
    }
    this.isFirstLook = false;
    metrics.waiting = this.batches.waiting + this.arrivals.unfinished;
  }

  /** @returns whether the watch ends */
  private async judge(batch: Batch): Promise<boolean> {
    const { limit, isOnce, webhook } = this.options;
    const drift = await this.compare(batch);
    if (drift === 'stopped' || drift === 'later') return false;
    const outcome: BatchOutcome = drift instanceof WorkbenchError ? 'failed' : batchState(drift, limit);
    const own: WatchedBatch =
      drift instanceof WorkbenchError
        ? { group: batch.group, outcome, drift: null, problem: drift.message }
        : { group: batch.group, outcome, drift };
    this.done.push(own);
    this.done.splice(0, this.done.length - LISTED_BATCHES);
    this.images += own.drift?.images ?? 0;
    this.damaged += own.drift?.skipped.length ?? 0;
    this.metrics.count(batch.group, outcome, own.drift, Date.now());
    for (const line of batchLines(own, limit)) this.context.note(line);
    if (isOnce && outcome !== 'covered') this.wasMissed = true;
    if (outcome !== 'drifted') return false;
    this.wasMissed = true;
    await this.propose(batch);
    if (webhook !== undefined) await this.call(webhook, own);
    return webhook === undefined && !isOnce;
  }

  private async compare(batch: Batch): Promise<BatchDrift | WorkbenchError | 'stopped' | 'later'> {
    try {
      return await this.context.runJob({ kind: 'drift', ...this.jobFields(batch.files) });
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error;
      if (error.code === 'cancelled') {
        this.stop();
        return 'stopped';
      }
      // Another process works on the project: the batch is judged at the next look.
      if (error.code === 'project-locked') {
        this.context.note(error.message);
        this.batches.putBack(batch, performance.now());
        return 'later';
      }
      if (this.options.isOnce || this.done.length === 0) throw error;
      return error;
    }
  }

  private jobFields(files: readonly string[]) {
    const { projectPath, dir, threads, memoryLimitGb } = this.options;
    return { projectPath, sourcePath: dir, files: [...files], ...present({ threads, memoryLimitGb }) };
  }

  /** Picks the images that should be added, among those of all batches that drifted. */
  private async propose({ files }: Batch): Promise<void> {
    this.drifted = [...this.drifted, ...files].slice(-PROPOSAL_POOL);
    const { proposalFile, dir } = this.options;
    try {
      const { picked, distance } = await this.context.runJob({
        kind: 'pick',
        ...this.jobFields(this.drifted),
        count: PROPOSED_IMAGES,
        maxDistance: this.options.limit,
        ...present({ outPath: proposalFile }),
      });
      this.proposal = picked;
      const after = `distance ${formatFixed(distance.before, 2)} -> ${formatFixed(distance.after, 2)}`;
      this.context.note(
        `Calibrate again with ${formatCountOf(picked.length, 'more image')} of ${dir} (${after})` +
          (proposalFile === undefined ? ':' : `; list: ${proposalFile}`),
      );
      for (const { file, reasons } of picked) this.context.note(`  ${file}: ${pickSentence(reasons)}`);
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error;
      if (error.code === 'cancelled') this.stop();
      else this.context.note(`warning: no images could be proposed: ${error.message}`);
    }
  }

  private async call(url: string, { group, drift }: WatchedBatch): Promise<void> {
    const { projectPath, dir, limit } = this.options;
    const body = {
      event: 'drift',
      project: projectPath,
      dir,
      group,
      limit,
      ...drift,
      proposal: this.proposal.map(({ file, reasons }) => ({ file, reason: pickSentence(reasons) })),
      createdAt: new Date().toISOString(),
    };
    const problem = await callWebhook(url, body);
    if (problem === null) return;
    this.metrics.countWebhookFailure();
    this.context.note(`warning: the webhook ${new URL(url).origin} failed: ${problem}`);
  }

  /** Writes the metrics file as a whole, as the textfile collector of node_exporter needs it. */
  private async publish(): Promise<void> {
    const { metricsFile } = this.options;
    this.metrics.waiting = this.batches.waiting + this.arrivals.unfinished;
    if (metricsFile === undefined) return;
    try {
      await writeFileAtomic(metricsFile, this.metrics.text());
    } catch (error) {
      if (!(error instanceof WorkbenchError) || this.done.length === 0) throw error;
      this.context.note(`warning: ${error.message}`);
    }
  }
}

function batchLines({ group, outcome, drift, problem }: WatchedBatch, limit: number): readonly string[] {
  const of = group === null ? '' : `${group}: `;
  if (drift === null) return [`warning: ${of}the batch could not be compared: ${problem ?? ''}`];
  const damaged = drift.skipped.map(({ file, reason }) => `warning: ${file} cannot be read: ${reason}`);
  if (outcome === 'empty') return [...damaged, `${of}no image of the batch can be read`];
  const verdict =
    outcome === 'drifted'
      ? `beyond the limit ${formatFixed(limit, 2)}, most in ${drift.tensors[0]?.tensor ?? ''}`
      : outcome === 'unclear'
        ? 'too few images to tell'
        : 'covered';
  const near = drift.nearest === null ? '' : `, nearest group ${drift.nearest}`;
  return [
    ...damaged,
    `${of}${formatCountOf(drift.images, 'image')}: drift ${formatFixed(drift.drift, 2)} (at least ` +
      `${formatFixed(drift.driftAtLeast, 2)}${near}), ${formatFraction(drift.clippedFraction)} clipped: ${verdict}`,
  ];
}
