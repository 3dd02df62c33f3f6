import { readFile } from 'node:fs/promises';
import type { ProjectView } from '../../../src-shared/contract/views';
import { UNDECIDED_METHOD } from '../../../src-shared/domain/project/methods';
import { readError } from '../../base/file-errors';
import { bestView } from '../../calibration/histograms/threshold-table';
import { artifactPaths } from './artifact-paths';
import { calibrationIfAny, isCalibrationStale, type Workspace } from './workspace';

/** The project file, whether there is a calibration for it, and what was decided for method best. */
export function projectView(workspace: Workspace): ProjectView {
  const { path, file } = workspace;
  const calibration = calibrationIfAny(workspace);
  if (calibration === null)
    return { path, file, calibrated: false, ...(isCalibrationStale(workspace) ? { calibrationIsStale: true } : {}) };
  const best = bestView(calibration, file);
  return {
    path,
    file,
    calibrated: true,
    ...(file.method === 'best' ? { chosenMethod: best?.decision.chosenMethod ?? UNDECIDED_METHOD } : {}),
    ...(best === null ? {} : { best }),
  };
}

/** The HTML report of a run. @throws WorkbenchError not-found */
export async function runReport(projectPath: string, runId: string): Promise<string> {
  const path = artifactPaths(projectPath).reportFile(runId);
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(error, path, 'Report');
  });
}
