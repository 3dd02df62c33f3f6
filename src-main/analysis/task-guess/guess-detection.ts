import type { TaskGuess } from '../../../src-shared/domain/tasks/task';
import { type OutputFacts, outputText, type TaskFacts } from './facts';
import { guessAnchors } from './guess-anchors';
import { guessKept } from './guess-kept';
import { guessPair } from './guess-pair';

/**
 * The decoder that fits the outputs of a detector. Layouts with more outputs are tried first, because a single output
 * of a model with several may look like another layout.
 * @returns null if no layout fits; a task of null if the outputs are those of a detector that cannot be decoded.
 */
export function guessDetection(facts: TaskFacts): TaskGuess | null {
  return guessKept(facts) ?? guessPair(facts) ?? guessAnchors(facts) ?? rawHeads(facts);
}

/** One [n, anchors, height, width, 5 + classes] per stride, as YOLOv5 gives them before its decoding. */
function rawHeads({ outputs }: TaskFacts): TaskGuess | null {
  const isHead = ({ dims }: OutputFacts): boolean => dims.length === 5 && (dims[4] ?? 0) > 5 && dims[1] === 3;
  const heads = outputs.filter(isHead);
  if (heads.length < 2) return null;
  return {
    task: null,
    notes: [
      `${heads.map(outputText).join(', ')} are the heads of a detector whose anchors are not part of the model: export ` +
        'it with its decoding.',
    ],
  };
}
