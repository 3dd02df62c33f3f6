import { useCallback, useEffect, useState } from 'react';
import type { ProjectDecisions } from '../../../src-shared/domain/project/project';
import type { RunSummary } from '../../../src-shared/contract/views';
import type { Measure } from '../../../src-shared/domain/tasks/measure';
import type { GateState, RunRecord } from '../../../src-shared/domain/runs/run-record';
import type { Language } from '../../i18n';
import { dateFormat } from '../../i18n/date-format';
import { isSame } from '../../../src-shared/domain/project/decisions';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';

type RunsState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'ready'; readonly runs: readonly RunSummary[] };

interface Loaded {
  readonly projectPath: string;
  readonly state: RunsState;
}

/**
 * The runs of a project, newest first; reloaded when a run ends. The old list is shown until the new one has arrived.
 */
export function useRuns(projectPath: string): { readonly state: RunsState; readonly reload: () => void } {
  const api = useSession((state) => state.api);
  const finishedRuns = useJobs(
    (state) =>
      state.jobs.filter((job) => job.kind === 'run' && job.state === 'done' && job.projectPath === projectPath).length,
  );
  const [attempt, setAttempt] = useState(0);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  useEffect(() => {
    let isCurrent = true;
    const show = (state: RunsState): void => {
      if (isCurrent) setLoaded({ projectPath, state });
    };
    api.listRuns({ projectPath }).then(
      (runs) => show({ kind: 'ready', runs }),
      (error: unknown) => show({ kind: 'failed', error }),
    );
    return () => {
      isCurrent = false;
    };
  }, [api, projectPath, finishedRuns, attempt]);
  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  return { state: loaded?.projectPath === projectPath ? loaded.state : { kind: 'loading' }, reload };
}

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
export function runHeadline(record: RunRecord): RunHeadline {
  const variant = record.shipped[0] ?? null;
  const row = record.table.find((candidate) => candidate.variant === variant);
  const count = (state: GateState): number => record.gates.filter((gate) => gate.state === state).length;
  return {
    variant,
    measure: row?.measure ?? null,
    latencyMs: row?.latencyMs ?? null,
    gates:
      record.gates.length === 0
        ? null
        : { all: record.gates.length, missed: count('missed'), unjudged: count('unjudged') },
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
