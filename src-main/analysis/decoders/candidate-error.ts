import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { Decoder } from '../../../src-shared/domain/tasks/decoder';
import type { CandidateSums } from '../../../src-shared/domain/measures/task-records';
import type { OutputTensor } from '../../backends/runnable-variant';
import { addScores, Candidates } from './candidates';
import { findPlaces } from './places';

/** A box whose overlap with FP32's is one minus this or less is wrong: COCO counts no overlap below 0.5. */
export const WRONG_BOX = 0.5;
const MOST_CLASSES = 65_536;

/** What a decoder reads of one answer, before boxes are suppressed. */
export interface ReadCandidates {
  /** Row and class (row * MOST_CLASSES + class) -> score, if it reaches the least score of the decoder. */
  readonly scores: ReadonlyMap<number, number>;
  /** Left, top, right, bottom of the box of a row. */
  readonly boxOf: (row: number) => Float64Array;
}

/**
 * @returns null for decoders whose rows are detections in any order, which cannot be compared one by one
 * @throws WorkbenchError model-unsupported when an output does not have the shape that the decoder says
 */
export function readCandidates(
  decoder: Decoder,
  outputs: readonly OutputTensor[],
  geometry: ImageGeometry,
): ReadCandidates | null {
  const places = findPlaces(decoder, outputs, geometry);
  if (places === null) return null;
  const candidates = new Candidates(decoder.minScore);
  addScores(candidates, places.scores);
  const { rows, classes, scores } = candidates.sorted();
  const boxOf = (row: number): Float64Array => {
    const box = new Float64Array(4);
    places.readBox(row, box, 0);
    return box;
  };
  return {
    scores: new Map(Array.from(rows, (row, i) => [row * MOST_CLASSES + (classes[i] ?? 0), scores[i] ?? 0] as const)),
    boxOf,
  };
}

/**
 * The error of the candidates of a detector for one image. Most values of its outputs belong to the background, and
 * boxes in pixels are larger than scores by orders of magnitude: the error of all values says little about detections.
 * Only pairs of a row and a class count that reach the least score of the decoder in one of both models: the squared
 * difference of their scores (0 where the score does not reach it), and where both have the pair, the squared score of
 * FP32 times the squared loss of overlap, at most 1. The signal is the sum of FP32's squared scores.
 */
export function candidateSums(own: ReadCandidates, fp32: ReadCandidates): CandidateSums {
  let signal = 0;
  let noise = 0;
  for (const [key, score] of fp32.scores) {
    const found = own.scores.get(key);
    signal += score * score;
    noise += (score - (found ?? 0)) ** 2;
    if (found === undefined || own === fp32) continue;
    const row = Math.floor(key / MOST_CLASSES);
    const overlap = overlapOf(own.boxOf(row), fp32.boxOf(row));
    noise += (score * Math.min(1, (1 - overlap) / WRONG_BOX)) ** 2;
  }
  for (const [key, score] of own.scores) if (!fp32.scores.has(key)) noise += score * score;
  return { signal, noise };
}

/** Intersection over union; 0 for boxes that are not finite. */
export function overlapOf(a: Float64Array, b: Float64Array): number {
  const [aLeft = 0, aTop = 0, aRight = 0, aBottom = 0] = a;
  const [bLeft = 0, bTop = 0, bRight = 0, bBottom = 0] = b;
  const width = Math.min(aRight, bRight) - Math.max(aLeft, bLeft);
  const height = Math.min(aBottom, bBottom) - Math.max(aTop, bTop);
  if (!(width > 0 && height > 0)) return 0;
  const union = (aRight - aLeft) * (aBottom - aTop) + (bRight - bLeft) * (bBottom - bTop) - width * height;
  return Number.isFinite(union) && union > 0 ? (width * height) / union : 0;
}
