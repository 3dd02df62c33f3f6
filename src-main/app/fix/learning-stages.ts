import type { FixDecisions } from '../../../src-shared/domain/analysis/fix';
import { choiceError, type TrialQuality } from '../../../src-shared/domain/analysis/analysis';
import { releasedPlan } from '../../../src-shared/domain/project/precision';
import { keepingLearned } from '../../calibration/histograms/learned-parameters';
import { layerWorks, macsOf } from '../analysis/search-setup';
import { learnJob } from '../jobs/learn-job';
import { currentCalibrationKey } from '../projects/workspace';
import { workspaceWith, type Candidate } from './candidates';
import { FEW_LAYERS, releasable, releasedLayers, releaseSets } from './release-stages';
import { byError, passesSeconds, withOptimism, type FixScope, type FixStage, type StageOutcome } from './stage';

/**
 * Runs of the model that one epoch of learning is worth: a forward and a backward pass of every block on at most 256
 * images, and the inputs of the blocks.
 */
const LEARNING_PASSES = 4 * 256;
/** Multiply-accumulates that learning may take, and the most epochs. */
const LEARNING_MACS = 5e12;
const MOST_EPOCHS = 5;
const MOST_LEARNING_MINUTES = 60;

/** With all layers in INT8, learning seldom takes more than two thirds of a loss back: docs/fix.md. */
const LEARNED_FACTOR = 3;
/** Learning is left out if the trend of the loss ends above this multiple of the limit even so. */
const TREND_OVER_LIMIT = 1.5;
/** A further layer is released before learning if that takes at least this part of the error back. */
const WORTH_RELEASING = 0.2;

/** Thresholds, biases and roundings that are learned block by block, on top of the repairs that have helped so far. */
export const learned: FixStage = {
  name: 'learned',
  async obstacle(scope) {
    const obstacle = await cannotLearn(scope);
    if (obstacle !== null) return obstacle;
    const { error, decisions } = scope.best;
    if ((await releasable(scope, decisions)).most === 0) return null;
    if ((scope.expectedLoss(error) ?? 0) > LEARNED_FACTOR)
      return `the loss is more than ${LEARNED_FACTOR} times its limit, too much for learning with all layers in INT8`;
    return (scope.trendOfLoss(error / LEARNED_FACTOR) ?? 0) > TREND_OVER_LIMIT
      ? 'the loss of the plans so far hardly follows the output error, which is what learning makes smaller'
      : null;
  },
  seconds: (scope) => learningSeconds(scope),
  async run(scope) {
    const { best } = scope;
    const candidate = await learn(scope, best);
    return { candidates: candidate === null ? [] : [candidate], compared: 1 };
  },
};

/**
 * Releases the one to three layers that matter most, then learns the values of all others. Learned beside a layer that
 * holds most of the error, they would make up for this layer, and its release would gain little afterwards.
 */
export const releaseLearned: FixStage = {
  name: 'release-learned',
  isBase: true,
  async obstacle(scope) {
    const obstacle = await cannotLearn(scope);
    if (obstacle !== null) return obstacle;
    return (await releasable(scope, scope.unlearned.decisions)).most === 0 ? 'no layer may leave INT8' : null;
  },
  seconds: (scope) => learningSeconds(scope),
  async run(scope) {
    const { decisions, error } = scope.unlearned;
    const { most } = await releasable(scope, decisions);
    const released = await scope.measure(await releasedDecisions(scope, decisions, Math.min(FEW_LAYERS, most)));
    const base = enoughReleased(released, error);
    if (base === undefined) return { candidates: [], compared: released.length };
    const compared = released.length + 1;
    const workspace = workspaceWith(scope.job.workspace, base.decisions);
    // An earlier stage may have learned for the same calibration: its values stay unless these are better.
    const dir = workspace.paths.calibrationDir(currentCalibrationKey(workspace) ?? '');
    return keepingLearned(dir, async (): Promise<Kept> => {
      const candidate = await learn(scope, base);
      if (candidate === null || candidate.error > scope.errorToBeat)
        return { isKept: false, value: { candidates: [], compared } };
      return { isKept: true, value: await fewerReleased(scope, candidate, compared) };
    });
  },
};

interface Kept {
  readonly isKept: boolean;
  readonly value: StageOutcome;
}

async function releasedDecisions(scope: FixScope, decisions: FixDecisions, most: number): Promise<FixDecisions[]> {
  const setOf = await releaseSets(scope, decisions, most);
  const found: FixDecisions[] = [];
  for (let size = 1; size <= most; size += 1)
    found.push({ ...decisions, plan: releasedPlan(decisions.plan, await setOf(size)) });
  return found;
}

/** The first candidate after which another layer gains little. @param list with one layer more each */
function enoughReleased(list: readonly Candidate[], before: number): Candidate | undefined {
  let found: Candidate | undefined;
  for (const candidate of list) {
    if (found !== undefined && candidate.error > (1 - WORTH_RELEASING) * found.error) break;
    if (found === undefined && candidate.error >= before) break;
    found = candidate;
  }
  return found;
}

/** While the gates are met, takes the layer back to INT8 whose return harms least. */
async function fewerReleased(scope: FixScope, learnedBest: Candidate, before: number): Promise<StageOutcome> {
  let compared = before;
  let own: Candidate | undefined = learnedBest;
  while (own !== undefined && (await scope.judge(own)).met) {
    const { decisions, optimism }: Candidate = own;
    const layers = releasedLayers(decisions);
    if (layers.length < 2) break;
    const fewer = byError(
      await scope.measure(
        layers.map((layer) => returned(decisions, layer)),
        optimism,
      ),
    );
    compared += fewer.compared;
    own = fewer.candidates.find(({ error }) => scope.mayMeet(error));
  }
  return { candidates: [learnedBest], compared };
}

function returned(decisions: FixDecisions, layer: string): FixDecisions {
  const layers = Object.fromEntries(Object.entries(decisions.plan.layers).filter(([name]) => name !== layer));
  return { ...decisions, plan: { ...decisions.plan, layers } };
}

async function cannotLearn(scope: FixScope): Promise<string | null> {
  // What is learned replaces what was learned before for the same calibration.
  if (scope.job.workspace.file.method === 'learned') return 'the project uses learned thresholds already';
  return (await learningEpochs(scope)) > 0 ? null : 'learning takes too many runs of this model';
}

async function learningSeconds(scope: FixScope): Promise<number> {
  return passesSeconds(scope, LEARNING_PASSES * (await learningEpochs(scope)) + scope.choosing.entries.length);
}

/**
 * Learns the values of a candidate. Most images that choose were learned from, so that the error on them promises too
 * much: it is scaled to the part of the error that was left on images that nothing was learned from.
 *
 * @returns null if what was learned does not come nearer to FP32 on such images
 */
async function learn(scope: FixScope, { decisions, error }: Candidate): Promise<Candidate | null> {
  const { job, target, threads, secondsLeft } = scope;
  const { isKept, before, after } = await learnJob(
    {
      kind: 'learn',
      projectPath: job.workspace.path,
      target,
      // The number of passes limits the work, so that a busy machine learns the same values as an idle one.
      epochs: await learningEpochs(scope),
      minutes: Math.min(secondsLeft / 60, MOST_LEARNING_MINUTES),
      ...(threads === undefined ? {} : { threads }),
    },
    { ...job, workspace: workspaceWith(job.workspace, decisions) },
  );
  if (!isKept) return null;
  const [candidate] = await scope.measure([{ ...decisions, method: 'learned', tensorMethods: {} }]);
  return candidate === undefined ? null : withOptimism(candidate, optimismOf(candidate.error / error, before, after));
}

/**
 * @param seen the part of the error that is left on the images that choose
 * @param before and after: on unseen images
 */
export function optimismOf(seen: number, before: TrialQuality, after: TrialQuality): number | undefined {
  const unseen = choiceError(after) / choiceError(before);
  // Values that do better on unseen images owe it to chance.
  return seen > 0 && unseen > seen && Number.isFinite(unseen) ? unseen / seen : undefined;
}

/** The number of epochs that this model can afford; 0: none. */
async function learningEpochs(scope: FixScope): Promise<number> {
  const { setup } = await scope.trial(scope.best.decisions);
  return Math.min(MOST_EPOCHS, Math.floor(LEARNING_MACS / (LEARNING_PASSES * macsOf(layerWorks(setup)))));
}
