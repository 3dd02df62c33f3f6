import { NO_WORK, type ExpectedWork } from '../../analysis/expected-work';
import type { GraphCuts } from './graph-cuts';
import { BLOCK_WEIGHT_BYTES } from './trial-program';

/**
 * The first quantized model opens all of its parts, which takes longer than a few runs of a small model. Simulated
 * parts that run for a while are opened again in a faster form (ProgramRunner).
 * @param simulates whether Q/DQ run in float arithmetic
 */
export function openingWork(
  { shares }: Pick<GraphCuts, 'shares'>,
  { simulates, weightBytes }: { readonly simulates: boolean; readonly weightBytes: number },
): ExpectedWork {
  const forms = simulates && weightBytes <= BLOCK_WEIGHT_BYTES ? 2 : 1;
  return { ...NO_WORK, opens: forms * shares.length };
}
