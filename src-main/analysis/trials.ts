import type { PrecisionPlan } from '../../src-shared/domain/project/precision';
import type { TrialQuality } from '../../src-shared/domain/analysis/analysis';
import type { BiasCorrection } from '../../src-shared/domain/analysis/repair';
import { worstOutputNmse } from './output-error';

/** One candidate: the prepared model with this plan and these thresholds. */
export interface Trial {
  readonly plan: PrecisionPlan;
  /** Tensor -> threshold, real units. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Corrected biases; if absent, those of the model. */
  readonly biases?: readonly BiasCorrection[];
  /** Activation type: int8 if absent; uint8 for the target onnxruntime only. */
  readonly activationType?: 'int8' | 'uint8';
}

/** An image of the trials. */
export interface TrialImage {
  readonly file: string;
  readonly group: string | null;
  /** Index of the class; null without a label. */
  readonly label: number | null;
}

/** The answer of a model to one image, compared with FP32. */
export interface TrialAnswer {
  /** Per output: sum of squared differences from FP32. Infinity where the output has NaN. */
  readonly noise: readonly number[];
  /** Index of the class; -1 without a classification output or if it contains NaN. */
  readonly top1: number;
}

/** The answer of FP32 to one image. */
export interface ReferenceAnswer {
  /** Per output: sum of squares. */
  readonly signal: readonly number[];
  readonly top1: number;
}

/** Runs models on a fixed set of images. Results are stored on disk and reused, also by later processes. */
export interface Trials {
  readonly images: readonly TrialImage[];
  /** One entry per image. */
  readonly reference: readonly ReferenceAnswer[];
  /**
   * @param at indices into `images`.
   * @returns one list per trial, with one answer per index.
   * @throws WorkbenchError cancelled, model-unsupported.
   */
  run(trials: readonly Trial[], at: readonly number[]): Promise<TrialAnswer[][]>;
}

/** Runs models and summarizes their answers. */
export async function qualitiesOf(
  trials: Trials,
  list: readonly Trial[],
  at: readonly number[],
): Promise<TrialQuality[]> {
  return (await trials.run(list, at)).map((answers) => qualityOf(trials, at, answers));
}

/** The summary of FP32 itself: no error, full agreement, and top-1 if there are labels. */
export function referenceQuality(trials: Trials, at: readonly number[]): TrialQuality {
  const answers = at.map((i): TrialAnswer => {
    const { signal, top1 } = referenceOf(trials, i);
    return { noise: signal.map(() => 0), top1 };
  });
  return qualityOf(trials, at, answers);
}

/** @param answers one per entry of `at`. */
export function qualityOf(trials: Trials, at: readonly number[], answers: readonly TrialAnswer[]): TrialQuality {
  const all = at.map((image, slot): Answered => ({
    image: imageOf(trials, image),
    reference: referenceOf(trials, image),
    answer: answers[slot] ?? NO_ANSWER,
  }));
  const groups = groupNames(trials.images)
    .map((name) => [name, all.filter(({ image }) => image.group === name)] as const)
    .filter(([, list]) => list.length > 0);
  const nmse = nmseOf(all);
  const worstNmse = groups
    .map(([name, list]) => ({ name, nmse: nmseOf(list) }))
    .reduce<TrialQuality['worstGroupNmse']>(
      (worst, own) => (worst !== null && worst.nmse >= own.nmse ? worst : own),
      null,
    );
  const groupTop1 = groups.flatMap(([name, list]) => {
    const top1 = top1Of(list);
    return top1 === null ? [] : [[name, top1] as const];
  });
  const worst = groupTop1.reduce<TrialQuality['worstGroup']>(
    (found, [name, top1]) => (found !== null && found.top1 <= top1 ? found : { name, top1 }),
    null,
  );
  return {
    nmse,
    sqnrDb: nmse > 0 ? -10 * Math.log10(nmse) : null,
    worstGroupNmse: worstNmse,
    agreement: agreementOf(all),
    top1: top1Of(all),
    worstGroup: worst,
    groupTop1: Object.fromEntries(groupTop1),
  };
}

/** The names of the groups of the images, sorted. */
export function groupNames(images: readonly Pick<TrialImage, 'group'>[]): string[] {
  return [...new Set(images.flatMap(({ group }) => (group === null ? [] : [group])))].sort();
}

/** The objective of automatic choices: the error of the worst group, or of all images without groups. */
export function worstNmse(quality: TrialQuality): number {
  return quality.worstGroupNmse?.nmse ?? quality.nmse;
}

interface Answered {
  readonly image: TrialImage;
  readonly reference: ReferenceAnswer;
  readonly answer: TrialAnswer;
}

const NO_ANSWER: TrialAnswer = { noise: [], top1: -1 };

function imageOf(trials: Trials, index: number): TrialImage {
  const image = trials.images[index];
  if (!image) throw new RangeError(`Assertion failed: no image ${index}`);
  return image;
}

function referenceOf(trials: Trials, index: number): ReferenceAnswer {
  const reference = trials.reference[index];
  if (!reference) throw new RangeError(`Assertion failed: no FP32 answer to image ${index}`);
  return reference;
}

/** The error of the worst output, from the sums over the images. */
function nmseOf(list: readonly Answered[]): number {
  const outputs = list[0]?.reference.signal.length ?? 0;
  const sums = Array.from({ length: outputs }, (_, output) => ({
    signal: list.reduce((sum, { reference }) => sum + (reference.signal[output] ?? 0), 0),
    noise: list.reduce((sum, { answer }) => sum + (answer.noise[output] ?? Number.POSITIVE_INFINITY), 0),
  }));
  return worstOutputNmse(sums);
}

function top1Of(list: readonly Answered[]): number | null {
  const labelled = list.filter(({ image, reference }) => image.label !== null && reference.top1 >= 0);
  if (labelled.length === 0) return null;
  return (100 * labelled.filter(({ image, answer }) => answer.top1 === image.label).length) / labelled.length;
}

/** For classification only: the largest entry of a list of anchors is not an answer. */
function agreementOf(list: readonly Answered[]): number | null {
  const classified = list.filter(({ reference }) => reference.top1 >= 0);
  if (classified.length === 0) return null;
  return (
    (100 * classified.filter(({ answer, reference }) => answer.top1 === reference.top1).length) / classified.length
  );
}
