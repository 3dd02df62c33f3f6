import type { RunStep, StepRecord } from '../../../src-shared/domain/runs/run-record';

/** What the steps of a run did, in their order. */
export class Steps {
  private readonly done: StepRecord[] = [];

  get records(): readonly StepRecord[] {
    return this.done;
  }

  async do<T>(step: RunStep, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await work();
    this.done.push({ step, state: 'done', seconds: (performance.now() - startedAt) / 1000 });
    return result;
  }

  /** A step whose result comes from a run that was killed. */
  resume<T>(step: RunStep, result: T): T {
    this.done.push({ step, state: 'done', resumed: true });
    return result;
  }

  /** @param reason a sentence without a full stop */
  skip(step: RunStep, reason: string): void {
    this.done.push({ step, state: 'skipped', reason });
  }
}
