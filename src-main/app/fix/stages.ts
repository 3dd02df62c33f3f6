import { formatCount } from '../../../src-shared/base/units';
import type { FixDecisions } from '../../../src-shared/domain/analysis/fix';
import { HISTOGRAM_METHODS } from '../../../src-shared/domain/project/methods';
import {
  hasRepair,
  withRepair,
  withSmoothing,
  type SwitchedRepair,
} from '../../../src-shared/domain/project/precision';
import { autoPassesOf, ensureAuto } from '../analysis/auto-thresholds';
import { findSmoothing } from '../analysis/smoothing';
import { smoothingGroups } from '../../quantization/rules/smoothing-groups';
import { isAutoAffordable, layerWorks, macsOf } from '../analysis/search-setup';
import { openCalibration, prepare } from '../projects/workspace';
import { workspaceWith } from './candidates';
import { learned, releaseLearned } from './learning-stages';
import { releaseFew, releaseMore } from './release-stages';
import {
  byError,
  isClearlyBetter,
  passesSeconds,
  tooFewImages,
  type FixScope,
  type FixStage,
  type StageOutcome,
} from './stage';

/** Runs of the model that a bias correction takes: 64 images beside FP32, and 128 others with and without it. */
const CORRECTION_PASSES = 64 + 2 * 128;

/**
 * Smoothing calibrates the model with each of three shares on few images, the best one on all, and compares them on 64
 * images. The images that choose confirm it afterwards.
 */
const SMOOTHED_MODELS = 2;
const SMOOTHING_PASSES = 5 * 64;

/**
 * Methods with at most this multiple of the smallest error are judged as well, at most so many of them. They clip other
 * values, and the output error does not tell which of them the measure needs: cells_detector loses 0.1 points with
 * minmax, and 0.8 with mse, whose error is half as large.
 */
const UNLIKE_METHODS = { factor: 2.5, most: 2 };

/** Every method for all tensors. */
const methods: FixStage = {
  name: 'methods',
  isPlain: true,
  obstacle: () => Promise.resolve(null),
  seconds: async (scope) => passesSeconds(scope, HISTOGRAM_METHODS.length * scope.choosing.entries.length),
  async run(scope) {
    const outcome = byError(await scope.measure(methodsOf(scope.best.decisions)));
    const smallest = outcome.candidates[0]?.error ?? 0;
    const others = outcome.candidates.filter(
      // The present plan has been judged, whatever its method is called.
      ({ error }) => error !== scope.best.error && error <= UNLIKE_METHODS.factor * smallest,
    );
    for (const candidate of others.slice(0, UNLIKE_METHODS.most)) if ((await scope.judge(candidate)).met) break;
    return outcome;
  },
};

const biasCorrection: FixStage = {
  name: 'bias-correction',
  obstacle: async ({ best }) =>
    hasRepair(best.decisions.plan, 'biasCorrection') ? 'the plan corrects biases already' : null,
  seconds: async (scope) => passesSeconds(scope, CORRECTION_PASSES + scope.choosing.entries.length),
  async run(scope) {
    return byError(await scope.measure([repaired(scope.best.decisions, 'biasCorrection')]));
  },
};

/** The equalized model has its own calibration. Every method is compared on it, the best one with corrected biases. */
const equalization: FixStage = {
  name: 'equalization',
  async obstacle({ job, best }) {
    if (hasRepair(best.decisions.plan, 'equalization')) return 'the plan equalizes channels already';
    const workspace = workspaceWith(job.workspace, repaired(best.decisions, 'equalization'));
    const { equalized } = await prepare(workspace, job.services.compute, job);
    return equalized?.layers.some(({ code }) => code === 'equalized') === true
      ? null
      : 'no two layers of this model can be equalized';
  },
  seconds: async (scope) =>
    (await collectionSeconds(scope)) +
    passesSeconds(scope, CORRECTION_PASSES + (HISTOGRAM_METHODS.length + 1) * scope.choosing.entries.length),
  run: (scope) => methodsThenBiases(scope, repaired(scope.best.decisions, 'equalization')),
};

/** Smoothed channels: the factors are searched first, and the smoothed model has its own calibration. */
const smoothing: FixStage = {
  name: 'smoothing',
  async obstacle(scope) {
    if (hasRepair(scope.best.decisions.plan, 'smoothing')) return 'the plan smooths channels already';
    const { setup } = await scope.trial(scope.best.decisions);
    return smoothingGroups(setup.model).groups.length > 0 ? null : 'no channels of this model can be smoothed';
  },
  seconds: async (scope) =>
    SMOOTHED_MODELS * (await collectionSeconds(scope)) +
    passesSeconds(
      scope,
      SMOOTHING_PASSES + CORRECTION_PASSES + HISTOGRAM_METHODS.length * scope.choosing.entries.length,
    ),
  async run(scope) {
    const { job, target, threads, best } = scope;
    const plain = { ...best.decisions, plan: withRepair(best.decisions.plan, 'biasCorrection', false) };
    let outcome: StageOutcome = { candidates: [], compared: 0 };
    const { candidates } = await findSmoothing(
      { kind: 'smooth', projectPath: job.workspace.path, target, ...(threads === undefined ? {} : { threads }) },
      { ...job, workspace: workspaceWith(job.workspace, plain) },
      async (key) => {
        outcome = await methodsThenBiases(scope, { ...plain, plan: withSmoothing(plain.plan, key) });
        const [first] = outcome.candidates;
        return first !== undefined && isClearlyBetter(first, best);
      },
    );
    return { ...outcome, compared: outcome.compared + candidates.length };
  },
};

/** One threshold per tensor, on top of the repairs that have helped so far. */
const auto: FixStage = {
  name: 'auto',
  async obstacle(scope) {
    if (scope.best.decisions.method === 'auto') return 'the plan uses a threshold per tensor already';
    const { passes, macs } = await autoCost(scope);
    return isAutoAffordable(passes, macs)
      ? null
      : `choosing a threshold per tensor takes ${formatCount(passes)} runs of this model`;
  },
  seconds: async (scope) => passesSeconds(scope, (await autoCost(scope)).passes),
  async run(scope) {
    const decisions: FixDecisions = { ...scope.best.decisions, method: 'auto', tensorMethods: {} };
    const workspace = workspaceWith(scope.job.workspace, decisions);
    await ensureAuto(
      { target: scope.target, ...(scope.threads === undefined ? {} : { threads: scope.threads }) },
      { ...scope.job, workspace },
    );
    return byError(await scope.measure([decisions]));
  },
};

/**
 * In the order in which they are tried: cheap before expensive, and released layers last. Few released layers come
 * before many, and cheap ways to choose them before learning.
 */
export const STAGES: readonly FixStage[] = [
  methods,
  biasCorrection,
  equalization,
  smoothing,
  auto,
  learned,
  releaseFew,
  releaseLearned,
  releaseMore,
];

/**
 * Compares every method on a repaired model, then corrects the biases of the best one: for repairs that give the model
 * other weights.
 */
async function methodsThenBiases(scope: FixScope, decisions: FixDecisions): Promise<StageOutcome> {
  const plain = { ...decisions, plan: withRepair(decisions.plan, 'biasCorrection', false) };
  const singles = byError(await scope.measure(methodsOf(plain)));
  const [best] = singles.candidates;
  if (best === undefined) return singles;
  const corrected = await tooFewImages(() => scope.measure([repaired(best.decisions, 'biasCorrection')]));
  return typeof corrected === 'string' ? singles : byError([...singles.candidates, ...corrected]);
}

function methodsOf(decisions: FixDecisions): FixDecisions[] {
  return HISTOGRAM_METHODS.map((method) => ({ ...decisions, method, tensorMethods: {} }));
}

function repaired(decisions: FixDecisions, repair: SwitchedRepair): FixDecisions {
  return { ...decisions, plan: withRepair(decisions.plan, repair, true) };
}

/** Seconds that the collection of another prepared model will take: as many as the project's own took. */
async function collectionSeconds({ job }: FixScope): Promise<number> {
  return (await openCalibration(job.workspace)).index.seconds;
}

async function autoCost(scope: FixScope): Promise<{ readonly passes: number; readonly macs: number }> {
  const { setup, workspace } = await scope.trial(scope.best.decisions);
  const { passes } = await autoPassesOf({}, workspace, setup.tensors);
  return { passes, macs: macsOf(layerWorks(setup)) };
}
