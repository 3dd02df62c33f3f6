import type { ProjectDecisions } from '../../../src-shared/domain/project/project';
import type { HistoryEntry } from '../../../src-shared/domain/history/history-entry';
import type { Measure } from '../../../src-shared/domain/tasks/measure';
import type { GateState, RunRecord } from '../../../src-shared/domain/runs/run-record';
import type { Language } from '../../i18n';
import { dateFormat } from '../../i18n/date-format';
import { isSame } from '../../../src-shared/domain/project/decisions';

/** The time of a run in the local time zone: `21 Nov 2026, 07:44:16`. Invalid dates are returned unchanged. */
export function runTime(createdAt: string, language: Language): string {
  const date = new Date(createdAt);
  if (Number.isNaN(date.getTime())) return createdAt;
  return dateFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(date);
}

export interface RunHeadline {
  /** The variant that the run would ship; null if there is none. */
  readonly variant: string | null;
  /** The measure that judges the variant. */
  readonly measure: Measure | null;
  readonly latencyMs: number | null;
  /** The number of gates; null if no gate was set. */
  readonly gates: { readonly all: number; readonly missed: number; readonly unjudged: number } | null;
}

/** The summary of a run in the list of runs. */
export function runHeadline({ variant, values, measureName, higherIsBetter = true, gates }: HistoryEntry): RunHeadline {
  const count = (state: GateState): number => gates.filter((gate) => gate.state === state).length;
  const hasMeasure = values.measure !== undefined && measureName !== undefined;
  return {
    variant,
    measure: hasMeasure ? { name: measureName, value: values.measure, higherIsBetter } : null,
    latencyMs: values.latencyMs ?? null,
    gates: gates.length === 0 ? null : { all: gates.length, missed: count('missed'), unjudged: count('unjudged') },
  };
}

/**
 * The decisions of a run about thresholds and precision. The target is excluded, because the backend may have set it.
 */
type RunDecisions = Pick<ProjectDecisions, 'method' | 'percentile' | 'tensorMethods' | 'manualThresholds' | 'plan'>;

export function decisionsOfRun({ options }: Pick<RunRecord, 'options'>): RunDecisions {
  const { method, percentile, tensorMethods, manualThresholds, plan } = options;
  return { method, percentile, tensorMethods, manualThresholds, plan };
}

/** Whether the project's decisions equal those of the run. They differ after an edit, or if the run searched a plan. */
export function isOfProject(record: Pick<RunRecord, 'options'>, file: RunDecisions): boolean {
  const { method, percentile, tensorMethods, manualThresholds, plan } = file;
  return isSame(decisionsOfRun(record), { method, percentile, tensorMethods, manualThresholds, plan });
}
