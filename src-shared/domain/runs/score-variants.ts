import { ownValue } from '../../base/records';
import { boxDifferences, truthOfDetections } from '../measures/detection-images';
import { matchDetections, type MatchedImage } from '../measures/detection-matching';
import { summarizeDetections } from '../measures/detection-summary';
import { judge, type Judgement, type MeasuredSet } from '../measures/judge';
import { judgeCustom, type Summarize } from '../measures/judge-custom';
import { cosineSet, detectionSet, retrievalSet, segmentationSet } from '../measures/measured-sets';
import { classRegions, meanIou, pixelAccuracy, sumRegions } from '../measures/regions';
import { cosine, retrieve } from '../measures/retrieval';
import type { RegionCounts, TaskAnswer } from '../tasks/answer';
import type { Task } from '../tasks/task';
import type { ImageTruth, TruthBox } from '../tasks/truth';
import type { TaskClass, TaskImage, TaskScores } from './task-scores';

/** Images in the order of the set, with what is known about them. */
export interface TaskImages {
  readonly files: readonly string[];
  readonly truths: readonly (ImageTruth | undefined)[];
  /** Class index; -1 without a label. */
  readonly labels: Int32Array;
  readonly groups: readonly (string | null)[];
  readonly classNames: readonly string[];
}

/** What a variant reached, to be joined with the rest of its report. */
export interface VariantScores extends TaskScores {
  readonly groups: Readonly<Record<string, GroupScores>>;
  /** Worst first, at most 50. */
  readonly images: readonly TaskImage[];
}

interface GroupScores {
  readonly images: number;
  readonly measure?: number;
  readonly agreement?: number;
  readonly ap?: number;
  readonly miou?: number;
}

/** Tasks that are judged here; a classification is judged by `buildVariantReport`. */
export type ScoredTask = Exclude<Task, { readonly kind: 'classification' }>;

const MAX_WORST_IMAGES = 50;

/**
 * Judges variants by the measure of the task. Without labels the answers of FP32 stand for the truth, and the name of
 * the measure says so.
 * @param answers one list per variant, FP32 first, with one answer per image; null: the image could not be read.
 * @param summarize the user's own function, for the task custom.
 */
export async function scoreVariants(
  task: ScoredTask,
  images: TaskImages,
  answers: readonly (readonly (TaskAnswer | null)[])[],
  summarize?: Summarize,
): Promise<VariantScores[]> {
  if (task.kind === 'custom') return customScores(images, answers, summarize);
  const fp32 = answers[0] ?? [];
  const measured = answers.map((own) => measuredOf(task, images, own, fp32));
  const reference = measured[0];
  return measured.map((own, variant): VariantScores => {
    const isFp32 = variant === 0;
    const judgement = judge(own.set, isFp32 ? null : (reference?.set ?? null), images.groups);
    const weights = Uint8Array.from(own.agreement.counts, Number);
    const agreement = own.agreement.valueOf(weights);
    return {
      ...(judgement === null ? {} : judgedFields(judgement, own)),
      ...(Number.isNaN(agreement) ? {} : { agreement }),
      ...own.details(),
      groups: groupScores(judgement, own, images),
      images: isFp32 || reference === undefined ? [] : worstImages(images, own, reference, answers[variant] ?? []),
    };
  });
}

/** One variant, ready to be judged. */
interface Measured {
  readonly set: MeasuredSet;
  readonly isAgainstFp32: boolean;
  /** The same measure with the answers of FP32 as the truth. */
  readonly agreement: MeasuredSet;
  readonly details: () => TaskScores;
  /** Field of a group that repeats the measure as a fraction. */
  readonly fractionName?: 'ap' | 'miou';
  readonly classDetails: (label: number) => Partial<TaskClass>;
  /** What became of FP32's boxes in one image. */
  readonly changes?: (image: number) => Pick<TaskImage, 'missed' | 'added' | 'moved'>;
  readonly classNames: readonly string[];
}

type Answers = readonly (TaskAnswer | null)[];

function measuredOf(
  task: Exclude<ScoredTask, { kind: 'custom' }>,
  images: TaskImages,
  own: Answers,
  fp32: Answers,
): Measured {
  switch (task.kind) {
    case 'detection':
      return measuredDetections(task, images, own, fp32);
    case 'segmentation':
      return measuredRegions(images, own);
    case 'embedding':
      return measuredEmbeddings(task, images, own, fp32);
  }
}

function measuredDetections(
  { convention = 'coco' }: Extract<Task, { kind: 'detection' }>,
  images: TaskImages,
  own: Answers,
  fp32: Answers,
): Measured {
  const match = (truthOf: (image: number) => readonly TruthBox[] | null): (MatchedImage | null)[] =>
    own.map((answer, image) => {
      const truth = truthOf(image);
      return answer?.kind === 'detection' && truth !== null
        ? matchDetections(answer.detections, truth, convention)
        : null;
    });
  const referenceOf = (image: number): readonly TruthBox[] | null => {
    const answer = fp32[image];
    return answer?.kind === 'detection' ? truthOfDetections(answer.detections) : null;
  };
  const isLabelled = images.truths.some((truth) => truth?.kind === 'boxes');
  const toFp32 = match(referenceOf);
  const matched = isLabelled
    ? match((image) => {
        const truth = images.truths[image];
        return truth?.kind === 'boxes' ? truth.boxes : null;
      })
    : toFp32;
  const set = detectionSet(matched, convention);
  const { perClass, ...details } = summarizeDetections(matched, convention);
  const classes = new Map(perClass.map((entry) => [entry.label, entry]));
  return {
    set: isLabelled ? set : { ...set, name: "AP against FP32's detections" },
    isAgainstFp32: !isLabelled,
    agreement: isLabelled ? detectionSet(toFp32, convention) : set,
    details: () => details,
    fractionName: 'ap',
    classDetails: (label) => {
      const found = classes.get(label);
      return found === undefined ? {} : { ap: found.ap, ap50: found.ap50 };
    },
    changes: (image) => {
      const answer = own[image];
      const expected = referenceOf(image);
      if (answer?.kind !== 'detection' || expected === null) return {};
      const { missed, added, moved } = boxDifferences(answer.detections, expected);
      return { missed: missed.length, added: added.length, moved: moved.length };
    },
    classNames: images.classNames,
  };
}

function measuredRegions(images: TaskImages, own: Answers): Measured {
  const countsOf = (kind: 'toTruth' | 'toFp32'): (RegionCounts | null)[] =>
    own.map((answer) => (answer?.kind === 'segmentation' ? answer[kind] : null));
  const toTruth = countsOf('toTruth');
  const toFp32 = countsOf('toFp32');
  const isLabelled = toTruth.some((counts) => counts !== null);
  const regions = isLabelled ? toTruth : toFp32;
  const sums = sumRegions(regions, null);
  const classes = new Map(classRegions(sums).map((entry) => [entry.label, entry]));
  const set = segmentationSet(regions);
  const byClass = (score: 'iou' | 'dice'): (number | null)[] =>
    Array.from({ length: sums.truth.length }, (_, label) => classes.get(label)?.[score] ?? null);
  return {
    set: isLabelled ? set : { ...set, name: "mIoU against FP32's masks" },
    isAgainstFp32: !isLabelled,
    agreement: isLabelled ? segmentationSet(toFp32) : set,
    details: () => {
      const dice = [...classes.values()].map((entry) => entry.dice);
      return {
        miou: finite(meanIou(sums)),
        meanDice: finite(dice.reduce((sum, value) => sum + value, 0) / dice.length),
        iou: byClass('iou'),
        dice: byClass('dice'),
        pixelAccuracy: finite(pixelAccuracy(sums)),
      };
    },
    fractionName: 'miou',
    classDetails: (label) => {
      const found = classes.get(label);
      return found === undefined ? {} : { iou: found.iou, dice: found.dice };
    },
    classNames: images.classNames,
  };
}

function measuredEmbeddings(
  { normalize = true }: Extract<Task, { kind: 'embedding' }>,
  images: TaskImages,
  own: Answers,
  fp32: Answers,
): Measured {
  const vectorOf = (answer: TaskAnswer | null | undefined): Float32Array | null =>
    answer?.kind === 'embedding' ? answer.vector : null;
  const cosines = own.map((answer, image) => {
    const [vector, expected] = [vectorOf(answer), vectorOf(fp32[image])];
    return vector === null || expected === null ? Number.NaN : cosine(vector, expected);
  });
  const counts = fp32.map((answer) => answer !== null);
  const close = cosineSet(cosines, counts);
  const retrieval = retrieve(own.map(vectorOf), images.labels, normalize);
  const queries = [...retrieval.recallAt1.keys()].filter(
    (image) => counts[image] === true && !Number.isNaN(retrieval.recallAt1[image]),
  );
  const isLabelled = queries.length > 0;
  const mean = (values: ArrayLike<number>): number | null =>
    finite(queries.reduce((sum, image) => sum + (values[image] ?? 0), 0) / queries.length);
  const cosineMean = close.valueOf(Uint8Array.from(counts, Number)) / 100;
  return {
    set: isLabelled ? retrievalSet(retrieval, images.labels) : close,
    isAgainstFp32: !isLabelled,
    agreement: close,
    details: () => ({
      cosine: finite(cosineMean),
      ...(isLabelled ? { recallAt1: mean(retrieval.recallAt1), retrievalMap: mean(retrieval.averagePrecision) } : {}),
    }),
    classDetails: () => ({}),
    classNames: images.classNames,
  };
}

function judgedFields(
  { measure, difference, perClass }: Judgement,
  { isAgainstFp32, classDetails, classNames }: Pick<Measured, 'isAgainstFp32' | 'classDetails' | 'classNames'>,
): TaskScores {
  return {
    measure,
    ...(difference === null ? {} : { difference }),
    ...(isAgainstFp32 ? { againstFp32: true as const } : {}),
    perClass: perClass.map((entry) => {
      const name = classNames[entry.label];
      return { ...entry, ...(name === undefined ? {} : { name }), ...classDetails(entry.label) };
    }),
  };
}

function groupScores(
  judgement: Judgement | null,
  { agreement, fractionName }: Pick<Measured, 'agreement' | 'fractionName'>,
  { groups }: TaskImages,
): VariantScores['groups'] {
  const names = [...new Set(groups.filter((name) => name !== null))].sort();
  return Object.fromEntries(
    names.map((name): [string, GroupScores] => {
      const weights = Uint8Array.from(agreement.counts, (isCounted, i) => (isCounted && groups[i] === name ? 1 : 0));
      const own = judgement === null ? undefined : ownValue(judgement.groups, name);
      const agreed = agreement.valueOf(weights);
      return [
        name,
        {
          images: own?.images ?? weights.reduce((sum, weight) => sum + weight, 0),
          ...(own === undefined ? {} : { measure: own.value }),
          ...(Number.isNaN(agreed) ? {} : { agreement: agreed }),
          ...(own === undefined || fractionName === undefined ? {} : { [fractionName]: own.value / 100 }),
        },
      ];
    }),
  );
}

/** Images whose own score is lower than FP32's, the largest loss first; then those whose boxes changed. */
function worstImages(images: TaskImages, own: Measured, fp32: Measured, answers: Answers): readonly TaskImage[] {
  const scores = own.set.imageScores();
  const reference = fp32.set.imageScores();
  const changed = answers.flatMap((answer, image) => {
    if (answer === null) return [];
    const score = finite(scores[image] ?? Number.NaN);
    const fp32Score = finite(reference[image] ?? Number.NaN);
    const loss = score === null || fp32Score === null ? 0 : fp32Score - score;
    const changes = own.changes?.(image) ?? {};
    const count = (changes.missed ?? 0) + (changes.added ?? 0) + (changes.moved ?? 0);
    return loss > 0 || (loss === 0 && count > 0) ? [{ image, loss, count, score, fp32Score, changes }] : [];
  });
  changed.sort((a, b) => b.loss - a.loss || b.count - a.count || a.image - b.image);
  return changed.slice(0, MAX_WORST_IMAGES).map(({ image, score, fp32Score, changes }) => {
    const label = images.labels[image] ?? -1;
    return {
      file: images.files[image] ?? '',
      group: images.groups[image] ?? null,
      label: label < 0 ? null : label,
      ...(score === null ? {} : { score }),
      ...(fp32Score === null ? {} : { fp32Score }),
      ...changes,
    };
  });
}

async function customScores(
  images: TaskImages,
  answers: readonly Answers[],
  summarize: Summarize | undefined,
): Promise<VariantScores[]> {
  if (summarize === undefined) throw new Error('Assertion failed: a metric without its function');
  const recordsOf = (own: Answers): unknown[] =>
    own.map((answer) => (answer?.kind === 'custom' ? answer.record : undefined));
  const fp32 = recordsOf(answers[0] ?? []);
  const scores: VariantScores[] = [];
  for (const [variant, own] of answers.entries()) {
    const judgement = await judgeCustom(recordsOf(own), variant === 0 ? null : fp32, images.groups, summarize);
    const fields = { isAgainstFp32: false, classDetails: () => ({}), classNames: images.classNames };
    scores.push({
      ...(judgement === null ? {} : judgedFields(judgement, fields)),
      groups: Object.fromEntries(
        Object.entries(judgement?.groups ?? {}).map(([name, group]) => [
          name,
          { images: group.images, measure: group.value },
        ]),
      ),
      images: [],
    });
  }
  return scores;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
