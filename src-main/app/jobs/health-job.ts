import type { HealthSpec } from '../../../src-shared/contract/job-specs';
import { fieldFindings, skippedFindings } from '../../../src-shared/domain/health/field-findings';
import { bySeverity, type HealthFinding, type HealthResult } from '../../../src-shared/domain/health/health';
import {
  convergenceFindings,
  corruptFindings,
  duplicateFindings,
  labelFindings,
} from '../../../src-shared/domain/health/health-findings';
import { DEFAULT_HEALTH_LIMITS, type HealthLimits } from '../../../src-shared/domain/health/health-limits';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import { saveAnalysis } from '../analysis/analysis-store';
import { ensureCalibration } from '../health/calibration-record';
import { asFoldSet, collectHealth, dealFolds, foldCount, type CollectTask } from '../health/collect';
import { loadFieldSet } from '../health/field-images';
import { methodOfTensor, quickChecks } from '../health/quick-checks';
import { asFewGroups, measureTensors, withoutSkipped } from '../health/tensor-measurement';
import type { JobContext } from '../job-context';
import { currentCalibration, loadSet, openCalibration, prepared } from '../projects/workspace';

/**
 * Checks the calibration set for faults, and compares images from the field with it if a path is given. The project is
 * calibrated first if it has no calibration.
 */
export async function healthJob(spec: HealthSpec, job: JobContext): Promise<HealthResult> {
  const result = await measureHealth(spec, job);
  await saveAnalysis(job.workspace, 'health', 'health', result);
  return result;
}

/** The same without storing the result. */
export async function measureHealth(spec: HealthSpec, job: JobContext): Promise<HealthResult> {
  const { workspace, services } = job;
  const startedAt = performance.now();
  const limits: HealthLimits = { ...DEFAULT_HEALTH_LIMITS, ...spec.limits };
  // A wrong path must fail before the passes over the images, which take long.
  const field =
    spec.againstPath === undefined ? null : asFewGroups(await loadFieldSet(workspace, spec.againstPath, spec.limit));
  await ensureCalibration(spec.threads, job);
  const model = await prepared(workspace, services.compute, job);
  const calibration = await openCalibration(workspace);
  const calibrated = await loadSet(workspace, 'calibration', currentCalibration(workspace)?.limit ?? undefined);
  const quick = quickChecks(workspace, { calibration, model, set: calibrated, limits });
  const set = spec.limit === undefined ? calibrated : await loadSet(workspace, 'calibration', spec.limit);
  const validation = workspace.file.validationSet ? await loadSet(workspace, 'validation', spec.limit) : null;
  const checked = await services.compute.request('check-images', { sets: setsToCheck(set, validation) }, job);

  const task: CollectTask = { job, threads: spec.threads, phase: 'collecting folds' };
  const maxFolds = foldCount(calibration.index.tensors.length);
  const dealt = await dealFolds(set, maxFolds, job);
  const folds = await collectHealth(asFoldSet(set, dealt), maxFolds, task);
  const measured = await measureTensors({
    quick,
    groups: withoutSkipped(dealt, folds),
    folds,
    calibration,
    field,
    task,
  });

  const methodOf = methodOfTensor(workspace.file);
  const findings: readonly HealthFinding[] = [
    ...corruptFindings(checked.corrupt),
    ...quick.findings,
    ...duplicateFindings(checked.duplicates),
    ...labelFindings(validation?.truthFacts),
    ...convergenceFindings(measured.convergence, limits),
    ...(measured.against === null ? [] : fieldFindings(measured.against, methodOf, limits)),
    ...skippedFindings(measured.fieldSkipped),
  ];
  return {
    findings: bySeverity(findings),
    groups: quick.groups,
    images: calibration.index.images,
    duplicates: checked.duplicates,
    maxima: quick.maxima,
    convergence: measured.convergence,
    against: measured.against,
    limits,
    target: workspace.file.target,
    seconds: (performance.now() - startedAt) / 1000,
    createdAt: new Date().toISOString(),
  };
}

function setsToCheck(calibration: ImageSet, validation: ImageSet | null) {
  return [
    { set: 'calibration' as const, entries: calibration.entries },
    ...(validation ? [{ set: 'validation' as const, entries: validation.entries }] : []),
  ];
}
