import { join } from 'node:path';
import { numberWhere, object, oneOf, record } from '../../../src-shared/base/schema';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';

export const AUTO_FILE = 'auto.json';
const AUTO_VERSION = 1;

const autoSchema = object({
  version: oneOf(AUTO_VERSION),
  thresholds: record(numberWhere('a threshold of at least 0', (value) => value >= 0)),
});

/**
 * The thresholds that method auto chose: tensor -> real units. They are stored beside the histograms that they were
 * chosen from. Null if no thresholds were chosen yet, or if the file is damaged or of a newer version.
 */
export function readAutoThresholds(calibrationDir: string): Readonly<Record<string, number>> | null {
  return readStoredJson(join(calibrationDir, AUTO_FILE), autoSchema)?.thresholds ?? null;
}

/** @throws WorkbenchError unwritable, disk-full */
export function writeAutoThresholds(
  calibrationDir: string,
  thresholds: Readonly<Record<string, number>>,
): Promise<void> {
  return writeFileAtomic(
    join(calibrationDir, AUTO_FILE),
    JSON.stringify({ version: AUTO_VERSION, thresholds }, null, 1),
  );
}
