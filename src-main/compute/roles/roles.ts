import { loadAddon } from '../../backends/addon';
import { sharpLibrary } from '../../calibration/images/sharp-library';
import type { StopFlag, WorkerRole } from '../pool/worker-role';
import type { LearningInit, LearningTasks } from '../learning/learning-protocol';
import type { TrialInit, TrialTasks } from '../trials/trial-protocol';
import type { AnswerMethods } from './answer-role';
import type { CollectInit, CollectFlush } from './collect-role';
import type { DecodeInit, DecodeMethods } from './decode-role';
import type { EvaluateInit } from './evaluate-role';
import type { GridInit } from './grid-role';
import type { ImageMethods } from './image-role';
import type { RunsOfWorker } from './kept-outputs';
import type { ThresholdMethods } from './tensor-thresholds';
import type { ImageContribution } from '../../calibration/histograms/collector';
import type { ImageAnswer } from '../../analysis/variant-evaluator';

/** Roles that run a model on images: the data that makes the role, its answer for an image, and its state. */
export interface ImageRoles {
  readonly collect: { readonly init: CollectInit; readonly value: ImageContribution; readonly state: CollectFlush };
  /** Measures the largest |x| of every tensor; one entry per tensor. */
  readonly 'grid-ranges': { readonly init: GridInit; readonly value: Float32Array; readonly state: null };
  /** One answer per variant. */
  readonly evaluate: {
    readonly init: EvaluateInit;
    readonly value: readonly ImageAnswer[];
    readonly state: RunsOfWorker | null;
  };
}
export type ImageRoleName = keyof ImageRoles;

/** Every role that a worker thread can have: the data that makes one, and the requests that it answers. */
export type Roles = {
  readonly [R in ImageRoleName]: {
    readonly init: ImageRoles[R]['init'];
    readonly methods: ImageMethods<ImageRoles[R]['value'], ImageRoles[R]['state']> &
      (R extends 'collect' ? ThresholdMethods : unknown);
  };
} & {
  readonly answer: { readonly init: null; readonly methods: AnswerMethods };
  readonly decode: { readonly init: DecodeInit; readonly methods: DecodeMethods };
  readonly learning: { readonly init: LearningInit; readonly methods: LearningTasks };
  readonly trials: { readonly init: TrialInit; readonly methods: TrialTasks };
};
export type RoleName = keyof Roles;

type RoleFactories = {
  readonly [R in RoleName]: (init: Roles[R]['init'], stop: StopFlag) => Promise<WorkerRole>;
};

/**
 * Makes roles. The code of a role is loaded when a worker first needs it, so that a worker only holds the code of its
 * own role.
 */
export const ROLES: RoleFactories = {
  collect: async (init, stop) => (await import('./collect-role')).createCollectRole(init, stop),
  'grid-ranges': async (init, stop) => (await import('./grid-role')).createGridRangesRole(init, stop),
  evaluate: async (init, stop) => (await import('./evaluate-role')).createEvaluateRole(init, stop),
  answer: async () => (await import('./answer-role')).createAnswerRole(),
  decode: async (init) => (await import('./decode-role')).createDecodeRole(init),
  learning: async (init, stop) => (await import('../learning/learning-role')).createLearningRole(init, stop),
  trials: async (init, stop) => (await import('../trials/trial-runner')).createTrialRole(init, stop),
};

/** The code that a thread can load for its role before it knows the role's data. */
export const PREPARATIONS: { readonly [R in RoleName]?: () => Promise<unknown> } = {
  collect: async () => {
    await import('./collect-role');
    loadAddon();
    sharpLibrary();
  },
  trials: async () => {
    await import('../trials/trial-runner');
    sharpLibrary();
  },
};
