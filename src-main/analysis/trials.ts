import { advise } from '../../src-shared/base/advice';
import { WorkbenchError } from '../../src-shared/base/errors';
import { setOwnValue } from '../../src-shared/base/records';
import { worstNmse, type QuantizedOperand, type TrialQuality } from '../../src-shared/domain/analysis/analysis';
import type { LearnedValues } from '../../src-shared/domain/analysis/repair';
import { differenceOf, judge, type MeasureDifference, type MeasuredSet } from '../../src-shared/domain/measures/judge';
import { judgeCustom, type Summarize } from '../../src-shared/domain/measures/judge-custom';
import { classificationSet } from '../../src-shared/domain/measures/measured-sets';
import { measuredRecords, type CandidateSums, type TaskRecord } from '../../src-shared/domain/measures/task-records';
import type { PrecisionPlan } from '../../src-shared/domain/project/precision';
import type { Task } from '../../src-shared/domain/tasks/task';
import { worstOutputNmse } from './output-error';

/**
 * One candidate: the prepared model with this plan, these thresholds, and corrected or learned biases and roundings; if
 * these are absent, the biases of the model and rounding to nearest.
 */
export interface Trial extends LearnedValues {
  readonly plan: PrecisionPlan;
  /** Tensor -> threshold, real units. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Quantizes only one operand of the INT8 layers. */
  readonly only?: QuantizedOperand;
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

/** Stands for the error of an output that has another number of values than FP32's, which cannot be compared. */
export const OTHER_SIZE = -1;

/** The answer of a model to one image, compared with FP32. */
export interface TrialAnswer {
  /** Per output: sum of squared differences from FP32. Infinity where the output has NaN; OTHER_SIZE. */
  readonly noise: readonly number[];
  /** Index of the class; -1 without a classification output or if it contains NaN. */
  readonly top1: number;
  /** For tasks other than classification. */
  readonly record?: TaskRecord;
}

/** The answer of FP32 to one image. */
export interface ReferenceAnswer {
  /** Per output: sum of squares. */
  readonly signal: readonly number[];
  readonly top1: number;
  readonly record?: TaskRecord;
}

/** Runs models on a fixed set of images. Results are stored on disk and reused, also by later processes. */
export interface Trials {
  readonly images: readonly TrialImage[];
  /** One entry per image. */
  readonly reference: readonly ReferenceAnswer[];
  /** The task that judges answers; null or omitted: not decided, and a classification if an output is one. */
  readonly task?: Task | null;
  /**
   * Indices of the outputs that are not compared by their values, because their sizes depend on the data: those of a
   * detector that removes boxes itself, for example. Trials may add outputs; run() adds them before it returns.
   */
  readonly varying?: ReadonlySet<number>;
  /** A number of the worker that runs models on an image; omitted: any worker can. Images of one lane run in turn. */
  laneOf?(image: number): number;
  /** The user's own function, for the task custom. */
  readonly summarize?: Summarize | undefined;
  /**
   * @param at indices into `images`.
   * @returns one list per trial, with one answer per index.
   * @throws WorkbenchError cancelled, model-unsupported.
   */
  run(trials: readonly Trial[], at: readonly number[], onAnswers?: OnAnswers): Promise<TrialAnswer[][]>;
}

/** Called once per trial, when its answers to all images are known; the order of the trials is not fixed. */
export type OnAnswers = (trial: number, answers: readonly TrialAnswer[]) => void;

/** Runs models and summarizes their answers. */
export async function qualitiesOf(
  trials: Trials,
  list: readonly Trial[],
  at: readonly number[],
): Promise<TrialQuality[]> {
  const found: TrialQuality[] = [];
  for (const answers of await trials.run(list, at)) found.push(await qualityOf(trials, at, answers));
  return found;
}

/** The summary of FP32 itself: no error, full agreement, and the measure if there are labels. */
export function referenceQuality(trials: Trials, at: readonly number[]): Promise<TrialQuality> {
  return qualityOf(trials, at, referenceAnswers(trials, at));
}

/** The answers of FP32 in the form of a trial's. */
export function referenceAnswers(trials: Trials, at: readonly number[]): TrialAnswer[] {
  return at.map((i): TrialAnswer => {
    const { signal, top1, record } = referenceOf(trials, i);
    return { noise: signal.map(() => 0), top1, ...(record === undefined ? {} : { record }) };
  });
}

/** @param answers one per entry of `at`. */
export async function qualityOf(
  trials: Trials,
  at: readonly number[],
  answers: readonly TrialAnswer[],
): Promise<TrialQuality> {
  const all = answered(trials, at, answers);
  const groups = groupsOf(trials, all);
  const comparesAnswers = !hasOutputs(trials);
  const { nmse, worstGroupNmse } = outputErrors(trials, all, groups);
  return {
    nmse,
    sqnrDb: nmse > 0 && !comparesAnswers ? -10 * Math.log10(nmse) : null,
    ...(comparesAnswers ? { comparesAnswers } : {}),
    worstGroupNmse,
    agreement: agreementOf(trials, all),
    ...candidateFields(all, groups),
    ...(await measureFields(trials, all)),
  };
}

/**
 * The error by which a model is chosen (choiceError), without the other values of its quality, which take time.
 *
 * @param answers one per entry of `at`
 * @throws WorkbenchError model-unsupported, as qualityOf
 */
export function choiceErrorOf(trials: Trials, at: readonly number[], answers: readonly TrialAnswer[]): number {
  const all = answered(trials, at, answers);
  const groups = groupsOf(trials, all);
  const { candidateNmse } = candidateFields(all, groups);
  return candidateNmse ?? worstNmse(outputErrors(trials, all, groups));
}

/** Whether the values of any output can be compared with those of FP32. A model without float outputs has no error. */
export function hasOutputs({ reference, varying }: Pick<Trials, 'reference' | 'varying'>): boolean {
  const outputs = reference[0]?.signal.length ?? 0;
  return outputs === 0 || (varying?.size ?? 0) < outputs;
}

/** Whether choices go by the candidates of a detector (choiceError), and not by all values of its outputs. */
export function hasCandidates({ reference }: Pick<Trials, 'reference'>): boolean {
  return candidatesOf(reference)?.some(({ signal }) => signal > 0) ?? false;
}

/**
 * The task to try again with after an error of trials without one, whose outputs cannot be compared by their values;
 * null if the error is another one, or if the project has no task whose answers are compared with FP32's.
 */
export function taskToCompare(error: unknown, task: Task | undefined): Task | null {
  const needsTask = error instanceof WorkbenchError && error.advice?.id === 'decide-task';
  return needsTask && task !== undefined && task.kind !== 'custom' ? task : null;
}

/**
 * Runs trials that are compared by choiceError, with the task that it needs: of a detector, whose decoder reads the
 * candidates; of another model none, unless its outputs cannot be compared by their values.
 */
export async function withTaskOfChoice<T>(task: Task | undefined, run: (task: Task | null) => Promise<T>): Promise<T> {
  if (task?.kind === 'detection') return run(task);
  return run(null).catch((error: unknown) => {
    const needed = taskToCompare(error, task);
    if (needed === null) throw error;
    return run(needed);
  });
}

/** @throws WorkbenchError model-unsupported when neither the outputs nor the answers of the task can be compared */
function requireAnswers(trials: Trials, all: readonly Answered[]): void {
  if (trials.task?.kind === 'custom' || agreementOf(trials, all) !== null) return;
  throw new WorkbenchError(
    'model-unsupported',
    'The outputs cannot be compared with those of FP32: the sizes of all of them depend on the data',
    { hint: advise('decide-task') },
  );
}

type MeasureFields = Pick<TrialQuality, 'measure' | 'top1' | 'worstGroup' | 'groupTop1' | 'groupMeasures'>;

async function measureFields(trials: Trials, all: readonly Answered[]): Promise<MeasureFields> {
  const groups = all.map(({ image }) => image.group);
  const { summarize } = trials;
  const found =
    trials.task?.kind === 'custom'
      ? summarize && (await judgeCustom(all.map(customRecord), null, groups, summarize))
      : judge(setOf(trials.task ?? null, all, 'truth'), null, groups);
  if (!found) return { top1: null, worstGroup: null, groupTop1: {} };
  const isTop1 = isClassification(trials.task ?? null);
  const values: Record<string, number> = {};
  for (const [name, { value }] of Object.entries(found.groups)) setOwnValue(values, name, value);
  const { measure, worstGroup: worst } = found;
  return {
    measure,
    top1: isTop1 ? measure.value : null,
    worstGroup: worst && { name: worst.name, measure: worst.value, ...(isTop1 ? { top1: worst.value } : {}) },
    groupTop1: isTop1 ? values : {},
    ...(Object.keys(values).length === 0 ? {} : { groupMeasures: values }),
  };
}

/**
 * The difference of the measure between two models on the same images, with its interval; of agreement with FP32 if the
 * images have no labels. null if nothing can be compared.
 * @param pair the answers of the model, and of the one that it is compared with; one per entry of `at`.
 * @param isLabelled false: compare the agreement with FP32 even if there are labels.
 */
export function differenceBetween(
  trials: Trials,
  at: readonly number[],
  pair: readonly [answers: readonly TrialAnswer[], others: readonly TrialAnswer[]],
  isLabelled = true,
): { readonly name: string; readonly difference: MeasureDifference } | null {
  const [answers, others] = pair;
  const task = trials.task ?? null;
  if (task?.kind === 'custom') return null;
  for (const against of isLabelled ? (['truth', 'fp32'] as const) : (['fp32'] as const)) {
    const set = setOf(task, answered(trials, at, answers), against);
    const difference = differenceOf(set, setOf(task, answered(trials, at, others), against));
    if (difference !== null) return { name: against === 'truth' ? set.name : `${set.name} against FP32`, difference };
  }
  return null;
}

/** The error of the worst output over images. @param answers one per entry of `at` */
export function outputError(trials: Trials, at: readonly number[], answers: readonly TrialAnswer[]): number {
  return nmseOf(trials, answered(trials, at, answers));
}

/** The names of the groups of the images, sorted. */
export function groupNames(images: readonly Pick<TrialImage, 'group'>[]): string[] {
  return [...new Set(images.flatMap(({ group }) => (group === null ? [] : [group])))].sort();
}

/** The candidates of a detector in each answer; null if an answer has none. */
export function candidatesOf(answers: readonly Pick<TrialAnswer, 'record'>[]): readonly CandidateSums[] | null {
  const found = answers.flatMap(({ record }) =>
    record?.kind === 'detection' && record.candidates ? [record.candidates] : [],
  );
  return found.length === answers.length ? found : null;
}

/** The error of a detector's candidates, of the worst group; empty for other tasks, and if an answer has none. */
function candidateFields(all: readonly Answered[], groups: Groups): Pick<TrialQuality, 'candidateNmse'> {
  const sumsOf = (list: readonly Answered[]): readonly CandidateSums[] | null =>
    candidatesOf(list.map(({ answer }) => answer));
  if (sumsOf(all) === null) return {};
  const errors = [all, ...groups.map(([, list]) => list)].flatMap((list): number[] => {
    const sums = sumsOf(list) ?? [];
    const signal = sums.reduce((sum, own) => sum + own.signal, 0);
    const noise = sums.reduce((sum, own) => sum + own.noise, 0);
    // Where FP32 detects nothing, there is no error in relation to it.
    return signal > 0 ? [noise / signal] : [];
  });
  return errors.length === 0 ? {} : { candidateNmse: Math.max(...errors) };
}

interface Answered {
  readonly image: TrialImage;
  readonly reference: ReferenceAnswer;
  readonly answer: TrialAnswer;
}

const NO_ANSWER: TrialAnswer = { noise: [], top1: -1 };

/** The images of each group that has any. */
type Groups = readonly (readonly [name: string, list: readonly Answered[]])[];

function answered(trials: Trials, at: readonly number[], answers: readonly TrialAnswer[]): Answered[] {
  return at.map((image, slot) => ({
    image: imageOf(trials, image),
    reference: referenceOf(trials, image),
    answer: answers[slot] ?? NO_ANSWER,
  }));
}

function groupsOf(trials: Trials, all: readonly Answered[]): Groups {
  return groupNames(trials.images)
    .map((name) => [name, all.filter(({ image }) => image.group === name)] as const)
    .filter(([, list]) => list.length > 0);
}

/** The error of all values of the outputs; where these cannot be compared, the part of the answers that differs. */
function outputErrors(
  trials: Trials,
  all: readonly Answered[],
  groups: Groups,
): Pick<TrialQuality, 'nmse' | 'worstGroupNmse'> {
  const comparesAnswers = !hasOutputs(trials);
  if (comparesAnswers) requireAnswers(trials, all);
  const errorOf = (list: readonly Answered[]): number =>
    comparesAnswers ? 1 - (agreementOf(trials, list) ?? 100) / 100 : nmseOf(trials, list);
  const worstGroupNmse = groups
    .map(([name, list]) => ({ name, nmse: errorOf(list) }))
    .reduce<TrialQuality['worstGroupNmse']>(
      (worst, own) => (worst !== null && worst.nmse >= own.nmse ? worst : own),
      null,
    );
  return { nmse: errorOf(all), worstGroupNmse };
}

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
function nmseOf({ varying }: Trials, list: readonly Answered[]): number {
  const outputs = [...(list[0]?.reference.signal.keys() ?? [])].filter((output) => varying?.has(output) !== true);
  const sums = outputs.map((output) => ({
    signal: list.reduce((sum, { reference }) => sum + (reference.signal[output] ?? 0), 0),
    noise: list.reduce((sum, { answer }) => sum + (answer.noise[output] ?? Number.POSITIVE_INFINITY), 0),
  }));
  return worstOutputNmse(sums);
}

function isClassification(task: Task | null): boolean {
  return task === null || task.kind === 'classification';
}

function customRecord({ answer }: Answered): unknown {
  return answer.record?.kind === 'custom' ? answer.record.record : undefined;
}

/** Images that FP32 does not classify do not count: the largest entry of a list of anchors is not an answer. */
function setOf(task: Task | null, all: readonly Answered[], against: 'truth' | 'fp32'): MeasuredSet {
  const records = measuredRecords(
    task,
    all.map(({ answer }) => answer.record ?? null),
    against,
    all.map(({ image }) => image.label ?? -1),
  );
  if (records !== null) return records;
  const wanted = all.map(({ image, reference }) =>
    reference.top1 < 0 ? -1 : against === 'fp32' ? reference.top1 : (image.label ?? -1),
  );
  return classificationSet(
    all.map(({ answer }) => answer.top1),
    wanted,
    against === 'fp32' ? 'agreement' : 'top-1',
  );
}

function agreementOf(trials: Trials, all: readonly Answered[]): number | null {
  const task = trials.task ?? null;
  if (task?.kind === 'custom') return null;
  return judge(setOf(task, all, 'fp32'), null, [])?.measure.value ?? null;
}
