import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { list, object, oneOf, string, type InferOutput } from '../../../src-shared/base/schema';
import {
  bestDecisionSchema,
  outputCostSchema,
  type BestDecision,
  type BestView,
  type OutputCost,
} from '../../../src-shared/domain/analysis/best-method';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';

export const BEST_FILE = 'best.json';
/** Increase it if the same calibration leads to another decision. */
const BEST_VERSION = 1;
/**
 * The number of decisions, and of measured thresholds, that are kept. Those of the plans and targets that were used
 * last remain.
 */
const KEPT = 12;

/** What a decision of method best depends on besides the calibration. */
export type BestChoices = Pick<ProjectFile, 'plan' | 'target' | 'percentile'>;

/** Thresholds that differ from those of every single method, and their measured cost at the outputs. */
const measuredThresholdsSchema = object({ basis: string, thresholds: string, cost: outputCostSchema });
type MeasuredThresholds = InferOutput<typeof measuredThresholdsSchema>;

/** Content of `best.json` in a calibration's folder, newest first. */
const fileSchema = object({
  version: oneOf(BEST_VERSION),
  decisions: list(object({ basis: string, decision: bestDecisionSchema })),
  measured: list(measuredThresholdsSchema),
});
export type BestDecisions = Omit<InferOutput<typeof fileSchema>, 'version'>;

const NONE: BestDecisions = { decisions: [], measured: [] };

/**
 * Everything that was decided for a calibration. The result is empty if the file is absent, damaged or of another
 * version: the decision takes seconds and is made again.
 */
export function readBestDecisions(calibrationDir: string): BestDecisions {
  return readStoredJson(join(calibrationDir, BEST_FILE), fileSchema) ?? NONE;
}

/** Adds a decision, or the cost of thresholds, in front of the others. @throws WorkbenchError unwritable, disk-full */
export async function addBestDecision(
  calibrationDir: string,
  choices: BestChoices,
  added: { readonly decision?: BestDecision; readonly measured?: Omit<MeasuredThresholds, 'basis'> },
): Promise<void> {
  const basis = bestBasis(choices);
  const before = readBestDecisions(calibrationDir);
  const { decision, measured } = added;
  const decisions =
    decision === undefined
      ? before.decisions
      : [{ basis, decision }, ...before.decisions.filter((other) => other.basis !== basis)].slice(0, KEPT);
  const others = before.measured.filter((other) => other.basis !== basis || other.thresholds !== measured?.thresholds);
  const list = measured === undefined ? before.measured : [{ basis, ...measured }, ...others].slice(0, KEPT);
  await writeFileAtomic(
    join(calibrationDir, BEST_FILE),
    JSON.stringify({ version: BEST_VERSION, decisions, measured: list }, null, 1),
  );
}

/**
 * The decision for these choices. If there is none, the newest decision for the same target or, failing that, for
 * another target is returned and marked as not current. Null if nothing was decided yet.
 */
export function findBest({ decisions }: BestDecisions, choices: BestChoices): BestView | null {
  const basis = bestBasis(choices);
  const current = decisions.find((entry) => entry.basis === basis);
  if (current) return { isCurrent: true, decision: current.decision };
  const last = decisions.find(({ decision }) => decision.target === choices.target) ?? decisions[0];
  return last ? { isCurrent: false, decision: last.decision } : null;
}

/** The cost of thresholds that were measured for these choices; undefined if they were not measured. */
export function findMeasured(
  { measured }: BestDecisions,
  choices: BestChoices,
  thresholds: Readonly<Record<string, number>>,
): OutputCost | undefined {
  const [basis, hash] = [bestBasis(choices), thresholdsHash(thresholds)];
  return measured.find((entry) => entry.basis === basis && entry.thresholds === hash)?.cost;
}

export function thresholdsHash(thresholds: Readonly<Record<string, number>>): string {
  return hashOf(sorted(thresholds));
}

/**
 * Hash that is equal for choices that lead to the same decision. The order of the layers in the plan does not matter.
 */
function bestBasis({ plan, target, percentile }: BestChoices): string {
  const { layers, repairs = {}, ...policy } = plan;
  const isOn = Object.fromEntries(Object.entries(repairs).filter(([, on]) => on));
  return hashOf({ layers: sorted(layers), policy: sorted(policy), repairs: sorted(isOn), target, percentile });
}

function sorted(record: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
