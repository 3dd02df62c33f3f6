import type { JobKind } from '../../../src-shared/contract/job-specs';
import { RUN_ANALYSES, type RunAnalysis } from '../../../src-shared/contract/jobs';
import type { JobSnapshot } from '../../../src-shared/contract/jobs';
import { ownValue } from '../../../src-shared/base/records';

/** The steps of a complete run, in order. */
export const STEP_IDS = [
  'prepare',
  'read',
  'collect',
  'search',
  'fix',
  'build',
  'benchmark',
  'validate',
  'diagnose',
  'report',
] as const;
export type StepId = (typeof STEP_IDS)[number];

/** The kinds of jobs that this screen can start. */
export const STARTABLE_KINDS = ['run', 'calibrate', 'validate', 'bench', 'build'] as const satisfies readonly JobKind[];
export type StartableKind = (typeof STARTABLE_KINDS)[number];

const STEPS_OF_KIND: Readonly<Partial<Record<JobKind, readonly StepId[]>>> = {
  calibrate: ['prepare', 'read', 'collect'],
  merge: ['prepare', 'read', 'collect'],
  validate: ['prepare', 'build', 'validate'],
  build: ['prepare', 'build'],
  bench: ['prepare', 'build', 'benchmark'],
  quantize: ['prepare', 'build'],
};

/**
 * The phases that jobs report, and the steps that report each phase. Building is reported again at the start of
 * validation (briefly, because built engines are kept), and weights are written both when a model is prepared and when
 * an engine is built.
 */
const STEPS_OF_PHASE: Readonly<Record<string, readonly StepId[]>> = {
  'preparing the model': ['prepare'],
  'reading the calibration set': ['read'],
  'hashing images': ['read'],
  'collecting histograms': ['collect'],
  'merging shards': ['collect'],
  'building engines': ['build', 'validate'],
  'converting weights': ['build', 'validate'],
  'writing weights': ['prepare', 'build', 'validate'],
  'opening engines': ['benchmark'],
  benchmarking: ['benchmark'],
  validating: ['validate'],
  'writing the report': ['report'],
};

/** True for optional steps of a run. Such a step counts several things one after the other. */
export function isAnalysis(step: StepId): step is RunAnalysis {
  return RUN_ANALYSES.some((analysis) => analysis === step);
}

/** The properties of a job that determine its steps. */
export type SteppedJob = Pick<JobSnapshot, 'kind' | 'analyses'>;

/** The steps of a job; a run has only the requested analyses. */
export function stepsOf({ kind, analyses = [] }: SteppedJob): readonly StepId[] {
  return STEPS_OF_KIND[kind] ?? STEP_IDS.filter((step) => !isAnalysis(step) || analyses.includes(step));
}

/**
 * The step that a phase belongs to: of the steps that report the phase, the first one that is not before the furthest
 * step so far, because a job never goes back. null: the job has not begun, or the phase is unknown.
 */
export function stepOfPhase(job: SteppedJob, phase: string, furthest: StepId | null): StepId | null {
  const steps = stepsOf(job);
  const from = furthest === null ? 0 : steps.indexOf(furthest);
  const candidates = stepsOfPhase(phase).filter((step) => steps.includes(step));
  return candidates.find((step) => steps.indexOf(step) >= from) ?? furthest;
}

/** The steps that report a phase; what an unknown phase counts is not the count of a step. */
export function stepsOfPhase(phase: string): readonly StepId[] {
  const within = /^(search|fix|diagnosis): /.exec(phase)?.[1];
  if (within === undefined) return ownValue(STEPS_OF_PHASE, phase) ?? [];
  return [within === 'search' || within === 'fix' ? within : 'diagnose'];
}
