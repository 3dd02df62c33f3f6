import { gateState, type GateState } from '../../../src-shared/domain/runs/gates';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';

export interface RunHeadline {
  /** What the run would ship; null when nothing. */
  readonly variant: string | null;
  readonly top1: number | null;
  readonly latencyMs: number | null;
  /** null: no gate was set. */
  readonly gates: { readonly all: number; readonly missed: number; readonly unjudged: number } | null;
}

/** What a list of runs says about one. */
export function runHeadline(record: RunRecord): RunHeadline {
  const variant = record.shipped[0] ?? null;
  const row = record.table.find((candidate) => candidate.variant === variant);
  const count = (state: GateState): number => record.gates.filter((gate) => gateState(gate) === state).length;
  return {
    variant,
    top1: row?.top1 ?? null,
    latencyMs: row?.latencyMs ?? null,
    gates:
      record.gates.length === 0
        ? null
        : { all: record.gates.length, missed: count('missed'), unjudged: count('not-judged') },
  };
}
