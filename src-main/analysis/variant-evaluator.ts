import { WorkbenchError } from '../../src-shared/base/errors';
import type { Feeding } from '../../src-shared/domain/project/feeding';
import { equalShapes, stackImages, type PreparedImage } from '../backends/feeds';
import type { ModelSession, OnnxVariant, OutputTensor } from '../backends/runnable-variant';
import { OrtSession } from '../backends/ort-session';
import { classificationOutput } from './classification-output';

/**
 * Sums over one output for one image in double precision, from which SQNR and cosine of any number of images follow.
 */
export interface OutputError {
  readonly name: string;
  /** sum of reference^2 */
  readonly signal: number;
  /** sum of (variant - reference)^2 */
  readonly noise: number;
  /** sum of variant^2 */
  readonly energy: number;
  /** sum of variant * reference */
  readonly dot: number;
}

/**
 * The class index for an output with NaN (for example after an overflow in FP16); it differs from every label and
 * answer.
 */
const NO_ANSWER = -1;

/** The answer of one variant to one image. */
export interface ImageAnswer {
  /** Indices of the five largest entries of the classification output, largest first; fewer if it has fewer entries. */
  readonly top5: readonly number[];
  /** Number of entries of the classification output; 0 without such an output. */
  readonly classCount: number;
  /** The largest value; NaN without a classification output. */
  readonly score: number;
  readonly outputs: readonly OutputError[];
}

/** Runs several variants of a model on the same images; the first is the reference. */
export class VariantEvaluator {
  /** @param batch number of images per run; a smaller last batch is padded. */
  constructor(
    private readonly sessions: readonly ModelSession[],
    private readonly feeding: Feeding,
    private readonly batch: number,
  ) {}

  static async open(variants: readonly OnnxVariant[], feeding: Feeding): Promise<VariantEvaluator> {
    const sessions: OrtSession[] = [];
    for (const variant of variants) {
      sessions.push(await OrtSession.open({ ...variant, model: variant.modelPath, threads: 1 }));
    }
    return new VariantEvaluator(sessions, feeding, feeding.fixedBatch ?? 1);
  }

  /**
   * @param images at most one batch. Images of different shapes run one shape after the other.
   * @returns for each image, one answer per variant.
   */
  async evaluate(images: readonly PreparedImage[]): Promise<ImageAnswer[][]> {
    const answers: ImageAnswer[][] = images.map(() => []);
    for (const group of equalShapes(images)) {
      const own = await this.evaluateBatch(group.flatMap((i) => images[i] ?? []));
      for (const [slot, i] of group.entries()) answers[i] = own[slot] ?? [];
    }
    return answers;
  }

  private async evaluateBatch(images: readonly PreparedImage[]): Promise<ImageAnswer[][]> {
    const { batch } = this;
    const feeds = stackImages(this.feeding, images, batch);
    const answers: ImageAnswer[][] = images.map(() => []);
    let reference: readonly OutputTensor[] | null = null;
    for (const session of this.sessions) {
      const outputs = await session.run(feeds);
      reference ??= outputs;
      for (const [slot, list] of answers.entries()) list.push(answerOf(outputs, reference, slot, batch));
    }
    return answers;
  }
}

/**
 * The answer of a model to image `slot` of a batch, compared with the outputs of the reference for the same batch.
 * @throws WorkbenchError model-unsupported when an output's size depends on the data.
 */
export function answerOf(
  outputs: readonly OutputTensor[],
  reference: readonly OutputTensor[],
  slot: number,
  batch: number,
): ImageAnswer {
  let top5: number[] = [];
  let score = Number.NaN;
  let classCount = 0;
  const classified = classificationOutput(outputs, batch);
  const errors: OutputError[] = [];
  for (const [i, output] of outputs.entries()) {
    const expected = reference[i];
    if (!output.data || !expected?.data) continue;
    if (output.data.length !== expected.data.length) {
      throw new WorkbenchError(
        'model-unsupported',
        `Output "${output.name}" has ${output.data.length} values here and ${expected.data.length} in the FP32 model`,
        {
          hint:
            'Outputs whose size depends on the data (after NonMaxSuppression, for example) cannot be compared; ' +
            'cut the model before it.',
        },
      );
    }
    const own = pieceOf(output.data, slot, batch);
    const other = pieceOf(expected.data, slot, batch);
    errors.push(outputError(output.name, own, other));
    if (i === classified) {
      top5 = own.some(Number.isNaN) ? [NO_ANSWER] : topIndices(own, 5);
      score = own[top5[0] ?? 0] ?? Number.NaN;
      classCount = own.length;
    }
  }
  return { top5, score, classCount, outputs: errors };
}

/**
 * The values of one image: the first axis of an output is the batch. An output without this axis is used as a whole.
 */
function pieceOf(values: Float32Array, slot: number, batch: number): Float32Array {
  if (batch === 1 || values.length % batch !== 0) return values;
  const length = values.length / batch;
  return values.subarray(slot * length, (slot + 1) * length);
}

function outputError(name: string, own: Float32Array, other: Float32Array): OutputError {
  let signal = 0;
  let noise = 0;
  let energy = 0;
  let dot = 0;
  for (let i = 0; i < own.length; i++) {
    const a = own[i] ?? 0;
    const b = other[i] ?? 0;
    signal += b * b;
    noise += (a - b) * (a - b);
    energy += a * a;
    dot += a * b;
  }
  return { name, signal, noise, energy, dot };
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
