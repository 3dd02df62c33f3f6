import type { ValidateResult } from '../../../src-shared/contract/job-results';
import type { ValidateSpec } from '../../../src-shared/contract/job-specs';
import { ensureThresholds } from '../analysis/needed-decisions';
import { defaultThreads, type JobContext } from '../job-context';
import { allowedMetricHash } from '../projects/metric-consent';
import { projectFeeding, loadSet, prepared } from '../projects/workspace';
import { buildVariants } from '../variants/builder';
import { distinctEngines, withRepetitions } from '../variants/built-variant';
import { evaluateBuilt } from '../variants/evaluation';
import { variantOptions, withFixedBatch, type VariantOptions } from '../variants/options';

const DEFAULT_VARIANTS = ['fp32', 'int8', 'mixed'];

/** Runs variants over the validation set. fp32 always runs first, since the others are compared with it. */
export async function validateJob(spec: ValidateSpec, job: JobContext): Promise<ValidateResult> {
  const { workspace, services } = job;
  await allowedMetricHash(workspace.file.task, services.userDataDir);
  const options = withFixedBatch(
    variantOptions(spec, workspace, DEFAULT_VARIANTS),
    spec,
    projectFeeding(workspace, await prepared(workspace, services.compute, job)),
  );
  const set = await loadSet(workspace, 'validation', spec.limit);
  const withReference: VariantOptions = {
    ...options,
    variants: ['fp32', ...options.variants.filter((variant) => variant !== 'fp32')],
  };
  await ensureThresholds(withReference, job);
  const built = await buildVariants(withReference, job);
  const { reports, ...evaluated } = await evaluateBuilt(
    distinctEngines(built),
    { set, options, threads: spec.threads ?? defaultThreads() },
    job,
  );
  return {
    ...evaluated,
    classNames: set.classNames,
    backend: options.backend,
    target: options.target,
    variants: withRepetitions(reports, built).filter(({ variant }) => options.variants.includes(variant)),
  };
}
