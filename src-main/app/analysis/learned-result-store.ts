import { mkdir } from 'node:fs/promises';
import { object, oneOf, string } from '../../../src-shared/base/schema';
import type { Dated } from '../../../src-shared/contract/views';
import { learnResultSchema, type LearnResult } from '../../../src-shared/domain/analysis/repair';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';
import { currentCalibrationKey, type Workspace } from '../projects/workspace';

const NAME = 'learned';
const storedSchema = object({ version: oneOf(1), calibration: string, result: learnResultSchema });

/** Stores what a learned repair gained, which replaces the previous result. */
export async function saveLearnedResult(workspace: Workspace, result: LearnResult): Promise<void> {
  const calibration = currentCalibrationKey(workspace) ?? '';
  await mkdir(workspace.paths.analysisDir, { recursive: true });
  await writeFileAtomic(workspace.paths.analysisFile(NAME), JSON.stringify({ version: 1, calibration, result }));
}

/** The last learned repair, which belongs to a calibration and a target; null if there is none, or if it is damaged. */
export function loadLearnedResult(workspace: Workspace): Dated<LearnResult> | null {
  const stored = readStoredJson(workspace.paths.analysisFile(NAME), storedSchema);
  if (stored === null) return null;
  const { calibration, result } = stored;
  const isCurrent = calibration === currentCalibrationKey(workspace) && result.target === workspace.file.target;
  return { result, isCurrent };
}
