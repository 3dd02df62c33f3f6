import { mkdir } from 'node:fs/promises';
import type { Dated } from '../../../src-shared/contract/views';
import { withoutRepairs } from '../../../src-shared/domain/project/precision';
import { repairResultSchema, type RepairResult } from '../../../src-shared/domain/analysis/repair';
import { object, oneOf, string, type InferOutput } from '../../../src-shared/base/schema';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';
import { storedPath } from '../projects/project-store';
import { currentCalibrationKey, calibrationIfAny, shortHash, workspaceOf, type Workspace } from '../projects/workspace';

/** Since version 2, SQNR is that of the worst output, and agreement exists for classifications only. */
const REPAIR_VERSION = 2;
const NAME = 'repair';

const storedSchema = object({ version: oneOf(REPAIR_VERSION), basis: string, result: repairResultSchema });
type Stored = InferOutput<typeof storedSchema>;

/** Hash of everything that the comparison depends on. The repairs are not part of it: all combinations are compared. */
function basisOf({ path, file, cache }: Workspace): string {
  const { model, validationSet, method, percentile, tensorMethods, manualThresholds, importedThresholds, target } =
    file;
  const plan = withoutRepairs(file.plan);
  const unrepaired = workspaceOf(path, { ...file, plan }, cache);
  const calibration = currentCalibrationKey(unrepaired);
  const auto = calibrationIfAny(unrepaired)?.autoThresholds() ?? null;
  const learned = calibrationIfAny(unrepaired)?.learnedParameters() ?? null;
  const validation = validationSet && storedPath(path, validationSet.path);
  return shortHash({
    model: model.sha256,
    calibration,
    validation,
    method,
    percentile,
    tensorMethods,
    manualThresholds,
    importedThresholds,
    auto,
    ...(learned === null ? {} : { learned }),
    plan,
    target,
  });
}

/** Stores the comparison of repairs, which replaces the previous one. */
export async function saveRepair(workspace: Workspace, result: RepairResult): Promise<void> {
  await mkdir(workspace.paths.analysisDir, { recursive: true });
  await writeFileAtomic(
    workspace.paths.analysisFile(NAME),
    JSON.stringify({ version: REPAIR_VERSION, basis: basisOf(workspace), result } satisfies Stored, null, 1),
  );
}

/** The last comparison of repairs; null when there is none, or when it is damaged: it can be made again. */
export function loadRepair(workspace: Workspace): Dated<RepairResult> | null {
  const stored = readStoredJson(workspace.paths.analysisFile(NAME), storedSchema);
  if (stored === null) return null;
  const { basis, result } = stored;
  return { result, isCurrent: basis === basisOf(workspace) && result.target === workspace.file.target };
}
