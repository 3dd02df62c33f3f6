import { formatCount } from '../../../src-shared/base/units';
import type { FixDecisions } from '../../../src-shared/domain/analysis/fix';
import { HISTOGRAM_METHODS } from '../../../src-shared/domain/project/methods';
import {
  hasRepair,
  releasedPlan,
  withRepair,
  withSmoothing,
  type SwitchedRepair,
} from '../../../src-shared/domain/project/precision';
import { releaseCostUs } from '../../../src-shared/domain/runs/latency-model';
import { chooseImages } from '../../analysis/choose-images';
import { MEASURED_STEPS, releasePasses, type ReleaseOrder } from '../../analysis/release-order';
import { fewest } from '../../analysis/search';
import { autoPassesOf, ensureAuto } from '../analysis/auto-thresholds';
import { findSmoothing } from '../analysis/smoothing';
import { smoothingGroups } from '../../quantization/rules/smoothing-groups';
import { isAutoAffordable, layerWorks, macsOf } from '../analysis/search-setup';
import { learnJob } from '../jobs/learn-job';
import { openCalibration, prepare } from '../projects/workspace';
import { workspaceWith, type Candidate } from './candidates';
import type { FixScope, FixStage } from './stage';

/** Runs of the model that a bias correction takes: 64 images beside FP32, and 128 others with and without it. */
const CORRECTION_PASSES = 64 + 2 * 128;

/** Smoothing calibrates the model with each of three shares, and compares them on up to 64 and 512 images. */
const SMOOTHED_MODELS = 3;
const SMOOTHING_PASSES = 4 * 64 + 2 * 512;

/**
 * Runs of the model that one epoch of learning is worth: a forward and a backward pass of every block on at most 256
 * images, and the inputs of the blocks.
 */
const LEARNING_PASSES = 4 * 256;
/** Multiply-accumulates that learning may take, and the most epochs. */
const LEARNING_MACS = 5e12;
const MOST_EPOCHS = 8;
const MOST_LEARNING_MINUTES = 60;

/** Number of images on which the layers to release are chosen. */
export const RELEASE_IMAGES = 32;
/** How many layers of a set are chosen together by measured gains: for one layer, for up to three, for more. */
const RELEASE_STEPS = [1, 3];

/** Every method for all tensors. */
const methods: FixStage = {
  name: 'methods',
  obstacle: () => Promise.resolve(null),
  seconds: async (scope) => passesSeconds(scope, HISTOGRAM_METHODS.length * scope.choosing.entries.length),
  async run(scope) {
    return byError(await scope.measure(methodsOf(scope.best.decisions)));
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
    const { choice, candidates } = await findSmoothing(
      { kind: 'smooth', projectPath: job.workspace.path, target, ...(threads === undefined ? {} : { threads }) },
      { ...job, workspace: workspaceWith(job.workspace, plain) },
    );
    if (choice === undefined) return { candidates: [], compared: candidates.length };
    return methodsThenBiases(scope, { ...plain, plan: withSmoothing(plain.plan, choice.key) });
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

/** Thresholds and biases that are learned block by block, on top of the repairs that have helped so far. */
const learned: FixStage = {
  name: 'learned',
  async obstacle(scope) {
    const methods = [scope.best.decisions.method, scope.job.workspace.file.method];
    // What is learned replaces what was learned before for the same calibration.
    if (methods.includes('learned')) return 'the project uses learned thresholds already';
    return (await learningEpochs(scope)) > 0 ? null : 'learning takes too many runs of this model';
  },
  seconds: async (scope) =>
    passesSeconds(scope, LEARNING_PASSES * (await learningEpochs(scope)) + scope.choosing.entries.length),
  async run(scope) {
    const { job, target, threads, best, secondsLeft } = scope;
    const { isKept } = await learnJob(
      {
        kind: 'learn',
        projectPath: job.workspace.path,
        target,
        // The number of passes limits the work, so that a busy machine learns the same values as an idle one.
        epochs: await learningEpochs(scope),
        minutes: Math.min(secondsLeft / 60, MOST_LEARNING_MINUTES),
        ...(threads === undefined ? {} : { threads }),
      },
      { ...job, workspace: workspaceWith(job.workspace, best.decisions) },
    );
    if (!isKept) return { candidates: [], compared: 1 };
    return byError(await scope.measure([{ ...best.decisions, method: 'learned', tensorMethods: {} }]));
  },
};

/** The fewest layers in FP16 that meet the gates. */
const release: FixStage = {
  name: 'release',
  obstacle: async (scope) => ((await releasable(scope)).most === 0 ? 'no layer may leave INT8' : null),
  async seconds(scope) {
    const { layers, most } = await releasable(scope);
    // One layer at least; more are tried while time is left.
    return passesSeconds(scope, releasePasses(layers.length, most, RELEASE_IMAGES, 1));
  },
  async run(scope) {
    const { decisions } = scope.best;
    const { trial, setup } = await scope.trial(decisions);
    const { layers, most } = await releasable(scope);
    const { set, entries } = scope.choosing;
    const trials = await setup.trials([{ set, entries: chooseImages(entries, RELEASE_IMAGES) }]);
    const orders = new Map<number, ReleaseOrder>();
    // Sets of more layers take more trials, and are seldom needed.
    const setOf = async (size: number): Promise<readonly string[]> => {
      const steps = RELEASE_STEPS.find((known) => size <= known) ?? MEASURED_STEPS;
      const found =
        orders.get(steps) ??
        (await scope.job.services.compute.request(
          'release-order',
          { base: trial, layers, maxLayers: most, steps, trials },
          scope.job,
        ));
      orders.set(steps, found);
      return found.sets[size] ?? [];
    };
    const released = async (size: number): Promise<Candidate | undefined> => {
      const plan = releasedPlan(decisions.plan, await setOf(size));
      return (await scope.measure([{ ...decisions, plan }]))[0];
    };
    // All layers in INT8 have been judged by an earlier stage.
    const count = await fewest(most, async (size) => {
      const candidate = size === 0 ? scope.best : await released(size);
      return candidate !== undefined && (await scope.judge(candidate)).met;
    });
    const candidate = await released(count ?? most);
    return { candidates: candidate === undefined ? [] : [candidate], compared: layers.length + most };
  },
};

/** In the order in which they are tried: cheap before expensive, and released layers last. */
export const STAGES: readonly FixStage[] = [methods, biasCorrection, equalization, smoothing, auto, learned, release];

/**
 * Compares every method on a repaired model, then corrects the biases of the best one: for repairs that give the model
 * other weights.
 */
async function methodsThenBiases(
  scope: FixScope,
  decisions: FixDecisions,
): Promise<{ readonly candidates: readonly Candidate[]; readonly compared: number }> {
  const plain = { ...decisions, plan: withRepair(decisions.plan, 'biasCorrection', false) };
  const singles = byError(await scope.measure(methodsOf(plain)));
  const [best] = singles.candidates;
  if (best === undefined) return singles;
  const corrected = await scope.measure([repaired(best.decisions, 'biasCorrection')]);
  return byError([...singles.candidates, ...corrected]);
}

function methodsOf(decisions: FixDecisions): FixDecisions[] {
  return HISTOGRAM_METHODS.map((method) => ({ ...decisions, method, tensorMethods: {} }));
}

function repaired(decisions: FixDecisions, repair: SwitchedRepair): FixDecisions {
  return { ...decisions, plan: withRepair(decisions.plan, repair, true) };
}

function byError(candidates: readonly Candidate[]): {
  readonly candidates: readonly Candidate[];
  readonly compared: number;
} {
  return { candidates: [...candidates].sort((a, b) => a.error - b.error), compared: candidates.length };
}

function passesSeconds({ secondsPerPass }: FixScope, passes: number): number {
  return secondsPerPass * passes;
}

/** Seconds that the collection of another prepared model will take: as many as the project's own took. */
async function collectionSeconds({ job }: FixScope): Promise<number> {
  return (await openCalibration(job.workspace)).index.seconds;
}

/** The number of epochs that this model can afford; 0: none. */
async function learningEpochs(scope: FixScope): Promise<number> {
  const { setup } = await scope.trial(scope.best.decisions);
  return Math.min(MOST_EPOCHS, Math.floor(LEARNING_MACS / (LEARNING_PASSES * macsOf(layerWorks(setup)))));
}

async function autoCost(scope: FixScope): Promise<{ readonly passes: number; readonly macs: number }> {
  const { setup, workspace } = await scope.trial(scope.best.decisions);
  const { passes } = await autoPassesOf({}, workspace, setup.tensors);
  return { passes, macs: macsOf(layerWorks(setup)) };
}

/**
 * The layers that can leave INT8 with their costs, and how many of them may: with more than half of them in FP16
 * little is left of INT8.
 */
async function releasable(
  scope: FixScope,
): Promise<{ readonly layers: readonly { readonly layer: string; readonly costUs: number }[]; readonly most: number }> {
  const { setup } = await scope.trial(scope.best.decisions);
  const layers = layerWorks(setup).map(({ layer, work }) => ({ layer, costUs: releaseCostUs(work) }));
  return { layers, most: Math.min(Math.ceil(layers.length / 2), scope.maxLayers ?? layers.length) };
}
