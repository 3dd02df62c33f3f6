import type { Warning } from '../../../src-shared/contract/job-results';
import type { HistogramMethod } from '../../../src-shared/domain/project/methods';
import type { SkippedImage } from '../../../src-shared/domain/project/image-set';

export const CALIBRATION_INDEX_VERSION = 1;

/** Thresholds and ranges of one tensor, real units. */
export interface TensorCalibration {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly elements: number;
  /** Thresholds at the default percentile; 0 for a tensor that is zero everywhere. */
  readonly thresholds: Readonly<Record<HistogramMethod, number>>;
}

/** `index.json` beside histograms.bin: what a calibration says without reading the histograms. */
export interface CalibrationIndex {
  readonly version: typeof CALIBRATION_INDEX_VERSION;
  readonly key: string;
  readonly images: number;
  readonly skipped: readonly SkippedImage[];
  readonly groups: readonly string[];
  readonly sha256: string;
  readonly seconds: number;
  readonly warnings: readonly Warning[];
  readonly tensors: readonly TensorCalibration[];
}

/** True for a complete index of this version; anything else is treated as no calibration. */
export function isCalibrationIndex(value: unknown): value is CalibrationIndex {
  if (typeof value !== 'object' || value === null) return false;
  const index = value as Record<string, unknown>;
  return (
    index['version'] === CALIBRATION_INDEX_VERSION &&
    typeof index['key'] === 'string' &&
    typeof index['images'] === 'number' &&
    typeof index['sha256'] === 'string' &&
    Array.isArray(index['groups']) &&
    Array.isArray(index['skipped']) &&
    Array.isArray(index['warnings']) &&
    Array.isArray(index['tensors']) &&
    index['tensors'].every(isTensorCalibration)
  );
}

function isTensorCalibration(value: unknown): value is TensorCalibration {
  if (typeof value !== 'object' || value === null) return false;
  const tensor = value as Record<string, unknown>;
  const thresholds = tensor['thresholds'];
  return (
    typeof tensor['name'] === 'string' &&
    typeof tensor['min'] === 'number' &&
    typeof tensor['max'] === 'number' &&
    typeof thresholds === 'object' &&
    thresholds !== null &&
    Object.values(thresholds).every((threshold) => typeof threshold === 'number')
  );
}
