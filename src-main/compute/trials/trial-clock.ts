import type { OnProgress } from '../../../src-shared/contract/progress';
import type { PartialResult } from '../../../src-shared/domain/analysis/partial';
import type { ExpectedWork } from '../../analysis/expected-work';

/** The times are stored if they are known from as many runs of the whole model. */
const KNOWN_PASSES = 4;

/** Requests of each worker whose times do not count. */
const WARM_UP = 1;

/**
 * Opening a part of a quantized model takes so many times as long as the same part of FP32, until it is measured: it
 * was 2.3 to 8 times on models of 1 to 10 MB.
 */
const QUANTIZED_OPEN = 5;

/** What a worker has done for one request. */
export interface WorkDone {
  /** In runs of the whole model; see ExpectedWork. */
  readonly passes: number;
  readonly runMs: number;
  /** Parts of the model that were opened. */
  readonly opens: number;
  readonly openMs: number;
}

/**
 * Counts the work of trials in runs of the whole model, so that the rest of a phase is proportional to the time that it
 * takes: runs of a part of the model count as that part, and opening a part counts as the runs that take as long.
 */
export class TrialClock {
  /** What quantized models have computed so far, in runs of the whole model. */
  work = 0;
  private readonly run = { ms: 0, passes: 0 };
  /** Of FP32, which stands in for the quantized models until these have run. */
  private readonly fp32 = { ms: 0, passes: 0, openMs: 0, opens: 0 };
  /** Of quantized models. */
  private readonly open = { ms: 0, count: 0 };
  private readonly make = { ms: 0, count: 0 };
  private requests = 0;
  /** `left` in runs, without the parts that are still to be opened: `opens`, of all workers. */
  private phase = { name: '', unit: 'passes', done: 0, left: 0, opens: 0 };
  private partial: PartialResult | undefined;

  /** @param workers number of workers, each of which opens its own sessions. */
  constructor(
    private readonly onProgress: OnProgress | undefined,
    private readonly workers: () => number,
  ) {}

  /** Milliseconds; 0 for what was not measured. */
  get speed(): { readonly passMs: number; readonly openMs: number; readonly makeMs: number } {
    return {
      passMs: ratio(this.run.ms, this.run.passes),
      openMs: ratio(this.open.ms, this.open.count),
      makeMs: ratio(this.make.ms, this.make.count),
    };
  }

  /** Whether enough was run to know the times. */
  get isKnown(): boolean {
    return this.run.passes >= KNOWN_PASSES;
  }

  /** Begins a phase that counts something else than runs. */
  count(name: string, unit: string, total: number): void {
    this.phase = { name, unit, done: 0, left: total, opens: 0 };
    this.report();
  }

  /** Begins a phase, or says what is left of the present one. */
  expect(name: string, work: ExpectedWork): void {
    const done = name === this.phase.name ? this.phase.done : 0;
    this.phase = { name, unit: 'passes', done, ...this.leftOf(work) };
    this.report();
  }

  /** What was found, and what is left of the present phase. */
  found(partial: PartialResult | undefined, work?: ExpectedWork): void {
    if (partial !== undefined) this.partial = partial;
    if (work !== undefined) this.phase = { ...this.phase, ...this.leftOf(work) };
    this.report();
  }

  /** @param isQuantized whether the times are those of quantized models. */
  worked({ passes, runMs, opens, openMs }: WorkDone, isQuantized: boolean): void {
    if (isQuantized) {
      this.open.ms += openMs;
      this.open.count += opens;
      this.work += passes;
      // The first runs of a worker are slower: code is compiled, and memory is allocated.
      if (++this.requests > WARM_UP * this.workers()) {
        this.run.ms += runMs;
        this.run.passes += passes;
      }
      this.phase.opens = Math.max(0, this.phase.opens - opens);
      this.phase.done += ratio(openMs, this.passMs);
    } else {
      this.fp32.ms += runMs;
      this.fp32.passes += passes;
      this.fp32.openMs += openMs;
      this.fp32.opens += opens;
    }
    this.advance(passes);
  }

  made(ms: number): void {
    this.make.ms += ms;
    this.make.count += 1;
  }

  /** Counts whole runs whose time is not that of trials. */
  passed(runs: number): void {
    this.work += runs;
    this.advance(runs);
  }

  advance(count: number): void {
    this.phase.done += count;
    this.phase.left -= count;
    this.report();
  }

  private get passMs(): number {
    const { ms, passes } = this.run.passes > 0 ? this.run : this.fp32;
    return ratio(ms, passes);
  }

  private get openMs(): number {
    return this.open.count > 0
      ? ratio(this.open.ms, this.open.count)
      : QUANTIZED_OPEN * ratio(this.fp32.openMs, this.fp32.opens);
  }

  private leftOf({ passes, opens }: ExpectedWork): { readonly left: number; readonly opens: number } {
    return { left: passes, opens: opens * this.workers() };
  }

  private report(): void {
    const { name, unit, done, left, opens } = this.phase;
    const rounded = Math.round(done);
    // Nothing is opened after the last run.
    const opening = left > 0.5 ? ratio(opens * this.openMs, this.passMs) : 0;
    // When more is needed than expected, the total is unknown.
    const total = left < -0.5 ? 0 : rounded + Math.round(Math.max(0, left) + opening);
    const { partial } = this;
    this.onProgress?.({ phase: name, done: rounded, total, unit, ...(partial === undefined ? {} : { partial }) });
  }
}

function ratio(value: number, by: number): number {
  return by > 0 ? value / by : 0;
}
