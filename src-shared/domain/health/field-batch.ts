import type { SkippedImage } from '../project/image-set';
import type { DriftValue } from './health';
import { isUnclear } from './field-findings';

/** A tensor with the values of a batch. */
export interface BatchTensor extends DriftValue {
  readonly tensor: string;
  /** Share (0..1) of values beyond the threshold, and beyond the largest calibrated value. */
  readonly clippedFraction: number;
  readonly beyondRange: number;
}

/** Images from the field compared with the calibration record. */
export interface BatchDrift extends DriftValue {
  /** Images that were compared. */
  readonly images: number;
  /** Images that cannot be read. */
  readonly skipped: readonly SkippedImage[];
  /** The nearest group of the calibration set; null: the whole set. */
  readonly nearest: string | null;
  /** Of the tensor that clips most. */
  readonly clippedFraction: number;
  readonly clippedTensor: string | null;
  /** Largest drift first. */
  readonly tensors: readonly BatchTensor[];
  readonly seconds: number;
}

/** `unclear`: so few images that a drift beyond the limit may be chance; `empty`: no image can be read. */
export type BatchState = 'covered' | 'drifted' | 'unclear' | 'empty';

/** @param limit of drift. */
export function batchState(batch: BatchDrift, limit: number): BatchState {
  if (batch.images === 0) return 'empty';
  if (batch.driftAtLeast > limit) return 'drifted';
  return isUnclear(batch, limit) ? 'unclear' : 'covered';
}
