import type { ProjectDecisions } from '../../../src-shared/contract/requests';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { isSame } from '../../state/decision-history';

/** What a run decided about thresholds and precision; its target may have been the backend's. */
type RunDecisions = Pick<ProjectDecisions, 'method' | 'percentile' | 'tensorMethods' | 'manualThresholds' | 'plan'>;

export function decisionsOfRun({ options }: Pick<RunRecord, 'options'>): RunDecisions {
  const { method, percentile, tensorMethods, manualThresholds, plan } = options;
  return { method, percentile, tensorMethods, manualThresholds, plan };
}

/** False: the project says something else than the run was made with, because it was edited since or because the run searched. */
export function isOfProject(record: Pick<RunRecord, 'options'>, file: RunDecisions): boolean {
  const { method, percentile, tensorMethods, manualThresholds, plan } = file;
  return isSame(decisionsOfRun(record), { method, percentile, tensorMethods, manualThresholds, plan });
}
