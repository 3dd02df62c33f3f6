import { WorkbenchError } from '../../src-shared/base/errors';
import type { ImageEntry } from '../../src-shared/domain/project/image-set';
import type { Feeding } from '../../src-shared/domain/project/feeding';
import type { TaskAnswer } from '../../src-shared/domain/tasks/answer';
import { equalShapes, stackImages, type PreparedImage } from '../backends/feeds';
import type { ModelSession, OnnxVariant, OutputTensor } from '../backends/runnable-variant';
import { OrtSession } from '../backends/ort-session';
import { imageOutputs } from './image-outputs';
import type { ReadImage, TaskReader } from './task-reader';

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

/** The answer of one variant to one image. */
export interface ImageAnswer {
  /** The answer in the form that the task compares; null if no task was decided and none fits. */
  readonly answer: TaskAnswer | null;
  readonly outputs: readonly OutputError[];
}

/** An image as the model gets it, and what it is compared with. */
export interface EvaluatedImage {
  readonly entry: ImageEntry;
  readonly image: PreparedImage;
  /** The true class of every pixel, for the task segmentation. */
  readonly mask: ReadImage['mask'];
}

export interface EvaluatorOptions {
  readonly feeding: Feeding;
  readonly reader: TaskReader;
  /** Number of images per run; a smaller last batch is padded. */
  readonly batch: number;
}

/** Runs several variants of a model on the same images; the first is the reference. */
export class VariantEvaluator {
  constructor(
    private readonly sessions: readonly ModelSession[],
    private readonly options: EvaluatorOptions,
  ) {}

  /** @param asReference replaces the session of the reference by another one that answers the same. */
  static async open(
    variants: readonly OnnxVariant[],
    { feeding, reader }: Omit<EvaluatorOptions, 'batch'>,
    asReference: (session: ModelSession) => ModelSession = (session) => session,
  ): Promise<VariantEvaluator> {
    const sessions: ModelSession[] = [];
    for (const variant of variants) {
      const session = await OrtSession.open({ ...variant, model: variant.modelPath, threads: 1 });
      sessions.push(sessions.length === 0 ? asReference(session) : session);
    }
    return new VariantEvaluator(sessions, { feeding, reader, batch: feeding.fixedBatch ?? 1 });
  }

  /**
   * @param images at most one batch. Images of different shapes run one shape after the other.
   * @returns for each image, one answer per variant.
   */
  async evaluate(images: readonly EvaluatedImage[]): Promise<ImageAnswer[][]> {
    const answers: ImageAnswer[][] = images.map(() => []);
    for (const group of equalShapes(images.map(({ image }) => image))) {
      const own = await this.evaluateBatch(group.flatMap((i) => images[i] ?? []));
      for (const [slot, i] of group.entries()) answers[i] = own[slot] ?? [];
    }
    return answers;
  }

  private async evaluateBatch(images: readonly EvaluatedImage[]): Promise<ImageAnswer[][]> {
    const { feeding, reader, batch } = this.options;
    const feeds = stackImages(
      feeding,
      images.map(({ image }) => image),
      batch,
    );
    const answers: ImageAnswer[][] = images.map(() => []);
    let reference: readonly OutputTensor[] | null = null;
    for (const session of this.sessions) {
      const outputs = await session.run(feeds);
      reference ??= outputs;
      for (const [slot, { entry, image, mask }] of images.entries()) {
        const own = imageOutputs(outputs, slot, batch);
        const fp32 = outputs === reference ? own : imageOutputs(reference, slot, batch);
        const answer = await reader.read(own, fp32, { entry, geometry: image.geometry, mask });
        answers[slot]?.push({ answer, outputs: outputErrors(own, fp32, answer !== null) });
      }
    }
    return answers;
  }
}

/**
 * The errors of the outputs for one image, without those that have another number of values than FP32's: those of a
 * detector that removes boxes itself, for example.
 * @param mayBeEmpty no output has to be left, because the answers are compared by the measure of the task.
 * @throws WorkbenchError model-unsupported when the sizes of all outputs differ, unless they may.
 */
export function outputErrors(
  outputs: readonly OutputTensor[],
  reference: readonly OutputTensor[],
  mayBeEmpty = false,
): OutputError[] {
  const errors: OutputError[] = [];
  const differing: string[] = [];
  for (const [i, { name, data }] of outputs.entries()) {
    const expected = reference[i]?.data;
    if (!data || !expected) continue;
    if (data.length === expected.length) errors.push(outputError(name, data, expected));
    else differing.push(`Output "${name}" has ${data.length} values here and ${expected.length} in the FP32 model`);
  }
  const [first] = differing;
  if (mayBeEmpty || errors.length > 0 || first === undefined) return errors;
  throw new WorkbenchError('model-unsupported', first, {
    hint:
      'Outputs whose size depends on the data (after NonMaxSuppression, for example) can only be compared as ' +
      'the boxes of the task detection.',
  });
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
