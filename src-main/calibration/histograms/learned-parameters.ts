import { join } from 'node:path';
import { list, numberWhere, object, oneOf, record, type InferOutput } from '../../../src-shared/base/schema';
import { biasCorrectionSchema } from '../../../src-shared/domain/analysis/repair';
import { TARGETS } from '../../../src-shared/domain/project/precision';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';

export const LEARNED_FILE = 'learned.json';
const LEARNED_VERSION = 1;

const learnedSchema = object({
  version: oneOf(LEARNED_VERSION),
  /** The target whose Q/DQ they were learned with. */
  target: oneOf(...TARGETS),
  /** Tensor -> threshold in real units, for all tensors of the plan that was learned. */
  thresholds: record(numberWhere('a threshold of at least 0', (value) => value >= 0)),
  /** All corrections of biases that belong to these thresholds. */
  biases: list(biasCorrectionSchema),
});
export type LearnedParameters = Omit<InferOutput<typeof learnedSchema>, 'version'>;

/**
 * The thresholds of method learned and the biases that belong to them, beside the calibration that they began with.
 * Null if nothing was learned yet, or if the file is damaged or of a newer version.
 */
export function readLearnedParameters(calibrationDir: string): LearnedParameters | null {
  return readStoredJson(join(calibrationDir, LEARNED_FILE), learnedSchema);
}

/** @throws WorkbenchError unwritable, disk-full */
export function writeLearnedParameters(calibrationDir: string, learned: LearnedParameters): Promise<void> {
  return writeFileAtomic(join(calibrationDir, LEARNED_FILE), JSON.stringify({ version: LEARNED_VERSION, ...learned }));
}
