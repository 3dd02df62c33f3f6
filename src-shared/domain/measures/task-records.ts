import type { RegionCounts, TaskAnswer } from '../tasks/answer';
import type { DetectionConvention, Task } from '../tasks/task';
import type { TruthBox } from '../tasks/truth';
import { CLEAR_SCORE, truthOfDetections } from './detection-images';
import { ALL_IOUS, matchDetections, type MatchedImage } from './detection-matching';
import type { MeasuredSet } from './judge';
import { cosineSet, detectionSet, retrievalSet, segmentationSet } from './measured-sets';
import { cosine, retrieve } from './retrieval';

/**
 * What the measure of a task needs of the answer to one image, after the answer was compared with the truth and with
 * FP32. Small, so that the answers of hundreds of models can be kept. A classification needs none of this.
 */
export type TaskRecord =
  | {
      readonly kind: 'detection';
      /** null: the image has no boxes as labels. */
      readonly toTruth: MatchedImage | null;
      /** Compared with the clear detections of FP32. */
      readonly toFp32: MatchedImage;
      /** Absent if the rows of two models cannot be compared one by one. */
      readonly candidates?: CandidateSums;
    }
  | { readonly kind: 'segmentation'; readonly toTruth: RegionCounts | null; readonly toFp32: RegionCounts }
  | {
      readonly kind: 'embedding';
      /** To the embedding of FP32; null: not comparable. */
      readonly cosine: number | null;
      /** Whether the nearest other image has the same label; null: not a query. */
      readonly isNearest: boolean | null;
    }
  | { readonly kind: 'custom'; readonly record: unknown };

/** The squares of FP32's scores, and of the errors of scores and boxes, see candidateSums. */
export interface CandidateSums {
  readonly signal: number;
  readonly noise: number;
}

/** A record, or an embedding that is compared once the embeddings of all images are known. */
export type UnfinishedRecord = TaskRecord | { readonly kind: 'vector'; readonly vector: Float32Array };

/** What the answer to one image is compared with. */
export interface ComparedWith {
  /** null: the image has no boxes as labels. */
  readonly truth: readonly TruthBox[] | null;
  /** The clear detections of FP32; empty for other tasks. */
  readonly fp32: readonly TruthBox[];
}

/** @returns null for a classification */
export function recordOf(task: Task | null, answer: TaskAnswer | null, to: ComparedWith): UnfinishedRecord | null {
  switch (answer?.kind) {
    case undefined:
    case 'classification':
      return null;
    case 'detection': {
      const convention = conventionOf(task);
      const { detections } = answer;
      return {
        kind: 'detection',
        toTruth: to.truth && matchDetections(detections, to.truth, convention),
        toFp32: matchDetections(detections, to.fp32, convention),
      };
    }
    case 'segmentation':
      return answer;
    case 'embedding':
      return { kind: 'vector', vector: answer.vector };
    case 'custom':
      return answer;
  }
}

/** The boxes of FP32's answer that other answers are compared with. */
export function fp32Boxes(answer: TaskAnswer | null): readonly TruthBox[] {
  return answer?.kind === 'detection' ? truthOfDetections(answer.detections) : [];
}

/**
 * Compares embeddings with those of FP32 and with each other; other records are returned as they are.
 * @param labels class index of each image; -1 without a label
 */
export function finishRecords(
  task: Task | null,
  records: readonly (UnfinishedRecord | null)[],
  fp32: readonly (Float32Array | null)[],
  labels: ArrayLike<number>,
): (TaskRecord | null)[] {
  const vectors = records.map((own) => (own?.kind === 'vector' ? own.vector : null));
  const isNormalized = task?.kind !== 'embedding' || task.normalize !== false;
  const isEmbedding = vectors.some((vector) => vector !== null);
  const { recallAt1 } = isEmbedding ? retrieve(vectors, labels, isNormalized) : { recallAt1: [] };
  return records.map((own, image): TaskRecord | null => {
    if (own?.kind !== 'vector') return own;
    const reference = fp32[image] ?? null;
    const similarity = reference === null ? Number.NaN : cosine(own.vector, reference);
    const nearest = recallAt1[image] ?? Number.NaN;
    return {
      kind: 'embedding',
      cosine: Number.isNaN(similarity) ? null : similarity,
      isNearest: Number.isNaN(nearest) ? null : nearest === 1,
    };
  });
}

/**
 * Leaves out detections that no score of these images, nor of any selection of them, depends on: those whose score is
 * not clear and lower than that of every detection of their class that has found an object. They are most of what a
 * detector lists.
 */
export function withoutIneffective(records: readonly (TaskRecord | null)[]): (TaskRecord | null)[] {
  const least = new Map<number, number>();
  const note = ({ classes, scores, flags }: MatchedImage): void => {
    const ranges = flags.length / Math.max(1, classes.length);
    for (const [d, label] of classes.entries()) {
      const hasFound = flags.subarray(d * ranges, (d + 1) * ranges).some((own) => (own & ALL_IOUS) !== 0);
      if (hasFound) least.set(label, Math.min(least.get(label) ?? Number.POSITIVE_INFINITY, scores[d] ?? 0));
    }
  };
  for (const own of records) {
    if (own?.kind !== 'detection') continue;
    note(own.toFp32);
    if (own.toTruth) note(own.toTruth);
  }
  const kept = (matched: MatchedImage): MatchedImage => {
    const ranges = matched.flags.length / Math.max(1, matched.classes.length);
    const isKept = (d: number): boolean => {
      const score = matched.scores[d] ?? 0;
      return score >= CLEAR_SCORE || score >= (least.get(matched.classes[d] ?? -1) ?? Number.POSITIVE_INFINITY);
    };
    return {
      ...matched,
      classes: matched.classes.filter((_, d) => isKept(d)),
      scores: matched.scores.filter((_, d) => isKept(d)),
      flags: matched.flags.filter((_, i) => isKept(Math.floor(i / ranges))),
    };
  };
  return records.map((own) =>
    own?.kind === 'detection' ? { ...own, toTruth: own.toTruth && kept(own.toTruth), toFp32: kept(own.toFp32) } : own,
  );
}

/**
 * The records of one model as a set to be judged.
 * @param against `truth`: the labels; `fp32`: the answers of FP32.
 * @param labels class index of each image; -1 without a label
 * @returns null if the task has no such measure, or the user's own function computes it
 */
export function measuredRecords(
  task: Task | null,
  records: readonly (TaskRecord | null)[],
  against: 'truth' | 'fp32',
  labels: ArrayLike<number>,
): MeasuredSet | null {
  const side = against === 'truth' ? 'toTruth' : 'toFp32';
  switch (task?.kind) {
    case undefined:
    case 'classification':
    case 'custom':
      return null;
    case 'detection': {
      const matched = records.map((own) => (own?.kind === 'detection' ? own[side] : null));
      return detectionSet(matched, conventionOf(task));
    }
    case 'segmentation':
      return segmentationSet(records.map((own) => (own?.kind === 'segmentation' ? own[side] : null)));
    case 'embedding': {
      const embeddings = records.map((own) => (own?.kind === 'embedding' ? own : null));
      if (against === 'fp32') {
        return cosineSet(
          embeddings.map((own) => own?.cosine ?? Number.NaN),
          embeddings.map((own) => own !== null),
        );
      }
      const recallAt1 = Float64Array.from(embeddings, (own) =>
        own === null || own.isNearest === null ? Number.NaN : Number(own.isNearest),
      );
      return retrievalSet({ recallAt1 }, labels);
    }
  }
}

function conventionOf(task: Task | null): DetectionConvention {
  return (task?.kind === 'detection' ? task.convention : undefined) ?? 'coco';
}
