import { choiceError, type TrialQuality } from '../../src-shared/domain/analysis/analysis';
import type { BiasCorrection, WeightRounding } from '../../src-shared/domain/analysis/repair';
import { qualitiesOf, referenceQuality, type Trial, type Trials } from './trials';

/**
 * The parts of the learned changes of biases that are compared. What biases learn from few images goes too far for
 * others: docs/repairs.md.
 */
const BIAS_SHARES = [1, 0.5, 0];

/** What was learned, beside the biases and roundings to begin with. */
export interface Learned {
  readonly thresholds: Readonly<Record<string, number>>;
  /** All biases: those to begin with, replaced where they were learned. */
  readonly biases: readonly BiasCorrection[];
  readonly roundings: readonly WeightRounding[];
}

export interface LearnedChoice extends Pick<Learned, 'biases' | 'roundings'> {
  /** The part of the learned changes of biases that is used. */
  readonly biasShare: number;
  /** Of the trial to begin with, and of what was chosen. */
  readonly before: TrialQuality;
  readonly after: TrialQuality;
}

/** How many models the choice runs. */
export function learnedTrials(trial: Trial, learned: Learned): number {
  return 1 + sharesOf(learned).length + (hasRoundings(trial, learned) ? 1 : 0);
}

/**
 * Chooses, on images that nothing was learned from, how far the biases move, and then whether weights are rounded as
 * learned: what comes nearest to FP32 (choiceError). Learned thresholds are part of all choices.
 *
 * @param trial the model to begin with
 * @param at indices of the images
 */
export async function chooseLearned(
  trials: Trials,
  trial: Trial,
  learned: Learned,
  at: readonly number[],
): Promise<LearnedChoice> {
  const shares = sharesOf(learned).map((share): Shared => {
    const biases = partOfChanges(trial.biases ?? [], learned.biases, share);
    return { share, trial: { ...trial, thresholds: { ...trial.thresholds, ...learned.thresholds }, biases } };
  });
  const [before, ...qualities] = await qualitiesOf(trials, [trial, ...shares.map((own) => own.trial)], at);
  const best = shares
    .map((own, i) => ({ ...own, quality: qualities[i] }))
    .reduce((found, own) => (errorOf(own.quality) < errorOf(found.quality) ? own : found));
  const { biases = [], roundings = [] } = best.trial;
  const rounded = hasRoundings(trial, learned) ? { ...best.trial, roundings: learned.roundings } : null;
  const [withRoundings] = rounded === null ? [] : await qualitiesOf(trials, [rounded], at);
  const isRounded = errorOf(withRoundings) < errorOf(best.quality);
  const reference = await referenceQuality(trials, at);
  return {
    biases,
    roundings: isRounded ? learned.roundings : roundings,
    biasShare: best.share,
    before: before ?? reference,
    after: (isRounded ? withRoundings : best.quality) ?? reference,
  };
}

interface Shared {
  readonly share: number;
  readonly trial: Trial;
}

function sharesOf({ biases }: Learned): readonly number[] {
  return biases.some(({ isLearned }) => isLearned) ? BIAS_SHARES : [1];
}

function hasRoundings(trial: Trial, { roundings }: Learned): boolean {
  return roundings.length > (trial.roundings ?? []).length;
}

function errorOf(quality: TrialQuality | undefined): number {
  return quality === undefined ? Number.POSITIVE_INFINITY : choiceError(quality);
}

/** Biases between those to begin with and learned ones. @param share 0: as they were; 1: as learned */
function partOfChanges(
  before: readonly BiasCorrection[],
  learned: readonly BiasCorrection[],
  share: number,
): BiasCorrection[] {
  const keyOf = ({ layer, slot }: BiasCorrection): string => `${slot} ${layer}`;
  const start = new Map(before.map((bias) => [keyOf(bias), bias]));
  return learned.flatMap((bias): BiasCorrection[] => {
    const own = start.get(keyOf(bias));
    if (!bias.isLearned || share === 1) return [bias];
    if (share === 0) return own === undefined ? [] : [own];
    const shift = bias.shift.map((value, channel) => {
      const from = own?.shift[channel] ?? 0;
      return Math.fround(from + share * (value - from));
    });
    return [{ ...bias, shift }];
  });
}
