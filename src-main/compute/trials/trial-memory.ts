import type { OutputTensor } from '../../backends/runnable-variant';
import { affordableWorkers, overLimit } from '../pool/worker-memory';
import type { KeptBytes } from './program-runner';
import { keptOf } from './trial-workers';

/**
 * What the trials of a worker may take beyond FP32: rewritten models, their sessions while others are open, and memory
 * that was freed and not given back. Measured on yolox_nano; small models take far less, so that it decides about
 * further workers only.
 */
const TRIALS_BYTES = 200e6;

/** What trials need, in bytes; `count` is the number of workers that are wanted. */
export interface TrialNeeds {
  readonly count: number;
  /** Images and FP32's outputs, which stay in memory. */
  readonly held: number;
  /** Estimate of the sessions of one program. */
  readonly programBytes: number;
}

/**
 * The number of workers that fit into the limit of the user, and what each may keep between runs.
 * @param measured what FP32 took on one image in the first worker, see PeakMemory
 * @throws WorkbenchError memory-limit if FP32 in one worker does not fit
 */
export function fitTrials(
  { count, held, programBytes }: TrialNeeds,
  measured: { readonly workerBytes: number; readonly peakBytes: number },
  limitBytes: number,
): { readonly count: number; readonly kept: KeptBytes } {
  const leastBytes = measured.peakBytes + held;
  if (leastBytes > limitBytes) throw overLimit('One worker with its images', leastBytes, limitBytes);
  const peakBytes = leastBytes + TRIALS_BYTES;
  const workerBytes = measured.workerBytes + TRIALS_BYTES;
  const bounds = { limitBytes, containerBytes: 0, freeBytes: Number.POSITIVE_INFINITY };
  const fitting = affordableWorkers(count, { workerBytes, peakBytes }, bounds);
  const left = limitBytes - peakBytes - (fitting - 1) * workerBytes;
  return { count: fitting, kept: keptOf(left, fitting, programBytes) };
}

export function bytesOfOutputs(outputs: readonly OutputTensor[]): number {
  return outputs.reduce((sum, { data, integers }) => sum + (data?.byteLength ?? 0) + (integers?.byteLength ?? 0), 0);
}
