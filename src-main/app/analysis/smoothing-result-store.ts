import { mkdir } from 'node:fs/promises';
import type { Dated } from '../../../src-shared/contract/views';
import { hasRepair, withSmoothing } from '../../../src-shared/domain/project/precision';
import { smoothingResultSchema, type SmoothingResult } from '../../../src-shared/domain/analysis/smoothing';
import { object, oneOf, string, type InferOutput } from '../../../src-shared/base/schema';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';
import { calibrationIfAny, currentCalibrationKey, shortHash, workspaceOf, type Workspace } from '../projects/workspace';

const storedSchema = object({ version: oneOf(1), basis: string, result: smoothingResultSchema });
type Stored = InferOutput<typeof storedSchema>;

/** A search for the equalized model does not replace the one for the model as it was given. */
function fileOf({ file, paths }: Workspace): string {
  return paths.analysisFile(hasRepair(file.plan, 'equalization') ? 'smoothing-equalized' : 'smoothing');
}

/** Hash of everything that the search depends on: the project without the factors that its plan may name. */
function basisOf({ path, file, cache }: Workspace, variant: string): string {
  const { model, method, percentile, tensorMethods, manualThresholds, target, task } = file;
  const plan = withSmoothing(file.plan, null);
  const unsmoothed = workspaceOf(path, { ...file, plan }, cache);
  return shortHash({
    model: model.sha256,
    calibration: currentCalibrationKey(unsmoothed),
    auto: calibrationIfAny(unsmoothed)?.autoThresholds() ?? null,
    method,
    percentile,
    tensorMethods,
    manualThresholds,
    plan,
    target,
    variant,
    // Factors for a detector are chosen by the candidates that its decoder reads.
    ...(task?.kind === 'detection' ? { task } : {}),
  });
}

/** Stores the search, which replaces the previous one. */
export async function saveSmoothingResult(
  workspace: Workspace,
  variant: string,
  result: SmoothingResult,
): Promise<void> {
  await mkdir(workspace.paths.analysisDir, { recursive: true });
  await writeFileAtomic(
    fileOf(workspace),
    JSON.stringify({ version: 1, basis: basisOf(workspace, variant), result } satisfies Stored, null, 1),
  );
}

/** The last search; null when there is none, or when it is damaged: it can be made again. */
export function loadSmoothingResult(workspace: Workspace): Dated<SmoothingResult> | null {
  const stored = readStoredJson(fileOf(workspace), storedSchema);
  if (stored === null) return null;
  const { basis, result } = stored;
  return { result, isCurrent: basis === basisOf(workspace, 'mixed') && result.target === workspace.file.target };
}
