import type { RunOnWorker } from '../pool/worker-pool';
import type { TensorThresholds } from '../roles/tensor-thresholds';

/** Number of records per request. Computing them takes about ten milliseconds. */
const RECORDS_PER_REQUEST = 8;

/**
 * Ranges and thresholds from encoded histograms, computed by the workers that have collected them: they are running.
 * @returns one result per record, in the same order.
 * @throws WorkbenchError calibration-mismatch if a record is damaged; cancelled
 */
export async function thresholdsOnWorkers(
  records: readonly Uint8Array[],
  run: RunOnWorker<'collect'>,
): Promise<readonly TensorThresholds[]> {
  const requests: Promise<readonly TensorThresholds[]>[] = [];
  for (let start = 0; start < records.length; start += RECORDS_PER_REQUEST)
    requests.push(run('thresholds', records.slice(start, start + RECORDS_PER_REQUEST)));
  return (await Promise.all(requests)).flat();
}
