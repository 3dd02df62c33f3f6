import { decodeHistogram } from '../../../src-shared/domain/histograms/histogram-codec';
import { thresholdsOf, type Thresholds } from '../../../src-shared/domain/histograms/thresholds';
import { DEFAULT_PERCENTILE } from '../../../src-shared/domain/project/methods';
import { roleOf, type WorkerRole } from '../pool/worker-role';

export interface ThresholdMethods {
  /** Computes the thresholds of encoded histograms, one result per record. */
  readonly thresholds: { readonly params: readonly Uint8Array[]; readonly result: readonly Thresholds[] };
}

/** Thresholds of all methods from an encoded histogram; `percentiles` has one entry, for the default percentile. */
export function thresholdsOfRecord(record: Uint8Array): Thresholds {
  return thresholdsOf(decodeHistogram(record), [DEFAULT_PERCENTILE]);
}

export async function createThresholdRole(): Promise<WorkerRole> {
  return roleOf<ThresholdMethods>({ thresholds: async (records) => records.map(thresholdsOfRecord) });
}
