import type { TaskContext } from '../../../src-shared/contract/progress';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import { autoWork, chooseThresholds } from '../../analysis/auto';
import type { OutputCost } from '../../../src-shared/domain/analysis/best-method';
import { budgetSeconds, imageLevels, outputCosts, type Candidate } from '../../analysis/best-method';
import { chooseFromGroups } from '../../analysis/choose-images';
import { sumOfWork, wholeRuns } from '../../analysis/expected-work';
import { releaseOrder as orderReleases, releaseWork } from '../../analysis/release-order';
import { searchPlans } from '../../analysis/search';
import { hasOutputs, qualitiesOf, referenceQuality } from '../../analysis/trials';
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
import { TrialPool, withTrials, type TrialCosts } from '../trials/trial-pool';
import { cpuSeconds } from '../trials/trial-reference';
import { partialAuto, partialSearch } from './partial-results';

/** Assumed ratio of the run time of a quantized model to that of FP32, when it was not measured. */
const TRIAL_TO_FP32 = 1.5;

export async function auto(
  { trials: params, chosenCount, ...problem }: AutoParams,
  context: TaskContext,
): Promise<AutoComputed> {
  return withTrials(params, context, async (trials) => {
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
      skipped: trials.skipped,
      passes: trials.passes,
      work: trials.work,
    };
  });
}

/** Measures the cost of a pass on the fewest images, then uses as many images as the time budget allows. */
export async function best(
  { trials: params, candidates, perGroup, collectionSeconds }: BestParams,
  context: TaskContext,
): Promise<BestComputed> {
  const before = cpuSeconds();
  const levels = imageLevels(perGroup).map((count) => {
    const chosen = new Set(chooseFromGroups(params.entries, count));
    return [...params.entries.keys()].filter((slot) => chosen.has(params.entries[slot] as ImageEntry));
  });
  const all = levels[0] ?? [];
  const least = levels.at(-1) ?? [];
  const trials = new TrialPool(params, context);
  try {
    await trials.open(least);
    const measure = (list: readonly Candidate[]): Promise<OutputCost[] | null> =>
      outputCosts(trials, list, [...trials.images.keys()], trials.outputNames);
    let level = least;
    if (all.length > least.length) {
      trials.expect('choosing the method', wholeRuns(1, trials.images.length));
      const startedAt = cpuSeconds();
      await measure(candidates.slice(0, 1));
      const trialSeconds = cpuSeconds() - startedAt;
      // The budget counts processor time, so that a busy machine chooses on the same images as an idle one.
      const left = params.threads * budgetSeconds(collectionSeconds / trials.costs.slowdown) - (cpuSeconds() - before);
      level =
        levels.find(
          (slots) =>
            levelSeconds(slots.length, candidates.length, {
              ...trials.costs,
              trialSeconds,
              trialImages: trials.images.length,
              clock: trials.trialClock,
            }) <= left,
        ) ?? least;
      if (level.length > least.length) await trials.use(level);
    }
    trials.expect('choosing the method', wholeRuns(candidates.length, trials.images.length));
    const costs = await measure(candidates);
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

/** Processor time in seconds to read `images` images and to run FP32 and every candidate on them. */
function levelSeconds(
  images: number,
  candidates: number,
  costs: TrialCosts & {
    readonly trialSeconds: number;
    readonly trialImages: number;
    readonly clock: TrialPool['trialClock'];
  },
): number {
  const { loadSeconds, openSeconds, runSeconds, slowdown, trialSeconds, trialImages, clock } = costs;
  // No run was timed when the journal already held the answers of the trial.
  const trialRun = clock.images === 0 ? TRIAL_TO_FP32 * runSeconds : clock.runMs / (1000 * slowdown * clock.images);
  const trial = Math.max(0, trialSeconds - trialRun * trialImages) + trialRun * images;
  return images * (loadSeconds + runSeconds) + openSeconds + candidates * trial;
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
    trials.expect(phase, wholeRuns(list.length, all.length));
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
