import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { number, object, oneOf, type InferOutput } from '../../../src-shared/base/schema';
import type { ExpectedWork } from '../../analysis/expected-work';
import { writeFileAtomic } from '../../base/atomic-file';
import { parseStoredJson } from '../../base/json-file';

/** Times of the latest trials of a project on this machine, in milliseconds of one worker, waiting included. */
const speedSchema = object({
  version: oneOf(2),
  /** One run of the whole quantized model on one image, with all layers in INT8. */
  passMs: number,
  /** The same with some layers in FP16. */
  fp16PassMs: number,
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

/** undefined: it was not measured. */
export type MeasuredSpeed = { readonly [K in keyof TrialSpeed]: number | undefined };

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

/** Stores what was measured; the rest stays as it was. A speed that cannot be stored is measured again. */
export async function writeSpeed(analysisDir: string, measured: MeasuredSpeed): Promise<void> {
  const speed = completeSpeed(measured, readSpeed(analysisDir));
  await writeFileAtomic(speedFile(analysisDir), JSON.stringify({ version: 2, ...speed })).catch(() => undefined);
}

/** Layers in FP16 slow a run down by this factor until it is measured: it was 0.9 to 3 on models of 0.6 to 10 MB. */
const FP16_FACTOR = 1.5;

/** What was not measured is taken from earlier trials. */
export function completeSpeed(measured: Partial<MeasuredSpeed>, earlier: TrialSpeed | null): TrialSpeed {
  const passMs = measured.passMs ?? earlier?.passMs ?? (measured.fp16PassMs ?? 0) / FP16_FACTOR;
  return {
    passMs,
    fp16PassMs: measured.fp16PassMs ?? earlier?.fp16PassMs ?? passMs * FP16_FACTOR,
    openMs: measured.openMs ?? earlier?.openMs ?? 0,
    makeMs: measured.makeMs ?? earlier?.makeMs ?? 0,
    imageMs: measured.imageMs ?? earlier?.imageMs ?? 0,
    startMs: measured.startMs ?? earlier?.startMs ?? 0,
  };
}

/** Q/DQ in float arithmetic take so many times as long as INT8 kernels: 1.1 to 2.2 on models of 0.6 to 10 MB. */
const SIMULATION_FACTOR = 1.6;
/** All parts of a model take so many times as long to open as the whole model: 2.5 to 3 on most of these models. */
const DIVISION_FACTOR = 3;

/**
 * What the times of trials with INT8 kernels, which run models as a whole, let one expect of simulated trials.
 * @param parts that these models are divided into
 */
export function simulatedSpeed<S extends Pick<MeasuredSpeed, 'passMs' | 'fp16PassMs' | 'openMs'>>(
  measured: S,
  parts: number,
): S {
  const times = (value: number | undefined, factor: number): number | undefined => value && value * factor;
  return {
    ...measured,
    passMs: times(measured.passMs, SIMULATION_FACTOR),
    fp16PassMs: times(measured.fp16PassMs, SIMULATION_FACTOR),
    openMs: times(measured.openMs, DIVISION_FACTOR / parts),
  };
}

/** The time that trials take. */
export function trialSeconds(speed: TrialSpeed, work: ExpectedWork, workers: number): number {
  const { passMs, fp16PassMs, openMs, makeMs } = speed;
  const runMs = (work.passes - work.fp16Passes) * passMs + work.fp16Passes * fp16PassMs;
  return ((runMs + work.trials * makeMs) / workers + work.opens * openMs) / 1000;
}

/** The time of trials on some images, with all that comes before the first one. */
export function secondsOf(
  speed: TrialSpeed,
  work: ExpectedWork,
  { images, workers }: { readonly images: number; readonly workers: number },
): number {
  return (speed.startMs + (images * speed.imageMs) / workers) / 1000 + trialSeconds(speed, work, workers);
}
