import type { TrialProgram } from './trial-program';

/**
 * Decides which values are worth keeping: those where programs part. If a step was common to more programs than a step
 * that reads it, the next program of the same kind begins at this step.
 */
export class SharedSteps {
  /** Key of a step -> number of programs that contain it. */
  private readonly programs = new Map<string, number>();
  private readonly known = new Set<string>();

  /** @returns indices of the steps of a program whose outputs are kept */
  keptOf({ steps, outputs }: TrialProgram): number[] {
    const identity = outputs.map(({ from }) => ('feed' in from ? '' : (steps[from.step]?.key ?? ''))).join(' ');
    if (!this.known.has(identity)) {
      this.known.add(identity);
      for (const { key } of steps) this.programs.set(key, (this.programs.get(key) ?? 0) + 1);
    }
    const counts = steps.map(({ key }) => this.programs.get(key) ?? 1);
    const kept = new Set<number>();
    for (const [i, { inputs }] of steps.entries())
      for (const input of inputs)
        if ('step' in input && (counts[input.step] ?? 0) > (counts[i] ?? 0)) kept.add(input.step);
    return [...kept];
  }
}
