import { throwIfAborted, WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { DuplicatePair, HealthFinding, HealthImage } from '../../../src-shared/domain/health/health';
import { duplicateFindings } from '../../../src-shared/domain/health/health-findings';
import { DEFAULT_HEALTH_LIMITS } from '../../../src-shared/domain/health/health-limits';
import { imageId, type ImageEntry, type ImageSet } from '../../../src-shared/domain/project/image-set';
import { imageHash } from '../../calibration/images/image-set';
import type { Model } from '../../onnx/graph/model';
import type { JobContext } from '../job-context';
import { loadSet, openCalibration, prepared, type Workspace } from '../projects/workspace';
import { quickChecks } from './quick-checks';

/** Number of images of each set that a run uses; undefined for all. */
export interface SetLimits {
  readonly calibration: number | undefined;
  readonly validation: number | undefined;
}

/**
 * Warnings of a run about its calibration set, from the checks that need no pass over the images. The calibration
 * itself warns of too few images.
 */
export async function healthWarnings(limits: SetLimits, job: JobContext): Promise<readonly Warning[]> {
  const { workspace, services } = job;
  const calibration = await loadSet(workspace, 'calibration', limits.calibration);
  const validation = workspace.file.validationSet ? await loadSet(workspace, 'validation', limits.validation) : null;
  const model = await prepared(workspace, services.compute, job);
  const quick = (await quickFindings(workspace, model, calibration)).filter(({ code }) => code !== 'few-images');
  const duplicates = duplicateFindings(await exactDuplicates({ calibration, validation }, job));
  return [...quick, ...duplicates]
    .filter(({ severity }) => severity !== 'info')
    .map(({ code, message }) => ({ code, message }));
}

async function quickFindings(workspace: Workspace, model: Model, set: ImageSet): Promise<readonly HealthFinding[]> {
  try {
    return quickChecks(workspace, {
      calibration: await openCalibration(workspace),
      model,
      set,
      limits: DEFAULT_HEALTH_LIMITS,
    }).findings;
  } catch (error) {
    // The run may contain only variants that do not use the project's own thresholds.
    if (error instanceof WorkbenchError && error.code === 'calibration-missing') return [];
    throw error;
  }
}

async function exactDuplicates(
  { calibration, validation }: { readonly calibration: ImageSet; readonly validation: ImageSet | null },
  context: TaskContext,
): Promise<readonly DuplicatePair[]> {
  const of = (set: HealthImage['set'], entries: readonly ImageEntry[]) =>
    entries.map((entry) => ({ image: { set, id: imageId(entry) }, entry }));
  const images = [...of('calibration', calibration.entries), ...of('validation', validation?.entries ?? [])];
  const firstOf = new Map<string, HealthImage>();
  const pairs: DuplicatePair[] = [];
  for (const { image, entry } of images) {
    throwIfAborted(context.signal);
    const hash = await imageHash(entry);
    const first = firstOf.get(hash);
    if (first === undefined) firstOf.set(hash, image);
    else pairs.push({ kind: 'exact', first, second: image });
  }
  return pairs;
}
