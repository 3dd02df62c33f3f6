import { amaxOf } from '../../../src-shared/domain/histograms/histogram';
import { decodeHistogram } from '../../../src-shared/domain/histograms/histogram-codec';
import { thresholdsOf } from '../../../src-shared/domain/histograms/thresholds';
import { DEFAULT_PERCENTILE } from '../../../src-shared/domain/project/methods';
import type { TensorCalibration } from '../../calibration/histograms/calibration-index';

/** What the calibration index states about a tensor, apart from its name. */
export type TensorThresholds = Omit<TensorCalibration, 'name'>;

export interface ThresholdMethods {
  /** Computes ranges and thresholds from encoded histograms, one result per record. */
  readonly thresholds: { readonly params: readonly Uint8Array[]; readonly result: readonly TensorThresholds[] };
}

/** @throws WorkbenchError calibration-mismatch if the record is damaged. */
export function thresholdsOfRecord(record: Uint8Array): TensorThresholds {
  const histogram = decodeHistogram(record);
  const { minmax, entropy, percentiles, mse } = thresholdsOf(histogram, [DEFAULT_PERCENTILE]);
  return {
    min: histogram.min,
    max: histogram.max,
    elements: histogram.elementCount,
    thresholds: { minmax, entropy, percentile: percentiles[0] ?? amaxOf(histogram), mse },
  };
}
