import type { TaskContext } from '../../../src-shared/contract/progress';
import { wholeRuns } from '../../analysis/expected-work';
import { choiceError, qualitiesOf, referenceQuality } from '../../analysis/trials';
import { learnBlocks } from '../learning/learn-blocks';
import { LearningJournal } from '../learning/learning-journal';
import type { LearnRepairComputed, LearnRepairParams } from '../pool/protocol';
import { withTrials } from '../trials/trial-pool';

/**
 * Learns thresholds, biases and roundings of weights on some images, and measures the whole model with and without them
 * on others. Roundings are left out if the model is nearer to FP32 there without them.
 */
export async function learnRepair(
  { learning, journalPath, basis, trials: params }: LearnRepairParams,
  context: TaskContext,
): Promise<LearnRepairComputed> {
  const journal = new LearningJournal(journalPath, basis);
  const { roundings, ...learnedModel } = await learnBlocks(learning, journal, context);
  const { thresholds, biases, blocks, images, skipped } = learnedModel;
  const { trial } = learning;
  const unrounded = { ...trial, thresholds: { ...trial.thresholds, ...thresholds }, biases };
  const rounded = { ...unrounded, roundings };
  const hasNew = roundings.length > (trial.roundings ?? []).length;
  return withTrials(params, context, async (trials) => {
    const confirmed = trials.part(0, params.entries.length);
    const list = [trial, unrounded, ...(hasNew ? [rounded] : [])];
    trials.expect('confirming', wholeRuns(list.length, confirmed.length));
    const [before, plain, withRoundings] = await qualitiesOf(trials, list, confirmed);
    const reference = await referenceQuality(trials, confirmed);
    const isRounded =
      withRoundings !== undefined && plain !== undefined && choiceError(withRoundings) < choiceError(plain);
    return {
      thresholds,
      biases,
      roundings: isRounded ? roundings : (trial.roundings ?? []),
      blocks,
      images: { learned: images, confirmed: confirmed.length },
      before: before ?? reference,
      after: (isRounded ? withRoundings : plain) ?? reference,
      skipped: [...skipped, ...trials.skipped],
      passes: trials.passes,
      work: trials.work,
    };
  });
}
