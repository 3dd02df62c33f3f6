import { WorkbenchError } from '../../src-shared/base/errors';
import type { SensitivityLayer } from '../../src-shared/domain/analysis';
import type { TaskContext } from '../../src-shared/contract/progress';
import type { ImageEntry } from '../../src-shared/domain/image-set';
import { autoPasses, chooseThresholds } from '../analysis/auto';
import { imageLevels, outputCosts } from '../analysis/best-method';
import { chooseFromGroups } from '../analysis/choose-images';
import { searchPlans } from '../analysis/search';
import { rankableDb, scoreOf, sensitivityTrial, sorted } from '../analysis/sensitivity';
import { qualitiesOf, qualityOf, referenceQuality } from '../analysis/trials';
import type { AutoComputed, AutoParams, BestComputed, BestParams, CorrectBiasesComputed, CorrectBiasesParams, SearchComputed, SearchParams, SensitivityComputed, SensitivityParams, TryComputed, TryParams } from './protocol';
import { cpuSeconds, TrialPool, withTrials, type TrialCosts } from './trial-pool';

/** Outputs of layers that are looked at together: what bounds the memory of kind `visible`. */
const LAYERS_AT_ONCE = 8;
/** A quantized model that is simulated takes about so many times what FP32 takes. */
const TRIAL_TO_FP32 = 1.25;

export async function auto({ trials: params, chosenCount, ...problem }: AutoParams, context: TaskContext): Promise<AutoComputed> {
  return withTrials(params, context, async (trials) => {
    const chosen = trials.part(0, chosenCount);
    const confirmed = trials.part(chosenCount, params.entries.length);
    const full = { ...problem, chosen, confirmed };
    trials.expect('choosing thresholds', autoPasses(full));
    const outcome = await chooseThresholds(trials, full);
    return { ...outcome, images: { chosen: chosen.length, confirmed: confirmed.length }, skipped: trials.skipped, passes: trials.passes };
  });
}

/** Begins with the fewest images, which say what a pass takes, and goes on with as many as the time allows. */
export async function best({ trials: params, candidates, perGroup, budgetSeconds }: BestParams, context: TaskContext): Promise<BestComputed> {
  const before = cpuSeconds();
  const levels = imageLevels(perGroup).map((count) => {
    const chosen = new Set(chooseFromGroups(params.entries, count));
    return [...params.entries.keys()].filter((slot) => chosen.has(params.entries[slot] as ImageEntry));
  });
  const least = levels.at(-1) ?? [];
  const trials = new TrialPool(params, context);
  try {
    await trials.open(least);
    const left = budgetSeconds * params.threads - (cpuSeconds() - before);
    const level = levels.find((slots) => slots.length === least.length || levelSeconds(slots.length, candidates.length, trials.costs) <= left) ?? least;
    if (level.length > least.length) await trials.use(level);
    const at = [...trials.images.keys()];
    trials.expect('choosing the method', candidates.length * at.length);
    const costs = await outputCosts(trials, candidates, at, trials.outputNames);
    return { costs, images: at.length, wasCut: level !== levels[0] && level.length < (levels[0]?.length ?? 0), skipped: trials.skipped, passes: trials.passes };
  } finally {
    await trials.close();
  }
}

/** Processor time of so many images: read them, run FP32 and every candidate. */
function levelSeconds(images: number, candidates: number, { loadSeconds, openSeconds, runSeconds }: TrialCosts): number {
  return images * loadSeconds + (1 + candidates) * openSeconds + images * runSeconds * (1 + TRIAL_TO_FP32 * candidates);
}

export async function sensitivity({ trials: params, ...problem }: SensitivityParams, context: TaskContext): Promise<SensitivityComputed> {
  const { kind, metric, layers, plan, thresholds } = problem;
  return withTrials(params, context, async (trials) => {
    const all = trials.part(0, params.entries.length);
    const reference = referenceQuality(trials, all);
    if (metric !== 'sqnr' && reference.agreement === null) {
      throw new WorkbenchError('usage', `Metric ${metric} needs an output of shape [batch, classes], which the model does not have`, { hint: 'Use the metric sqnr.' });
    }
    const quantized = { plan, thresholds };
    const common = { images: all.length, skipped: trials.skipped };
    if (kind === 'visible') {
      trials.expect('measuring layers', all.length * (1 + 2 * Math.ceil(layers.length / LAYERS_AT_ONCE)));
      const [baseline] = await qualitiesOf(trials, [quantized], all);
      const found: SensitivityLayer[] = [];
      for (let i = 0; i < layers.length; i += LAYERS_AT_ONCE) {
        const part = layers.slice(i, i + LAYERS_AT_ONCE);
        const errors = await trials.layers(quantized, part.map(({ output }) => output), all);
        for (const { layer, op, output } of part) {
          const error = errors.get(output);
          if (!error) continue;
          const sqnrDb = error.noise > 0 ? 10 * Math.log10(error.signal / error.noise) : null;
          found.push({ layer, op, metric, quality: null, sqnrDb, score: -rankableDb(sqnrDb) });
        }
      }
      return { ...common, baseline: baseline ?? reference, layers: sorted(found), passes: trials.passes };
    }
    trials.expect('measuring layers', all.length * (layers.length + 1));
    const [quantizedAnswers = [], ...answers] = await trials.run([quantized, ...layers.map(({ layer }) => sensitivityTrial(problem, layer))], all);
    const baseline = kind === 'release' ? qualityOf(trials, all, quantizedAnswers) : reference;
    const found = layers.map(({ layer, op }, i): SensitivityLayer => {
      const quality = qualityOf(trials, all, answers[i] ?? []);
      return { layer, op, metric, quality, sqnrDb: quality.sqnrDb, score: scoreOf(kind, metric, quality, baseline) };
    });
    return { ...common, baseline, layers: sorted(found), passes: trials.passes };
  });
}

export async function search({ trials: params, rankCount, ...problem }: SearchParams, context: TaskContext): Promise<SearchComputed> {
  return withTrials(params, context, async (trials) => {
    const rank = trials.part(0, rankCount);
    const judge = rankCount === params.entries.length ? rank : trials.part(rankCount, params.entries.length);
    const outcome = await searchPlans(trials, { ...problem, rank, judge }, { onStep: (name, passes) => trials.expect(name, passes) });
    return { ...outcome, images: judge.length, skipped: trials.skipped, passes: trials.passes };
  });
}

export async function tryModels({ trials: params, phase, list }: TryParams, context: TaskContext): Promise<TryComputed> {
  return withTrials(params, context, async (trials) => {
    const all = trials.part(0, params.entries.length);
    trials.expect(phase, list.length * all.length);
    const qualities = await qualitiesOf(trials, list, all);
    return { qualities, reference: referenceQuality(trials, all), skipped: trials.skipped, passes: trials.passes };
  });
}

export async function correctBiases({ trial, trials: params, measuredCount }: CorrectBiasesParams, context: TaskContext): Promise<CorrectBiasesComputed> {
  return withTrials(params, context, async (trials) => {
    const measured = trials.part(0, measuredCount);
    const confirmed = trials.part(measuredCount, params.entries.length);
    trials.expect('correcting biases', measured.length + 2 * confirmed.length);
    const biases = await trials.shifts(trial, measured);
    const [before, after] = await qualitiesOf(trials, [trial, { ...trial, biases }], confirmed);
    const reference = referenceQuality(trials, confirmed);
    return { biases, images: { measured: measured.length, confirmed: confirmed.length }, before: before ?? reference, after: after ?? reference, skipped: trials.skipped, passes: trials.passes };
  });
}
