import { hasRepair, releasedPlan, withRepair } from '../../../src-shared/domain/project/precision';
import type { FixDecisions } from '../../../src-shared/domain/analysis/fix';
import { releaseCostUs, type LayerWork } from '../../../src-shared/domain/runs/latency-model';
import { chooseImages } from '../../analysis/choose-images';
import { MEASURED_STEPS, releasePasses, type ReleaseOrder } from '../../analysis/release-order';
import { fewest } from '../../analysis/search';
import { layerWorks } from '../analysis/search-setup';
import { shortHash } from '../projects/workspace';
import type { Candidate } from './candidates';
import { byError, passesSeconds, type FixScope, type FixStage, type StageOutcome } from './stage';

/** Number of images on which the layers to release are chosen. */
export const RELEASE_IMAGES = 32;
/** How many layers of a set are chosen together by measured gains: for one layer, for up to three, for more. */
const RELEASE_STEPS = [1, 3];
/** The number of layers that are released before the others are learned. */
export const FEW_LAYERS = 3;

/** The fewest layers in FP16 that meet the gates, up to three. */
export const releaseFew: FixStage = {
  name: 'release',
  obstacle: (scope) => noneToRelease(scope, 1),
  seconds: (scope) => releaseSeconds(scope),
  run: (scope) => releaseFewest(scope, 1, FEW_LAYERS),
};

/** The same with more layers, beside those that are in FP16 already. */
export const releaseMore: FixStage = {
  name: 'release-more',
  obstacle: (scope) => noneToRelease(scope, fewestOfMore(scope)),
  seconds: (scope) => releaseSeconds(scope),
  run: (scope) => releaseFewest(scope, fewestOfMore(scope), Number.POSITIVE_INFINITY),
};

/** All layers in INT8 and few in FP16 have been judged; with learned values, only these few. */
function fewestOfMore({ best }: FixScope): number {
  return releasedLayers(best.decisions).length > 0 ? 1 : FEW_LAYERS + 1;
}

async function noneToRelease(scope: FixScope, fewestLayers: number): Promise<string | null> {
  const { most } = await releasable(scope, scope.best.decisions);
  if (most >= fewestLayers) return null;
  return most === 0 ? 'no layer may leave INT8' : 'no more layers may leave INT8';
}

async function releaseSeconds(scope: FixScope): Promise<number> {
  const { layers, most } = await releasable(scope, scope.best.decisions);
  // One layer at least; more are tried while time is left.
  return passesSeconds(scope, releasePasses(layers.length, most, RELEASE_IMAGES, 1));
}

/**
 * Looks for the fewest released layers that meet the gates, from `from` to `upTo` of them: for each number first on the
 * simplest plan, unless the repairs have brought the loss much nearer, then on the best one.
 */
async function releaseFewest(scope: FixScope, from: number, upTo: number): Promise<StageOutcome> {
  const { best } = scope;
  const { layers, most: allowed } = await releasable(scope, best.decisions);
  const most = Math.min(upTo, allowed);
  // No layer leaves INT8 before it is known that it has to.
  if ((await scope.judge(best)).met) return { candidates: [best], compared: 1 };
  const ways = await waysToRelease(scope, most);
  let met: Candidate | undefined;
  const count = await fewest(most, async (size) => {
    // Fewer layers have been judged by an earlier stage.
    if (size < from) return false;
    for (const way of ways) {
      const candidate = await way(size);
      if (candidate === undefined || !scope.mayMeet(candidate.error)) continue;
      if (!(await scope.judge(candidate)).met) continue;
      met = candidate;
      return true;
    }
    return false;
  });
  const nearest = count === null ? await ways.at(-1)?.(most) : met;
  return { candidates: nearest === undefined ? [] : [nearest], compared: ways.length * (layers.length + most) };
}

/** A plan with so many layers released. */
type Way = (size: number) => Promise<Candidate | undefined>;

/** From the simplest plan and from the best one, in the order in which they are judged. */
async function waysToRelease(scope: FixScope, most: number): Promise<Way[]> {
  const { best, simplest } = scope;
  const isOwnWay =
    shortHash(best.decisions) !== shortHash(simplest.decisions) &&
    releasedLayers(best.decisions).length === 0 &&
    scope.keepsLoss(simplest.error, best.error);
  const ofBest = await wayFrom(scope, best, { most, mayCorrect: true });
  return isOwnWay ? [await wayFrom(scope, simplest, { most, mayCorrect: false }), ofBest] : [ofBest];
}

async function wayFrom(
  scope: FixScope,
  { decisions, optimism }: Candidate,
  { most, mayCorrect }: { readonly most: number; readonly mayCorrect: boolean },
): Promise<Way> {
  const setOf = await releaseSets(scope, decisions, most);
  const known = new Map<number, Promise<Candidate | undefined>>();
  const released = async (size: number): Promise<Candidate | undefined> => {
    const plan = releasedPlan(decisions.plan, await setOf(size));
    const [plain] = await scope.measure([{ ...decisions, plan }], optimism);
    const isCorrected = hasRepair(plan, 'biasCorrection') || decisions.method === 'learned';
    if (plain === undefined || !mayCorrect || isCorrected || !scope.mayMeet(plain.error)) return plain;
    // Biases that were not worth correcting beside the released layers may be so now.
    const corrected = await scope.measure([{ ...decisions, plan: withRepair(plan, 'biasCorrection', true) }]);
    return byError([plain, ...corrected]).candidates[0];
  };
  return (size) => {
    const candidate = known.get(size) ?? released(size);
    known.set(size, candidate);
    return candidate;
  };
}

/**
 * Chooses layers to release on few images.
 * @param most the largest number of layers
 * @returns the set for a number of layers; sets of more layers take more trials and are made when they are asked for
 */
export async function releaseSets(
  scope: FixScope,
  decisions: FixDecisions,
  most: number,
): Promise<(size: number) => Promise<readonly string[]>> {
  const { trial, setup } = await scope.trial(decisions);
  const { layers } = await releasable(scope, decisions);
  const { set, entries } = scope.choosing;
  const trials = await setup.trials([{ set, entries: chooseImages(entries, RELEASE_IMAGES) }]);
  const orders = new Map<number, ReleaseOrder>();
  return async (size) => {
    const steps = RELEASE_STEPS.find((known) => size <= known) ?? MEASURED_STEPS;
    const found =
      orders.get(steps) ??
      (await scope.job.services.compute.request(
        'release-order',
        { base: trial, layers, maxLayers: most, steps, trials },
        scope.job,
      ));
    orders.set(steps, found);
    scope.ranked(found.ranking);
    return found.sets[size] ?? [];
  };
}

/**
 * The layers that can leave INT8 with what their release costs, and how many of them may: with more than half of them
 * in FP16 little is left of INT8.
 */
export async function releasable(
  scope: FixScope,
  decisions: FixDecisions,
): Promise<{ readonly layers: readonly { readonly layer: string; readonly costUs: number }[]; readonly most: number }> {
  const { setup } = await scope.trial(decisions);
  const released = releasedLayers(decisions);
  // For the fewest layers, each costs the same.
  const costOf = (work: LayerWork): number => (scope.isTimed ? releaseCostUs(work) : 1);
  const all = layerWorks(setup).map(({ layer, work }) => ({ layer, costUs: costOf(work) }));
  const layers = all.filter(({ layer }) => !released.includes(layer));
  const limit = Math.min(Math.ceil(all.length / 2), scope.maxLayers ?? all.length);
  return { layers, most: Math.max(0, Math.min(layers.length, limit - released.length)) };
}

/** The layers that a plan takes out of INT8. */
export function releasedLayers({ plan }: FixDecisions): string[] {
  return Object.entries(plan.layers).flatMap(([layer, own]) => (own === 'int8' ? [] : [layer]));
}
