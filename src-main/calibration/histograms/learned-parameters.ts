import { readFile, rename, rm, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { list, numberWhere, object, oneOf, optional, record, type InferOutput } from '../../../src-shared/base/schema';
import {
  biasCorrectionSchema,
  weightRoundingSchema,
  type LearnedValues,
} from '../../../src-shared/domain/analysis/repair';
import { TARGETS } from '../../../src-shared/domain/project/precision';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';

export const LEARNED_FILE = 'learned.json';
/** Version 1 had no roundings of weights. */
const LEARNED_VERSION = 2;

const learnedSchema = object({
  version: oneOf(1, LEARNED_VERSION),
  /** The target whose Q/DQ they were learned with. */
  target: oneOf(...TARGETS),
  /** Tensor -> threshold in real units, for all tensors of the plan that was learned. */
  thresholds: record(numberWhere('a threshold of at least 0', (value) => value >= 0)),
  /** All corrections of biases that belong to these thresholds. */
  biases: list(biasCorrectionSchema),
  roundings: optional(list(weightRoundingSchema)),
});
export type LearnedParameters = Omit<InferOutput<typeof learnedSchema>, 'version'>;

/**
 * The thresholds of method learned with the biases and roundings that belong to them, beside the calibration that they
 * began with. Null if nothing was learned yet, or if the file is damaged or of a newer version.
 */
export function readLearnedParameters(calibrationDir: string): LearnedParameters | null {
  return readStoredJson(join(calibrationDir, LEARNED_FILE), learnedSchema);
}

/** What was learned beside thresholds; empty lists are left out. */
export function learnedValues({
  biases,
  roundings = [],
}: Pick<LearnedParameters, 'biases' | 'roundings'>): LearnedValues {
  return { ...(biases.length === 0 ? {} : { biases }), ...(roundings.length === 0 ? {} : { roundings }) };
}

/** @throws WorkbenchError unwritable, disk-full */
export function writeLearnedParameters(calibrationDir: string, learned: LearnedParameters): Promise<void> {
  return writeFileAtomic(join(calibrationDir, LEARNED_FILE), JSON.stringify({ version: LEARNED_VERSION, ...learned }));
}

/** What was learned before, while something else is learned for the same calibration; empty if there was nothing. */
const BEFORE_FILE = 'learned-before.json';

/**
 * Runs work that learns, and takes back what was learned before unless the new values are to be kept. The former values
 * survive an interruption: the next call with the same folder has them still.
 * @throws WorkbenchError unwritable, disk-full
 */
export async function keepingLearned<T>(
  calibrationDir: string,
  work: () => Promise<{ readonly isKept: boolean; readonly value: T }>,
): Promise<T> {
  const [current, before] = [join(calibrationDir, LEARNED_FILE), join(calibrationDir, BEFORE_FILE)];
  if (!existsSync(before)) await writeFileAtomic(before, existsSync(current) ? await readFile(current, 'utf8') : '');
  const { isKept, value } = await work();
  const hadValues = (await stat(before)).size > 0;
  if (!isKept && hadValues) await rename(before, current);
  else if (!isKept) await rm(current, { force: true });
  await rm(before, { force: true });
  return value;
}
