import type { TaskAnswer } from '../../src-shared/domain/tasks/answer';
import type { OutputTensor } from '../backends/runnable-variant';
import { classificationOutput } from './classification-output';
import { requireOutput } from './image-outputs';

/**
 * The class index for an output with NaN (for example after an overflow in FP16); it differs from every label and
 * answer.
 */
const NO_ANSWER = -1;

type Classification = Extract<TaskAnswer, { readonly kind: 'classification' }>;

/**
 * The classes that the scores of one image name.
 * @param name the output with the scores; if undefined, the first output of shape [1, classes].
 * @returns null if no output is a classification
 */
export function classify(outputs: readonly OutputTensor[], name?: string): Classification | null {
  const output = name === undefined ? outputs[classificationOutput(outputs, 1)] : requireOutput(outputs, name);
  if (!output?.data) return null;
  const { data } = output;
  const top5 = data.some(Number.isNaN) ? [NO_ANSWER] : topIndices(data, 5);
  return { kind: 'classification', top5, score: data[top5[0] ?? 0] ?? Number.NaN, classCount: data.length };
}

/** Indices of the k largest values, largest first; the lower index wins a tie. */
function topIndices(values: Float32Array, k: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    let at = best.length;
    while (at > 0 && value > (values[best[at - 1] ?? 0] ?? 0)) at--;
    if (at < k) {
      best.splice(at, 0, i);
      if (best.length > k) best.pop();
    }
  }
  return best;
}
