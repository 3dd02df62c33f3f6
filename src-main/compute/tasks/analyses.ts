import { WorkbenchError } from '../../../src-shared/base/errors';
import type { SensitivityLayer, SensitivityMetric, TrialQuality } from '../../../src-shared/domain/analysis/analysis';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { autoPasses, chooseThresholds } from '../../analysis/auto';
import type { OutputCost } from '../../../src-shared/domain/analysis/best-method';
import { budgetSeconds, imageLevels, outputCosts, type Candidate } from '../../analysis/best-method';
import { chooseFromGroups } from '../../analysis/choose-images';
import { releaseOrder as orderReleases, releasePasses } from '../../analysis/release-order';
import { searchPlans } from '../../analysis/search';
import { operandTrials, rankableDb, scoreOf, sensitivityTrial, sorted } from '../../analysis/sensitivity';
import { hasOutputs, qualitiesOf, qualityOf, referenceQuality } from '../../analysis/trials';
import type {
  AutoComputed,
  AutoParams,
  BestComputed,
  BestParams,
  CorrectBiasesComputed,
  CorrectBiasesParams,
  SearchComputed,
  SearchParams,
  SensitivityComputed,
  SensitivityParams,
  EvaluateCandidatesResult,
  EvaluateCandidatesParams,
  ReleaseOrderComputed,
  ReleaseOrderParams,
} from '../pool/protocol';
import { cpuSeconds, TrialPool, withTrials, type TrialCosts } from '../trials/trial-pool';

/** Number of layers whose outputs are compared in one run; it bounds the memory of kind `visible`. */
const LAYERS_AT_ONCE = 8;
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
    trials.expect('choosing thresholds', autoPasses(full));
    const outcome = await chooseThresholds(trials, full);
    return {
      ...outcome,
      images: { chosen: chosen.length, confirmed: confirmed.length },
      ...(hasOutputs(trials) ? {} : { comparesAnswers: true }),
      skipped: trials.skipped,
      passes: trials.passes,
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
      trials.expect('choosing the method', trials.images.length);
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
    trials.expect('choosing the method', candidates.length * trials.images.length);
    const costs = await measure(candidates);
    return {
      costs: costs ?? [],
      isComparable: costs !== null,
      images: trials.images.length,
      wasCut: level.length < all.length,
      skipped: trials.skipped,
      passes: trials.passes,
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

export async function sensitivity(
  { trials: params, ...problem }: SensitivityParams,
  context: TaskContext,
): Promise<SensitivityComputed> {
  const { kind, metric, layers, base: quantized } = problem;
  return withTrials(params, context, async (trials) => {
    const all = trials.part(0, params.entries.length);
    const reference = await referenceQuality(trials, all);
    checkMetric(metric, trials.task, reference);
    const common = { images: all.length, skipped: trials.skipped };
    if (kind === 'visible') {
      trials.expect('measuring layers', all.length * (1 + 2 * Math.ceil(layers.length / LAYERS_AT_ONCE)));
      const [baseline] = await qualitiesOf(trials, [quantized], all);
      const found: SensitivityLayer[] = [];
      for (let i = 0; i < layers.length; i += LAYERS_AT_ONCE) {
        const part = layers.slice(i, i + LAYERS_AT_ONCE);
        const errors = await trials.layers(
          quantized,
          part.map(({ output }) => output),
          all,
        );
        for (const { layer, op, output } of part) {
          const error = errors.get(output);
          if (!error) continue;
          const sqnrDb = error.noise > 0 ? 10 * Math.log10(error.signal / error.noise) : null;
          found.push({ layer, op, metric, quality: null, sqnrDb, score: -rankableDb(sqnrDb) });
        }
      }
      return { ...common, baseline: baseline ?? reference, layers: sorted(found), passes: trials.passes };
    }
    const perLayer = kind === 'cause' ? 3 : 1;
    trials.expect('measuring layers', all.length * (perLayer * layers.length + 1));
    const [quantizedAnswers = [], ...answers] = await trials.run(
      [quantized, ...layers.map(({ layer }) => sensitivityTrial(problem, layer))],
      all,
    );
    const weighted = kind === 'cause' ? layers.filter(({ hasWeights }) => hasWeights) : [];
    const parts = await qualitiesOf(
      trials,
      weighted.flatMap(({ layer }) => operandTrials(problem, layer)),
      all,
    );
    const baseline = kind === 'release' ? await qualityOf(trials, all, quantizedAnswers) : reference;
    // Without an output error, layers are ranked by what the answers of the task lose.
    const used = metric === 'sqnr' && !hasOutputs(trials) ? 'agreement' : metric;
    if (used !== metric) checkMetric(used, trials.task, reference);
    const found: SensitivityLayer[] = [];
    for (const [i, { layer, op }] of layers.entries()) {
      const quality = await qualityOf(trials, all, answers[i] ?? []);
      const score = scoreOf(kind, used, quality, baseline);
      const at = 2 * weighted.findIndex((each) => each.layer === layer);
      const [weights, input] = at < 0 ? [] : [parts[at], parts[at + 1]];
      const operands = weights && input && { weights: weights.sqnrDb, input: input.sqnrDb };
      const own = { layer, op, metric: used, quality, sqnrDb: quality.sqnrDb, score };
      found.push({ ...own, ...(operands ? { operands } : {}) });
    }
    return { ...common, baseline, layers: sorted(found), passes: trials.passes };
  });
}

/** @throws WorkbenchError usage when the task or the images have no such metric */
function checkMetric(metric: SensitivityMetric, task: Task | null, reference: TrialQuality): void {
  if (metric === 'sqnr') return;
  const isKnown =
    metric === 'agreement'
      ? reference.agreement !== null
      : reference.measure !== undefined && (metric !== 'top1' || reference.top1 !== null);
  if (isKnown) return;
  if (task === null && reference.agreement === null) {
    throw new WorkbenchError(
      'usage',
      `Metric ${metric} needs an output of shape [batch, classes], which the model does not have, or a task of the ` +
        'project that says what its outputs are',
      { hint: 'Decide the task of the project, or use the metric sqnr.' },
    );
  }
  if (metric === 'top1' && reference.measure !== undefined) {
    throw new WorkbenchError(
      'usage',
      `Metric top1 is for classifications; this model is judged by ${reference.measure.name}`,
      {
        hint: 'Use the metric measure.',
      },
    );
  }
  throw new WorkbenchError('usage', `Metric ${metric} needs labels, which the images do not have`, {
    hint: 'Use the metric sqnr or agreement.',
  });
}

export async function search(
  { trials: params, rankCount, ...problem }: SearchParams,
  context: TaskContext,
): Promise<SearchComputed> {
  return withTrials(params, context, async (trials) => {
    const rank = trials.part(0, rankCount);
    const judge = rankCount === params.entries.length ? rank : trials.part(rankCount, params.entries.length);
    const outcome = await searchPlans(
      trials,
      { ...problem, rank, judge },
      { onStep: (name, passes) => trials.expect(name, passes) },
    );
    return { ...outcome, images: judge.length, skipped: trials.skipped, passes: trials.passes };
  });
}

export async function releaseOrder(
  { trials: params, ...problem }: ReleaseOrderParams,
  context: TaskContext,
): Promise<ReleaseOrderComputed> {
  return withTrials(params, context, async (trials) => {
    const images = trials.part(0, params.entries.length);
    trials.expect(
      'ranking layers',
      releasePasses(problem.layers.length, problem.maxLayers, images.length, problem.steps),
    );
    const found = await orderReleases(trials, { ...problem, images });
    return { ...found, skipped: trials.skipped, passes: trials.passes };
  });
}

export async function evaluateCandidates(
  { trials: params, phase, list }: EvaluateCandidatesParams,
  context: TaskContext,
): Promise<EvaluateCandidatesResult> {
  return withTrials(params, context, async (trials) => {
    const all = trials.part(0, params.entries.length);
    trials.expect(phase, list.length * all.length);
    const qualities = await qualitiesOf(trials, list, all);
    const reference = await referenceQuality(trials, all);
    return { qualities, reference, skipped: trials.skipped, passes: trials.passes };
  });
}

export async function correctBiases(
  { trial, trials: params, measuredCount }: CorrectBiasesParams,
  context: TaskContext,
): Promise<CorrectBiasesComputed> {
  return withTrials(params, context, async (trials) => {
    const measured = trials.part(0, measuredCount);
    const confirmed = trials.part(measuredCount, params.entries.length);
    trials.expect('correcting biases', measured.length + 2 * confirmed.length);
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
    };
  });
}
