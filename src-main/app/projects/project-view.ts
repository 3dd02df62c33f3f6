import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ProjectView, RunSummary } from '../../../src-shared/contract/views';
import { UNDECIDED_METHOD } from '../../../src-shared/domain/project/methods';
import { readError } from '../../base/file-errors';
import { bestView } from '../../calibration/histograms/threshold-table';
import { listRuns, loadRun } from '../../runs/run-store';
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

/** More runs than these are in the history only, which reads them in short. */
const NEWEST_RUNS = 100;

/** The newest runs of a project in full, newest first. Runs that cannot be read are left out. */
export async function runSummaries(projectPath: string): Promise<readonly RunSummary[]> {
  const runs: RunSummary[] = [];
  for (const { runId, path } of (await listRuns(projectPath)).slice(-NEWEST_RUNS)) {
    try {
      runs.unshift({ runId, record: await loadRun(projectPath, runId), report: join(path, 'report.html') });
    } catch (error) {
      // A run that a newer version wrote, or that was damaged, must not hide the others.
      if (!(error instanceof WorkbenchError)) throw error;
    }
  }
  return runs;
}

/** The HTML report of a run. @throws WorkbenchError not-found */
export async function runReport(projectPath: string, runId: string): Promise<string> {
  const path = artifactPaths(projectPath).reportFile(runId);
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(error, path, 'Report');
  });
}
