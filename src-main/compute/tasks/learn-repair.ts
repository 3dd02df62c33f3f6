import type { TaskContext } from '../../../src-shared/contract/progress';
import { qualitiesOf, referenceQuality } from '../../analysis/trials';
import { learnBlocks } from '../learning/learn-blocks';
import { LearningJournal } from '../learning/learning-journal';
import type { LearnRepairComputed, LearnRepairParams } from '../pool/protocol';
import { withTrials } from '../trials/trial-pool';

/** Learns thresholds and biases on some images, and measures the whole model with and without them on others. */
export async function learnRepair(
  { learning, journalPath, basis, trials: params }: LearnRepairParams,
  context: TaskContext,
): Promise<LearnRepairComputed> {
  const journal = new LearningJournal(journalPath, basis);
  const { thresholds, biases, blocks, images, skipped } = await learnBlocks(learning, journal, context);
  const { trial } = learning;
  const learned = { ...trial, thresholds: { ...trial.thresholds, ...thresholds }, biases };
  return withTrials(params, context, async (trials) => {
    const confirmed = trials.part(0, params.entries.length);
    trials.expect('confirming', 2 * confirmed.length);
    const [before, after] = await qualitiesOf(trials, [trial, learned], confirmed);
    const reference = await referenceQuality(trials, confirmed);
    return {
      thresholds,
      biases,
      blocks,
      images: { learned: images, confirmed: confirmed.length },
      before: before ?? reference,
      after: after ?? reference,
      skipped: [...skipped, ...trials.skipped],
      passes: trials.passes,
    };
  });
}
