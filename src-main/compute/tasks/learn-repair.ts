import type { TaskContext } from '../../../src-shared/contract/progress';
import { wholeRuns } from '../../analysis/expected-work';
import { chooseLearned, learnedTrials } from '../../analysis/learned-choice';
import { learnBlocks } from '../learning/learn-blocks';
import { LearningJournal } from '../learning/learning-journal';
import type { LearnRepairComputed, LearnRepairParams } from '../pool/protocol';
import { withTrials } from '../trials/trial-pool';

/**
 * Learns thresholds, biases and roundings of weights on some images, and chooses on others what of it is used, beside
 * the learned thresholds.
 */
export async function learnRepair(
  { learning, journalPath, basis, trials: params }: LearnRepairParams,
  context: TaskContext,
): Promise<LearnRepairComputed> {
  const journal = new LearningJournal(journalPath, basis);
  const learned = await learnBlocks(learning, journal, context);
  const { thresholds, blocks, images, skipped } = learned;
  const { trial } = learning;
  return withTrials(params, context, async (trials) => {
    const confirmed = trials.part(0, params.entries.length);
    trials.expect('confirming', wholeRuns(learnedTrials(trial, learned), confirmed.length));
    const choice = await chooseLearned(trials, trial, learned, confirmed);
    return {
      thresholds,
      ...choice,
      blocks,
      images: { learned: images, confirmed: confirmed.length },
      skipped: [...skipped, ...trials.skipped],
      passes: trials.passes,
      work: trials.work,
    };
  });
}
