import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file';

export const AUTO_FILE = 'auto.json';
const AUTO_VERSION = 1;

/**
 * Tensor -> threshold in real units that method auto chose, beside the histograms that it chose from. Null when nothing was
 * chosen yet, or by a newer version.
 */
export function readAutoThresholds(calibrationDir: string): Readonly<Record<string, number>> | null {
  const path = join(calibrationDir, AUTO_FILE);
  if (!existsSync(path)) return null;
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as {
      readonly version?: unknown;
      readonly thresholds?: unknown;
    };
    const { thresholds } = value;
    if (value.version !== AUTO_VERSION || typeof thresholds !== 'object' || thresholds === null) return null;
    return Object.values(thresholds).every((threshold) => typeof threshold === 'number' && threshold >= 0)
      ? (thresholds as Record<string, number>)
      : null;
  } catch {
    return null;
  }
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
