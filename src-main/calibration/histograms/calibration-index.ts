import { count, list, number, object, oneOf, string, strings, type InferOutput } from '../../../src-shared/base/schema';
import type { HistogramMethod } from '../../../src-shared/domain/project/methods';
import { skippedImageSchema } from '../../../src-shared/domain/project/image-set';
import { runWarningSchema } from '../../../src-shared/domain/runs/run-record';

export const CALIBRATION_INDEX_VERSION = 1;

/** Thresholds and ranges of one tensor, real units. */
const tensorSchema = object({
  name: string,
  min: number,
  max: number,
  /** Number of values. */
  elements: count,
  /** Thresholds at the default percentile; 0 for a tensor that is zero everywhere. */
  thresholds: object({ minmax: number, entropy: number, percentile: number, mse: number } satisfies Record<
    HistogramMethod,
    unknown
  >),
});
export type TensorCalibration = InferOutput<typeof tensorSchema>;

export const calibrationIndexSchema = object({
  version: oneOf(CALIBRATION_INDEX_VERSION),
  /** Identity of model, set, preprocessing and collector. */
  key: string,
  images: count,
  skipped: list(skippedImageSchema),
  groups: strings,
  /** Hash of the content of the histograms. */
  sha256: string,
  seconds: number,
  warnings: list(runWarningSchema),
  tensors: list(tensorSchema),
});
/** `index.json` beside histograms.bin: the facts about a calibration that can be used without reading histograms. */
export type CalibrationIndex = InferOutput<typeof calibrationIndexSchema>;
