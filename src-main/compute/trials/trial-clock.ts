import type { OnProgress } from '../../../src-shared/contract/progress';
import type { PartialResult } from '../../../src-shared/domain/analysis/partial';
import { NO_WORK, type ExpectedWork } from '../../analysis/expected-work';
import { completeSpeed, trialSeconds, type MeasuredSpeed, type TrialSpeed } from './trial-speed';

/** The times are known after as many runs of the whole model. */
const KNOWN_PASSES = 4;

/** Requests of each worker whose times do not count. */
const WARM_UP = 1;

/** What a worker has done for one request. */
export interface WorkDone {
  /** In runs of the whole model; see ExpectedWork. */
  readonly passes: number;
  readonly runMs: number;
  /** Parts of the model that were opened. */
  readonly opens: number;
  readonly openMs: number;
}

export interface TrialClockOptions {
  readonly onProgress?: OnProgress | undefined;
  /** Number of workers, each of which opens its own sessions. */
  readonly workers: () => number;
  /** Times of earlier trials, which stand in for what was not measured yet. */
  readonly earlier?: TrialSpeed | null;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/**
 * Counts the work of trials in runs of the whole model, with one total for all phases. It is what was expected first,
 * and never rises: if less is needed, it falls; if more is needed, each run counts as less than one. The time that is
 * left follows from the times that runs, and the opening of parts, have taken so far.
 */
export class TrialClock {
  /** What quantized models have computed so far, in runs of the whole model. */
  work = 0;
  private readonly int8 = { ms: 0, passes: 0 };
  private readonly fp16 = { ms: 0, passes: 0 };
  private readonly open = { ms: 0, count: 0 };
  private readonly make = { ms: 0, count: 0 };
  /** Of all workers and the main thread, since the first trial. */
  private busyMs = 0;
  private requests = 0;
  private startedAt: number | null = null;
  private latestAt = 0;
  private readonly now: () => number;
  private phase = { name: '', unit: '', done: 0, total: 0 };
  private job = { done: 0, total: 0 };
  private left: ExpectedWork = NO_WORK;
  private isFinished = false;
  private partial: PartialResult | undefined;

  constructor(private readonly options: TrialClockOptions) {
    this.now = options.now ?? (() => performance.now());
  }

  /** What was measured, waiting included. */
  get measured(): Omit<MeasuredSpeed, 'imageMs' | 'startMs'> {
    const { slowness } = this;
    const of = (ms: number, count: number, least: number): number | undefined =>
      count >= least ? (slowness * ms) / count : undefined;
    return {
      passMs: of(this.int8.ms, this.int8.passes, KNOWN_PASSES),
      fp16PassMs: of(this.fp16.ms, this.fp16.passes, KNOWN_PASSES),
      openMs: of(this.open.ms, this.open.count, 1),
      makeMs: of(this.make.ms, this.make.count, 1),
    };
  }

  /** Begins a phase that counts something else than runs. */
  count(name: string, unit: string, total: number): void {
    this.phase = { name, unit, done: 0, total };
    this.report();
  }

  /** One more of what the phase counts. */
  advance(count: number): void {
    this.phase.done += count;
    this.report();
  }

  /** Begins a phase, or continues it. @param left what is expected from now on, later phases included */
  expect(name: string, left: ExpectedWork): void {
    this.phase = { name, unit: 'passes', done: 0, total: 0 };
    this.need(left);
    this.report();
  }

  /** What was found, and what is left now. */
  found(partial: PartialResult | undefined, left?: ExpectedWork): void {
    if (partial !== undefined) this.partial = partial;
    if (left !== undefined) this.need(left);
    this.report();
  }

  /** @param isFp16 whether layers of the model were in FP16 */
  worked({ passes, runMs, opens, openMs }: WorkDone, isFp16: boolean): void {
    this.open.ms += openMs;
    this.open.count += opens;
    this.busyMs += runMs + openMs;
    // The first runs of a worker are slower: code is compiled, and memory is allocated.
    if (++this.requests > WARM_UP * this.options.workers()) {
      const own = isFp16 ? this.fp16 : this.int8;
      own.ms += runMs;
      own.passes += passes;
    }
    this.spend({ passes, fp16Passes: isFp16 ? passes : 0, trials: 0, opens: opens / this.options.workers() });
  }

  /** A model was written in this time. */
  made(ms: number): void {
    this.make.ms += ms;
    this.make.count += 1;
    this.busyMs += ms;
    this.spend({ ...NO_WORK, trials: 1 });
  }

  /** Counts whole runs that workers did not time. */
  passed(runs: number): void {
    if (this.startedAt !== null) this.startedAt += this.now() - this.latestAt;
    this.spend({ ...NO_WORK, passes: runs });
  }

  /** Nothing is left: what was made is the total. */
  finish(): void {
    if (this.startedAt === null) return;
    this.isFinished = true;
    this.left = NO_WORK;
    this.job.total = this.job.done;
    this.report();
  }

  private need(left: ExpectedWork): void {
    this.left = left;
    if (this.startedAt === null) {
      this.startedAt = this.now();
      this.latestAt = this.startedAt;
      this.job = { done: 0, total: left.passes };
    } else {
      this.job.total = Math.min(this.job.total, this.job.done + left.passes);
    }
  }

  private spend({ passes, fp16Passes, trials, opens }: ExpectedWork): void {
    const { left, job } = this;
    this.latestAt = this.now();
    this.work += passes;
    if (passes > 0) job.done += (job.total - job.done) * Math.min(1, passes / Math.max(passes, left.passes));
    this.left = {
      passes: Math.max(0, left.passes - passes),
      fp16Passes: Math.max(0, left.fp16Passes - fp16Passes),
      trials: Math.max(0, left.trials - trials),
      opens: Math.max(0, left.opens - opens),
    };
    this.report();
  }

  /** How much longer everything takes than the work itself, because workers wait. */
  private get slowness(): number {
    if (this.busyMs === 0) return 1;
    const workers = this.options.workers();
    const elapsedMs = this.latestAt - (this.startedAt ?? this.latestAt);
    // When a worker reports a request, the others have done half of theirs on average.
    const unreportedMs = (((workers - 1) / 2) * this.busyMs) / Math.max(1, this.requests);
    return Math.max(1, (elapsedMs * workers) / (this.busyMs + unreportedMs));
  }

  /** null: not yet known. */
  private get secondsLeft(): number | null {
    const { measured } = this;
    if (measured.passMs === undefined && measured.fp16PassMs === undefined) return null;
    return trialSeconds(completeSpeed(measured, this.options.earlier ?? null), this.left, this.options.workers());
  }

  private report(): void {
    const { onProgress } = this.options;
    const { phase, job, partial, isFinished } = this;
    const found = partial === undefined ? {} : { partial };
    if (phase.unit !== 'passes') {
      onProgress?.({ phase: phase.name, done: phase.done, total: phase.total, unit: phase.unit, ...found });
      return;
    }
    const total = Math.round(job.total);
    // The last run is counted when nothing more is needed.
    const done = isFinished ? total : Math.min(Math.round(job.done), Math.max(0, total - 1));
    const secondsLeft = isFinished ? 0 : this.secondsLeft;
    onProgress?.({ phase: phase.name, done, total, unit: phase.unit, secondsLeft, ...found });
  }
}
