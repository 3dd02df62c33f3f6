import type { RunResult } from '../../../src-shared/contract/job-results';
import { areGatesMet } from '../../../src-shared/domain/runs/gates';
import type { GateResult, RunRecord } from '../../../src-shared/domain/runs/run-record';
import { EXIT_FAILED, EXIT_GATE, EXIT_OK } from '../command';

/** One project of `calib run`: its run, or why there is none. */
export type RunOutcome =
  | { readonly kind: 'run'; readonly project: string; readonly result: RunResult }
  | { readonly kind: 'failed'; readonly project: string; readonly message: string; readonly exitCode: number };

/**
 * The exit code of several projects: a run that failed is worse than a gate that is not met. Of several failures the
 * first one counts.
 */
export function exitCodeOfAll(outcomes: readonly RunOutcome[]): number {
  const failed = outcomes.find((outcome) => outcome.kind === 'failed');
  if (failed !== undefined) return failed.exitCode === EXIT_OK ? EXIT_FAILED : failed.exitCode;
  return outcomes.every((outcome) => outcome.kind === 'run' && areGatesMet(outcome.result.record.gates))
    ? EXIT_OK
    : EXIT_GATE;
}

/** How one group of images fared in the shipped variant. */
export interface GroupOutcome {
  readonly group: string;
  /** How much worse than FP32, in the unit of the measure; null if FP32 has no value. */
  readonly drop: number | null;
  /** The limit that the project sets for groups; null: none. */
  readonly limit: number | null;
  readonly state: 'met' | 'missed' | 'unjudged';
}

/** Every group of the shipped variants, judged by the gate on groups. */
export function groupOutcomes(record: RunRecord, variant: string): readonly GroupOutcome[] {
  const fp32 = new Map(Object.entries(rowOf(record, 'fp32')?.groupMeasure ?? {}));
  const row = rowOf(record, variant);
  const sign = row?.measure?.higherIsBetter === false ? -1 : 1;
  const gate = record.gates.find(
    ({ name, variant: judged, baseline }) =>
      name === 'maxWorstGroupDrop' && judged === variant && baseline === undefined,
  );
  const limit = gate?.limit ?? null;
  return Object.entries(row?.groupMeasure ?? {}).map(([group, value]): GroupOutcome => {
    const reference = fp32.get(group);
    if (reference === undefined) return { group, drop: null, limit, state: 'unjudged' };
    const drop = sign * (reference - value);
    if (limit === null) return { group, drop, limit, state: 'unjudged' };
    return { group, drop, limit, state: drop <= limit + 1e-9 ? 'met' : 'missed' };
  });
}

function rowOf({ table }: RunRecord, variant: string): RunRecord['table'][number] | undefined {
  return table.find((row) => row.variant === variant);
}

/** A name that tells two gates of the same kind apart: `maxLatencyMs` and `maxLatencyMs against the baseline`. */
export function gateCaseName({ name, variant, baseline }: GateResult): string {
  return `${name}${baseline === undefined ? '' : ' against the baseline'} of ${variant}`;
}
