import type { Thresholds } from '../../../src-shared/domain/histograms/thresholds';
import { WorkerPool } from '../pool/worker-pool';
import { thresholdsOfRecord } from '../roles/threshold-role';

/** Number of records per request. Computing them takes some tens of milliseconds. */
const RECORDS_PER_REQUEST = 16;
/**
 * One worker is started for this number of records. For fewer records, starting a worker takes longer than the work.
 */
const RECORDS_PER_WORKER = 64;

/**
 * Thresholds of all methods for encoded histograms, computed on worker threads if there are many.
 * @returns one result per record, in the same order.
 * @throws WorkbenchError cancelled; calibration-mismatch if a record is damaged.
 */
export async function computeThresholds(
  records: readonly Uint8Array[],
  threads: number,
  signal?: AbortSignal,
): Promise<readonly Thresholds[]> {
  const workers = Math.min(threads, Math.floor(records.length / RECORDS_PER_WORKER));
  if (workers < 2) return records.map(thresholdsOfRecord);
  const results = new Array<Thresholds>(records.length);
  const starts = Array.from(
    { length: Math.ceil(records.length / RECORDS_PER_REQUEST) },
    (_, i) => i * RECORDS_PER_REQUEST,
  );
  const pool = new WorkerPool({ role: 'thresholds', init: null, depth: 2, signal });
  try {
    await pool.grow(workers);
    await pool.forEach(starts, async (run, start) => {
      const found = await run('thresholds', records.slice(start, start + RECORDS_PER_REQUEST));
      for (const [i, thresholds] of found.entries()) results[start + i] = thresholds;
    });
  } finally {
    await pool.close();
  }
  return results;
}
