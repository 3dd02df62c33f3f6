import type { Progress, TaskContext } from '../../../src-shared/contract/progress';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import { autoWork, chooseThresholds } from '../../analysis/auto';
import { imageLevels, isChoiceAffordable, outputCosts } from '../../analysis/best-method';
import { chooseFromGroups } from '../../analysis/choose-images';
import { changedRuns } from '../../analysis/changed-runs';
import { sumOfWork, wholeRuns } from '../../analysis/expected-work';
import { releaseOrder as orderReleases, releaseWork } from '../../analysis/release-order';
import { searchPlans } from '../../analysis/search';
import { hasCandidates, hasOutputs, qualitiesOf, referenceQuality } from '../../analysis/trials';
import type {
  AutoComputed,
  AutoParams,
  BestComputed,
  BestParams,
  CorrectBiasesComputed,
  CorrectBiasesParams,
  SearchComputed,
  SearchParams,
  EvaluateCandidatesResult,
  EvaluateCandidatesParams,
  ReleaseOrderComputed,
  ReleaseOrderParams,
} from '../pool/protocol';
import { TrialPool, withTrials } from '../trials/trial-pool';
import { partialAuto, partialSearch } from './partial-results';

export async function auto(
  { trials: params, chosenCount, ...problem }: AutoParams,
  context: TaskContext,
): Promise<AutoComputed> {
  const next = { plan: problem.plan, thresholds: problem.thresholds.minmax ?? {} };
  const use = async (trials: TrialPool): Promise<AutoComputed> => {
    const chosen = trials.part(0, chosenCount);
    const confirmed = trials.part(chosenCount, params.entries.length);
    const full = { ...problem, chosen, confirmed };
    trials.expect('choosing thresholds', autoWork(full, trials.changed));
    const report = partialAuto(full.tensors.length);
    const outcome = await chooseThresholds(trials, full, {
      part: trials.changed,
      onTensor: (decision, left) => trials.found(report(decision), left),
    });
    return {
      ...outcome,
      images: { chosen: chosen.length, confirmed: confirmed.length },
      ...(hasOutputs(trials) ? {} : { comparesAnswers: true }),
      ...(hasCandidates(trials) ? { comparesCandidates: true } : {}),
      skipped: trials.skipped,
      passes: trials.passes,
      work: trials.work,
    };
  };
  return withTrials(params, context, use, next);
}

/** Compares candidates on as many images as the size of the model allows. */
export async function best(
  { trials: params, candidates, perGroup, macs, collected }: BestParams,
  context: TaskContext,
): Promise<BestComputed> {
  const levels = imageLevels(perGroup).map((count) => {
    const chosen = new Set(chooseFromGroups(params.entries, count));
    return [...params.entries.keys()].filter((slot) => chosen.has(params.entries[slot] as ImageEntry));
  });
  const all = levels[0] ?? [];
  const work = { candidates: candidates.length, macs, collected };
  const level = levels.find((slots) => isChoiceAffordable(slots.length, work)) ?? levels.at(-1) ?? [];
  const trials = new TrialPool(params, countingImages(context, candidates.length));
  try {
    await trials.open({ first: level });
    trials.expect('choosing the method', wholeRuns(candidates.length, trials.images.length));
    const costs = await outputCosts(trials, candidates, [...trials.images.keys()], trials.outputNames);
    trials.finish();
    return {
      costs: costs ?? [],
      isComparable: costs !== null,
      images: trials.images.length,
      wasCut: level.length < all.length,
      skipped: trials.skipped,
      passes: trials.passes,
      work: trials.work,
    };
  } finally {
    await trials.close();
  }
}

/**
 * Progress that counts images instead of passes: the choice of a method is a step in front of an analysis, whose total
 * counts its own passes.
 */
function countingImages(context: TaskContext, models: number): TaskContext {
  const { onProgress } = context;
  if (!onProgress) return context;
  const inImages = (progress: Progress): Progress => ({
    ...progress,
    done: Math.floor(progress.done / models),
    total: Math.round(progress.total / models),
    unit: 'images',
  });
  return { ...context, onProgress: (own) => onProgress(own.unit === 'passes' ? inImages(own) : own) };
}

export async function search(
  { trials: params, rankCount, ...problem }: SearchParams,
  context: TaskContext,
): Promise<SearchComputed> {
  return withTrials(params, context, async (trials) => {
    const rank = trials.part(0, rankCount);
    const judge = rankCount === params.entries.length ? rank : trials.part(rankCount, params.entries.length);
    const report = partialSearch();
    const outcome = await searchPlans(
      trials,
      { ...problem, rank, judge },
      {
        part: trials.changed,
        onStep: (name, left) => trials.expect(name, left),
        onPlan: (plan) => trials.found(report(plan)),
      },
    );
    return { ...outcome, images: judge.length, skipped: trials.skipped, passes: trials.passes, work: trials.work };
  });
}

export async function releaseOrder(
  { trials: params, ...problem }: ReleaseOrderParams,
  context: TaskContext,
): Promise<ReleaseOrderComputed> {
  return withTrials(params, context, async (trials) => {
    const images = trials.part(0, params.entries.length);
    trials.expect('ranking layers', releaseWork(problem, images.length, trials.changed));
    const found = await orderReleases(
      trials,
      { ...problem, images },
      { part: trials.changed, onStep: (left) => trials.expect('ranking layers', left) },
    );
    return { ...found, skipped: trials.skipped, passes: trials.passes, work: trials.work };
  });
}

export async function evaluateCandidates(
  { trials: params, phase, list }: EvaluateCandidatesParams,
  context: TaskContext,
): Promise<EvaluateCandidatesResult> {
  return withTrials(params, context, async (trials) => {
    const all = trials.part(0, params.entries.length);
    trials.expect(phase, changedRuns(list, all.length, trials.changed));
    const qualities = await qualitiesOf(trials, list, all);
    const reference = await referenceQuality(trials, all);
    return { qualities, reference, skipped: trials.skipped, passes: trials.passes, work: trials.work };
  });
}

export async function correctBiases(
  { trial, trials: params, measuredCount }: CorrectBiasesParams,
  context: TaskContext,
): Promise<CorrectBiasesComputed> {
  return withTrials(params, context, async (trials) => {
    const measured = trials.part(0, measuredCount);
    const confirmed = trials.part(measuredCount, params.entries.length);
    trials.expect('correcting biases', sumOfWork(wholeRuns(1, measured.length), wholeRuns(2, confirmed.length)));
    const biases = await trials.shifts(trial, measured);
    const [before, after] = await qualitiesOf(trials, [trial, { ...trial, biases }], confirmed);
    const reference = await referenceQuality(trials, confirmed);
    return {
      biases,
      images: { measured: measured.length, confirmed: confirmed.length },
      before: before ?? reference,
      after: after ?? reference,
      skipped: trials.skipped,
      passes: trials.passes,
      work: trials.work,
    };
  });
}
