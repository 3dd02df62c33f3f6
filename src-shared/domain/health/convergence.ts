import type { ConvergencePoint } from './health';

/** The loss of one tensor with the thresholds that were computed from a part of the images. */
export interface TensorLoss {
  readonly tensor: string;
  /** SQNR on the whole set's histogram, with the threshold of the whole set and with that of the part, dB. */
  readonly wholeDb: number;
  readonly partDb: number;
}

/** Parts of the set that thresholds are computed from. Each part contains the previous one. */
export const CONVERGENCE_PARTS = [0.25, 0.5, 0.75, 1] as const;

/** The number of folds, out of `folds`, in a part (at least one). */
export function foldsOfPart(part: number, folds: number): number {
  return Math.max(1, Math.round(part * folds));
}

/**
 * The losses of one part of the images. A better SQNR with fewer images counts as no loss, because then the method, not
 * the number of images, determines the SQNR.
 */
export function convergencePoint(images: number, losses: readonly TensorLoss[]): ConvergencePoint {
  let worst: { tensor: string | null; lossDb: number } = { tensor: null, lossDb: 0 };
  let sum = 0;
  for (const { tensor, wholeDb, partDb } of losses) {
    // A tensor without any error has an infinite SQNR at both thresholds.
    const lossDb = wholeDb === partDb ? 0 : Math.max(0, wholeDb - partDb);
    if (!Number.isFinite(lossDb)) continue;
    sum += lossDb;
    if (lossDb > worst.lossDb) worst = { tensor, lossDb };
  }
  return {
    images,
    meanLossDb: losses.length === 0 ? 0 : sum / losses.length,
    worstLossDb: worst.lossDb,
    worstTensor: worst.tensor,
  };
}
