import { WorkerPool } from '../pool/worker-pool';
import { thresholdsOfRecord, type TensorThresholds } from '../roles/threshold-role';

/** Number of records per request. Computing them takes some tens of milliseconds. */
const RECORDS_PER_REQUEST = 16;
/**
 * One worker is started for this number of records. For fewer records, starting a worker takes longer than the work.
 */
const RECORDS_PER_WORKER = 64;

/**
 * Ranges and thresholds from encoded histograms, computed on worker threads if there are many.
 * @returns one result per record, in the same order.
 * @throws WorkbenchError calibration-mismatch if a record is damaged.
 */
export async function computeThresholds(
  records: readonly Uint8Array[],
  threads: number,
): Promise<readonly TensorThresholds[]> {
  const workers = Math.min(threads, Math.floor(records.length / RECORDS_PER_WORKER));
  if (workers < 2) return records.map(thresholdsOfRecord);
  const requests: (readonly Uint8Array[])[] = [];
  for (let start = 0; start < records.length; start += RECORDS_PER_REQUEST)
    requests.push(records.slice(start, start + RECORDS_PER_REQUEST));
  const pool = new WorkerPool({ role: 'thresholds', init: null, depth: 2 });
  try {
    await pool.grow(workers);
    return (await Promise.all(requests.map((request) => pool.run('thresholds', request)))).flat();
  } finally {
    await pool.close();
  }
}
