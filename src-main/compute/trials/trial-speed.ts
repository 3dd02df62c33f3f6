import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { number, object, oneOf, type InferOutput } from '../../../src-shared/base/schema';
import type { ExpectedWork } from '../../analysis/expected-work';
import { writeFileAtomic } from '../../base/atomic-file';
import { parseStoredJson } from '../../base/json-file';

/** Times of the latest trials of a project on this machine, in milliseconds of one worker. */
const speedSchema = object({
  version: oneOf(1),
  /** One run of the whole quantized model on one image. */
  passMs: number,
  /** Opening a part of the model. */
  openMs: number,
  /** Writing one rewritten model, which the workers share. */
  makeMs: number,
  /** Reading an image and running FP32 on it. */
  imageMs: number,
  /** Until the workers were ready. */
  startMs: number,
});
export type TrialSpeed = Omit<InferOutput<typeof speedSchema>, 'version'>;

/** @param analysisDir the folder of the journals. */
export function speedFile(analysisDir: string): string {
  return join(analysisDir, 'trial-speed.json');
}

/** null if there were no trials yet. */
export function readSpeed(analysisDir: string): TrialSpeed | null {
  try {
    return parseStoredJson(readFileSync(speedFile(analysisDir), 'utf8'), speedSchema);
  } catch {
    return null;
  }
}

/** A speed that cannot be stored is measured again. */
export async function writeSpeed(analysisDir: string, speed: TrialSpeed): Promise<void> {
  await writeFileAtomic(speedFile(analysisDir), JSON.stringify({ version: 1, ...speed })).catch(() => undefined);
}

/** The time that this work takes on some images. */
export function secondsOf(
  { passMs, openMs, makeMs, imageMs, startMs }: TrialSpeed,
  { passes, trials, opens }: ExpectedWork,
  { images, workers }: { readonly images: number; readonly workers: number },
): number {
  return (startMs + (images * imageMs + passes * passMs + trials * makeMs) / workers + opens * openMs) / 1000;
}
