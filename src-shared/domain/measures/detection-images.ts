import type { Detections } from '../tasks/answer';
import type { DetectionConvention } from '../tasks/task';
import type { TruthBox } from '../tasks/truth';
import { canRepeat, cocoIou, foundBit, ignoredBit, type MatchedImage, rangeCount } from './detection-matching';

/**
 * Detections with at least this score count when single images are judged and drawn, and detections of FP32 with at
 * least this score take the place of missing labels. Detectors list many boxes with low scores, most of which are
 * wrong; as truth they would outnumber the objects. 0.3 is a usual limit for drawing boxes.
 */
export const CLEAR_SCORE = 0.3;

/** The detections of FP32 with at least the given score as the truth for other variants. */
export function truthOfDetections({ boxes, scores, classes }: Detections, minScore = CLEAR_SCORE): TruthBox[] {
  return [...scores.keys()].flatMap((d) =>
    (scores[d] ?? 0) >= minScore
      ? [
          {
            label: classes[d] ?? 0,
            x1: boxes[4 * d] ?? 0,
            y1: boxes[4 * d + 1] ?? 0,
            x2: boxes[4 * d + 2] ?? 0,
            y2: boxes[4 * d + 3] ?? 0,
          },
        ]
      : [],
  );
}

/** Counts at IoU 0.5 among the detections with at least the stated score. */
export interface ImageCounts {
  readonly found: number;
  readonly wrong: number;
  readonly missed: number;
}

export function countsOf(matched: MatchedImage, convention: DetectionConvention, minScore = CLEAR_SCORE): ImageCounts {
  const ranges = rangeCount(convention);
  let found = 0;
  let wrong = 0;
  for (const [d, score] of matched.scores.entries()) {
    if (score < minScore) continue;
    const flags = matched.flags[d * ranges] ?? 0;
    if ((flags & foundBit(0)) !== 0) found += 1;
    else if ((flags & ignoredBit(0)) === 0) wrong += 1;
  }
  let truths = 0;
  for (let i = 0; i < matched.truthCounts.length; i += ranges) truths += matched.truthCounts[i] ?? 0;
  return { found, wrong, missed: truths - found };
}

/**
 * F1 of one image at IoU 0.5 in percent, 2 found / (2 found + wrong + missed). 100 for an image without objects and
 * without detections. Used to sort images and for paired tests.
 */
export function imageF1({ found, wrong, missed }: ImageCounts): number {
  const all = 2 * found + wrong + missed;
  return all === 0 ? 100 : (200 * found) / all;
}

/** Boxes with a lower IoU to their object than this are drawn as moved. */
const MOVED_BELOW = 0.75;

/** The boxes of one image compared with others: for pictures, and for sentences about an image. */
export interface BoxDifferences {
  /** Boxes of the truth that no detection covers with IoU 0.5 or more; crowds and difficult boxes are left out. */
  readonly missed: readonly TruthBox[];
  /** Indices of detections that lie on no box of their class. */
  readonly added: readonly number[];
  /** Detections that lie on a box with an IoU from 0.5 to 0.75. */
  readonly moved: readonly { readonly detection: number; readonly truth: TruthBox; readonly iou: number }[];
  readonly kept: readonly { readonly detection: number; readonly truth: TruthBox; readonly iou: number }[];
}

/**
 * Compares detections with the truth, or with the answer of FP32 (`truthOfDetections`): each detection with at least
 * `minScore`, best first, takes the free box of its class with the highest IoU of at least 0.5.
 */
export function boxDifferences(
  { boxes, scores, classes }: Detections,
  truth: readonly TruthBox[],
  minScore = CLEAR_SCORE,
): BoxDifferences {
  const order = [...scores.keys()]
    .filter((d) => (scores[d] ?? 0) >= minScore)
    .sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const free = new Set(truth);
  const added: number[] = [];
  const pairs: { detection: number; truth: TruthBox; iou: number }[] = [];
  for (const d of order) {
    const candidates = [...free]
      .filter(({ label }) => label === classes[d])
      .map((own) => ({ detection: d, truth: own, iou: cocoIou(boxes, d, own) }));
    const best = candidates
      // A box that counts is preferred to a crowd or a difficult one.
      .sort((a, b) => Number(canRepeat(a.truth)) - Number(canRepeat(b.truth)) || b.iou - a.iou)
      .find(({ iou }) => iou >= 0.5);
    if (best === undefined) {
      added.push(d);
      continue;
    }
    if (canRepeat(best.truth)) continue;
    free.delete(best.truth);
    pairs.push(best);
  }
  return {
    missed: [...free].filter((box) => !canRepeat(box)),
    added,
    moved: pairs.filter(({ iou }) => iou < MOVED_BELOW),
    kept: pairs.filter(({ iou }) => iou >= MOVED_BELOW),
  };
}
