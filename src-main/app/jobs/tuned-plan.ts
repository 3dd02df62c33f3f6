import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TuneSpec } from '../../../src-shared/contract/job-specs';
import type { TuningSummary } from '../../../src-shared/domain/analysis/tuning';
import type { BackendId } from '../../../src-shared/domain/project/precision';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { JobContext } from '../job-context';
import type { Workspace } from '../projects/workspace';
import { withLayers } from '../tuning/tuning-setup';
import { tuneJob } from './tune-job';

/** The fields of a job specification that a tuning within the job needs. */
export interface TuningWithin extends Pick<TuneSpec, 'threads' | 'rounds' | 'tensorrt'> {
  readonly tunes?: boolean;
  readonly backend?: BackendId;
}

/**
 * Checks before any work that a job can tune what it shows as variant mixed.
 * @throws WorkbenchError usage
 */
export function requireTunable(
  { tunes, backend }: TuningWithin,
  { what, variants }: { readonly what: string; readonly variants: readonly string[] },
): void {
  const isMixed = variants.some((variant) => parseVariant(variant).kind === 'mixed');
  if (!tunes || (backend === 'tensorrt' && isMixed)) return;
  throw new WorkbenchError(
    'usage',
    `${what} that tunes needs the backend tensorrt, and shows the placement that it finds as variant mixed`,
    { hint: 'Choose the backend tensorrt, and add mixed to the variants.' },
  );
}

/**
 * Tunes the placement if the specification asks for it. Returns the project with the plan of the fastest engine, for
 * this job only, and the summary of the tuning.
 *
 * @param mayTry false: layers that the rules keep out of INT8 stay out of it.
 */
export async function withTunedPlan(
  {
    spec,
    variants,
    mayTry = true,
  }: {
    readonly spec: TuningWithin;
    readonly variants: readonly string[];
    readonly mayTry?: boolean;
  },
  job: JobContext,
): Promise<{ readonly workspace: Workspace; readonly tuning?: TuningSummary }> {
  const { workspace } = job;
  if (!spec.tunes) return { workspace };
  const { threads, rounds, tensorrt } = spec;
  const { candidates, chosen, summary } = await tuneJob(
    {
      kind: 'tune',
      projectPath: workspace.path,
      variant: variants.find((variant) => parseVariant(variant).kind === 'mixed') ?? 'mixed',
      mayTry,
      ...(threads === undefined ? {} : { threads }),
      ...(rounds === undefined ? {} : { rounds }),
      ...(tensorrt === undefined ? {} : { tensorrt }),
    },
    job,
  );
  const { layers } = candidates[chosen] ?? { layers: workspace.file.plan.layers };
  return { workspace: withLayers(job, layers).workspace, tuning: { summary, layers } };
}
