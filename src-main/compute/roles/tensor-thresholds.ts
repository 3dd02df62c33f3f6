import type { NativeAddon } from '../../../native/index';
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

/** Number of histograms after which the searches for thresholds run as optimized machine code. */
const WARM_UP_RECORDS = 24;
const WARM_UP_VALUES = 4096;

/**
 * Computes thresholds of made-up histograms, so that later ones take less time from the first one on: a thread that has
 * never done it needs three times as long for its first 30 tensors.
 */
export function warmUpThresholds({ HistogramSet }: Pick<NativeAddon, 'HistogramSet'>): void {
  for (let i = 0; i < WARM_UP_RECORDS; i += 1) {
    const set = new HistogramSet(1);
    // Tensors with both signs, and those behind an activation, with long and with short tails.
    const values = Float32Array.from({ length: WARM_UP_VALUES }, (_, k) => {
      const wave = Math.sin(k * (1 + i)) * Math.cos(k * 0.37) ** (1 + (i % 5));
      return i % 2 === 0 ? wave : Math.max(0, wave);
    });
    set.addImage([values], 0, 1, new Float32Array(1));
    thresholdsOfRecord(set.encode(0));
  }
}
