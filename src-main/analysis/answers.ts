import type { OutputQuality, Predictions } from '../../src-shared/domain/runs/accuracy';
import { sqnrDbOf, worstOutputNmse } from './output-error';
import type { ImageAnswer, OutputError } from './variant-evaluator';

const TOP_COUNT = 5;

export interface AnswerSummary {
  readonly predictions: Predictions | null;
  /** Value of the output with the largest error; Infinity if no output can be compared, too. */
  readonly outputSqnrDb: number;
  readonly outputs: readonly OutputQuality[];
}

/** Sums the answers of one variant over an image set; null entries are unreadable images. */
export function summarizeAnswers(answers: readonly (ImageAnswer | null)[]): AnswerSummary {
  const answered = answers.filter((answer) => answer !== null);
  const isClassifier = answered.some(({ answer }) => answer?.kind === 'classification');
  const perOutput = sumByOutput(answered);
  return {
    predictions: isClassifier ? predictions(answers) : null,
    outputSqnrDb: sqnrDbOf(worstOutputNmse(perOutput)),
    outputs: perOutput.map((sums) => ({
      name: sums.name,
      sqnrDb: sums.signal > 0 ? sqnrDbOf(sums.noise / sums.signal) : null,
      ...(Number.isFinite(sums.noise) ? {} : { notFinite: true as const }),
      cosine: sums.energy > 0 && sums.signal > 0 ? sums.dot / Math.sqrt(sums.energy * sums.signal) : null,
    })),
  };
}

function predictions(answers: readonly (ImageAnswer | null)[]): Predictions {
  const top1 = new Int32Array(answers.length).fill(-1);
  const top5 = new Int32Array(answers.length * TOP_COUNT).fill(-1);
  const scores = new Float32Array(answers.length).fill(Number.NaN);
  for (const [i, entry] of answers.entries()) {
    const answer = entry?.answer;
    if (answer?.kind !== 'classification') continue;
    top1[i] = answer.top5[0] ?? -1;
    top5.set(answer.top5, i * TOP_COUNT);
    scores[i] = answer.score;
  }
  return { top1, top5, scores };
}

/**
 * Sums in the order of the set, so that the result does not depend on the assignment of images to workers. An output
 * that could not be compared on some image is left out: that it has the size of FP32's on others is chance.
 */
function sumByOutput(answers: readonly ImageAnswer[]): OutputError[] {
  const counts = new Map<string, number>();
  for (const { name } of answers.flatMap(({ outputs }) => outputs)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const sums = new Map<string, { name: string; signal: number; noise: number; energy: number; dot: number }>();
  for (const answer of answers) {
    for (const output of answer.outputs) {
      // Where FP32 answers with NaN there is nothing to compare with; NaN where it does not is as wrong as can be.
      if (!Number.isFinite(output.signal) || counts.get(output.name) !== answers.length) continue;
      const noise = Number.isNaN(output.noise) ? Number.POSITIVE_INFINITY : output.noise;
      const sum = sums.get(output.name);
      if (!sum) {
        sums.set(output.name, { ...output, noise });
        continue;
      }
      sum.signal += output.signal;
      sum.noise += noise;
      sum.energy += output.energy;
      sum.dot += output.dot;
    }
  }
  return [...sums.values()];
}
