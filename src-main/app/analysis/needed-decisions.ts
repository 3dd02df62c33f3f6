import type { Method } from '../../../src-shared/domain/project/methods';
import type { Target } from '../../../src-shared/domain/project/precision';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { findBest } from '../../calibration/histograms/best-decisions';
import type { JobContext } from '../job-context';
import { currentCalibration, openCalibration, requireCalibration } from '../projects/workspace';
import { chooseAutoThresholds } from './auto-thresholds';
import { decideBestMethod, ownThresholds } from './best-decision';
import { needsThresholds } from '../variants/recipe';

/** Variants whose thresholds are needed. */
interface NeededFor {
  readonly variants: readonly string[];
  readonly target: Target;
  /** Threads of the measurement; one per core if absent. */
  readonly threads?: number | undefined;
}

/**
 * Chooses the thresholds of the methods `auto` and `best` if one of the variants uses them and they are missing.
 * Every build of variants is preceded by this step.
 * @throws WorkbenchError calibration-missing if a variant uses auto and the project is not calibrated
 */
export async function ensureThresholds(needed: NeededFor, job: JobContext): Promise<void> {
  await ensureAutoFor(needed, job);
  await ensureBestFor(needed, job);
}

/**
 * Chooses the thresholds of method auto if one of the variants uses it and there are none. Existing ones are kept, even
 * if the plan has changed since they were chosen.
 */
export async function ensureAutoFor({ variants, target }: NeededFor, job: JobContext): Promise<void> {
  const { workspace } = job;
  if (!variants.some((variant) => usesMethod('auto', variant, workspace.file))) return;
  if (requireCalibration(workspace).autoThresholds()) return;
  await chooseAutoThresholds({ kind: 'auto', projectPath: workspace.path, target }, job);
}

/**
 * Decides the method `best` if one of the variants uses it and the stored decision is not current. Without a
 * calibration nothing happens: the step that needs one reports that it is missing.
 */
export async function ensureBestFor({ variants, target, threads }: NeededFor, job: JobContext): Promise<void> {
  const { workspace } = job;
  if (currentCalibration(workspace) === null) return;
  if (!variants.some((variant) => usesMethod('best', variant, workspace.file))) return;
  await decideBestMethod({ target, threads }, job);
}

/**
 * Like ensureBestFor, for a variant that is written as a model file. If the project's thresholds were chosen by hand
 * and a current decision is stored, their cost is measured too, so that a warning can compare them.
 */
export async function ensureCosts(
  { variant, target }: { readonly variant: string; readonly target: Target },
  job: JobContext,
): Promise<void> {
  const { workspace } = job;
  const name = parseVariant(variant);
  if (currentCalibration(workspace) === null || !needsThresholds(name)) return;
  const choices = { ...workspace.file, target };
  const calibration = await openCalibration(workspace);
  const isDecided = findBest(calibration.bestDecisions(), choices)?.isCurrent === true;
  const isByHand = name.method === null && ownThresholds(calibration, choices) !== null;
  if (usesMethod('best', variant, workspace.file) || (isByHand && isDecided)) await decideBestMethod({ target }, job);
}

/** Whether a variant takes thresholds from a method: by its name, or through the methods that the project chooses. */
function usesMethod(method: Method, variant: string, file: Pick<ProjectFile, 'method' | 'tensorMethods'>): boolean {
  const name = parseVariant(variant);
  if (name.method !== null) return name.method === method;
  return needsThresholds(name) && (file.method === method || Object.values(file.tensorMethods).includes(method));
}
