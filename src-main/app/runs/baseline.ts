import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { hardwareOf } from '../../../src-shared/domain/history/history-entry';
import type { Baseline } from '../../../src-shared/domain/runs/gates';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { readHistory } from '../../runs/history';
import { isRunId, loadRunIn } from '../../runs/run-store';

/**
 * The record of the run that a run is compared with.
 * @param name the id of a run, or a branch: its newest run of the same project that was finished.
 * @param runsDirs folders of runs, searched in this order.
 * @returns null if no run of the branch was recorded yet.
 * @throws WorkbenchError not-found for the id of a run that does not exist
 */
export async function findBaseline(
  name: string,
  { project, runsDirs }: { readonly project: string; readonly runsDirs: readonly string[] },
): Promise<RunRecord | null> {
  for (const dir of runsDirs) {
    const { entries } = await readHistory(dir);
    const found = entries.find((entry) =>
      isRunId(name) ? entry.runId === name : entry.project === project && entry.branch === name,
    );
    if (found !== undefined) return loadRunIn(dir, found.runId);
  }
  if (!isRunId(name)) return null;
  throw new WorkbenchError('not-found', `There is no run ${name} in ${runsDirs.join(' or ')}`, {
    hint: advise('list-runs'),
  });
}

/** An earlier run as the gates see it. */
export function asBaseline(
  earlier: RunRecord,
  record: Pick<RunRecord, 'sets'> & { readonly hardware: string },
): Baseline {
  const { validation } = earlier.sets;
  return {
    runId: earlier.runId,
    rows: earlier.table,
    shipped: earlier.shipped,
    validation: earlier.validation,
    drift: earlier.drift,
    isSameHardware: hardwareOf(earlier) === record.hardware,
    isSameValidation: validation?.manifestSha256 === record.sets.validation?.manifestSha256,
  };
}
