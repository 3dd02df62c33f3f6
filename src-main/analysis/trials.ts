import type { PrecisionPlan } from '../../src-shared/domain/project/precision';
import type { TrialQuality } from '../../src-shared/domain/analysis/analysis';
import type { BiasCorrection } from '../../src-shared/domain/analysis/repair';
import { worstOutputNmse } from './output-error';

/** One model to be tried: the prepared model under this plan with these thresholds. */
export interface Trial {
  readonly plan: PrecisionPlan;
  /** Tensor -> threshold, real units. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Absent: the model's own biases. */
  readonly biases?: readonly BiasCorrection[];
  /** int8 when absent; uint8 for the target onnxruntime only. */
  readonly activationType?: 'int8' | 'uint8';
}

/** An image that trials run on. */
export interface TrialImage {
  readonly file: string;
  readonly group: string | null;
  /** Class index; null without a label. */
  readonly label: number | null;
}

/** What a model answered to one image, against FP32. */
export interface TrialAnswer {
  /** Per output: sum of squared differences from FP32. Infinity where the output has NaN. */
  readonly noise: readonly number[];
  /** Class index; -1 without a classification output, or where it has NaN. */
  readonly top1: number;
}

/** What FP32 answered to one image. */
export interface ReferenceAnswer {
  /** Per output: sum of squares. */
  readonly signal: readonly number[];
  readonly top1: number;
}

/** Runs models on a fixed set of images. What was tried before is remembered, also beyond the end of the process. */
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

/** Runs models and sums up how they answered. */
export async function qualitiesOf(
  trials: Trials,
  list: readonly Trial[],
  at: readonly number[],
): Promise<TrialQuality[]> {
  return (await trials.run(list, at)).map((answers) => qualityOf(trials, at, answers));
}

/** How FP32 itself answers: no error, all answers agree; top-1 where there are labels. */
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

/** Sorted names of the groups that the images have. */
export function groupNames(images: readonly Pick<TrialImage, 'group'>[]): string[] {
  return [...new Set(images.flatMap(({ group }) => (group === null ? [] : [group])))].sort();
}

/** The objective of automatic choices: the error of the worst group; of all images where there are no groups. */
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

/** Sums over the images, then the output that lost most. */
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

/** Only of a classification: the largest entry of a list of anchors says nothing about an answer. */
function agreementOf(list: readonly Answered[]): number | null {
  const classified = list.filter(({ reference }) => reference.top1 >= 0);
  if (classified.length === 0) return null;
  return (
    (100 * classified.filter(({ answer, reference }) => answer.top1 === reference.top1).length) / classified.length
  );
}
