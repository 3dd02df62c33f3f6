import { resolve } from 'node:path';
import { throwIfAborted } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import type { HealthSpec } from '../../../src-shared/contract/job-specs';
import { convergencePoint, type TensorLoss } from '../../../src-shared/domain/health/convergence';
import {
  bySeverity,
  type ConvergencePoint,
  type FieldComparison,
  type HealthFinding,
  type HealthResult,
} from '../../../src-shared/domain/health/health';
import { fieldFindings, skippedFindings } from '../../../src-shared/domain/health/field-findings';
import {
  convergenceFindings,
  corruptFindings,
  duplicateFindings,
} from '../../../src-shared/domain/health/health-findings';
import { DEFAULT_HEALTH_LIMITS, type HealthLimits } from '../../../src-shared/domain/health/health-limits';
import { imageId, type ImageSet } from '../../../src-shared/domain/project/image-set';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { saveAnalysis } from '../analysis/analysis-store';
import { asFoldSet, collectHealth, dealFolds, foldCount, type CollectTask, type GroupFolds } from '../health/collect';
import { lossesOf, partImages } from '../health/convergence';
import { FieldMeasurement } from '../health/field-comparison';
import { FIELD_VARIANT, fieldOutputErrors } from '../health/field-outputs';
import { loadFieldSet } from '../health/field-set';
import { methodOfTensor } from '../health/group-costs';
import { quickChecks, type QuickChecks } from '../health/quick-checks';
import { currentCalibration, loadSet, openCalibration, prepared, type Workspace } from '../projects/workspace';
import { collectJob } from './calibrate-job';
import type { JobContext } from '../job-context';
import { ensureBestFor } from '../analysis/needed-decisions';

/** Groups of the field beyond this number are taken as one. */
const MAX_FIELD_GROUPS = 16;

/** Checks the calibration set before it is trusted, and images from the field against it. Calibrates first, where that was not done. */
export async function healthJob(spec: HealthSpec, job: JobContext): Promise<HealthResult> {
  const { workspace, services } = job;
  const startedAt = performance.now();
  const limits: HealthLimits = { ...DEFAULT_HEALTH_LIMITS, ...spec.limits };
  // What cannot be found must not wait for the passes.
  const field =
    spec.againstPath === undefined ? null : asFewGroups(await loadFieldSet(workspace, spec.againstPath, spec.limit));
  if (currentCalibration(workspace) === null) {
    const { threads } = spec;
    await collectJob(
      { kind: 'calibrate', projectPath: spec.projectPath, ...(threads === undefined ? {} : { threads }) },
      job,
    );
  }
  await ensureBestFor({ variants: ['mixed'], target: workspace.file.target, threads: spec.threads }, job);
  const model = await prepared(workspace, services.compute, job);
  const calibration = await openCalibration(workspace);
  const calibrated = await loadSet(workspace, 'calibration', currentCalibration(workspace)?.limit ?? undefined);
  const quick = quickChecks(workspace, { calibration, model, set: calibrated, limits });
  const set = spec.limit === undefined ? calibrated : await loadSet(workspace, 'calibration', spec.limit);
  const checked = await services.compute.request(
    'check-images',
    { sets: await setsToCheck(workspace, set, spec.limit) },
    job,
  );

  const task: CollectTask = { job, threads: spec.threads, phase: 'collecting folds' };
  const maxFolds = foldCount(calibration.index.tensors.length);
  const dealt = await dealFolds(set, maxFolds, job);
  const folds = await collectHealth(asFoldSet(set, dealt), maxFolds, task);
  const measured = await measure({
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
    ...convergenceFindings(measured.convergence, limits),
    ...(measured.against === null ? [] : fieldFindings(measured.against, methodOf, limits)),
    ...skippedFindings(measured.fieldSkipped),
  ];
  const result: HealthResult = {
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
  await saveAnalysis(workspace, 'health', 'health', result);
  return result;
}

async function setsToCheck(workspace: Workspace, calibration: ImageSet, limit: number | undefined) {
  const validation = workspace.file.validationSet ? await loadSet(workspace, 'validation', limit) : null;
  return [
    { set: 'calibration' as const, entries: calibration.entries },
    ...(validation ? [{ set: 'validation' as const, entries: validation.entries }] : []),
  ];
}

function asFewGroups(field: ImageSet): ImageSet {
  if (field.groups.length <= MAX_FIELD_GROUPS) return field;
  return { ...field, entries: field.entries.map((entry) => ({ ...entry, group: 'all' })), groups: ['all'] };
}

/** Folds without the images that could not be read. */
function withoutSkipped(groups: readonly GroupFolds[], folds: StoredCalibration): readonly GroupFolds[] {
  const skipped = new Set(folds.index.skipped.map(({ file }) => file));
  return groups.map(({ group, folds: parts }) => ({
    group,
    folds: parts.map((images) => images.filter((image) => !skipped.has(imageId(image)))),
  }));
}

interface MeasureTask {
  readonly quick: QuickChecks;
  readonly groups: readonly GroupFolds[];
  readonly folds: StoredCalibration;
  readonly calibration: StoredCalibration;
  readonly field: ImageSet | null;
  readonly task: CollectTask;
}

interface Measured {
  readonly convergence: readonly ConvergencePoint[];
  readonly against: FieldComparison | null;
  readonly fieldSkipped: StoredCalibration['index']['skipped'];
}

/** Goes through the tensors once: their convergence, and the field's images beside the folds. */
async function measure({ quick, groups, folds, calibration, field, task }: MeasureTask): Promise<Measured> {
  const { job } = task;
  const { workspace } = job;
  const collected =
    field && (await collectHealth(field, MAX_FIELD_GROUPS, { ...task, phase: 'collecting images from the field' }));
  const fieldSkipped = collected?.index.skipped ?? [];
  const isSkipped = new Set(fieldSkipped.map(({ file }) => file));
  const fieldImages = Object.fromEntries(
    (field?.groups ?? []).map((group) => [
      group,
      field?.entries.filter((entry) => entry.group === group && !isSkipped.has(imageId(entry))).length ?? 0,
    ]),
  );
  const measurement = new FieldMeasurement(groups, fieldImages);
  const amaxOf = new Map(calibration.index.tensors.map(({ name, thresholds }) => [name, thresholds.minmax]));
  const methodOf = methodOfTensor(workspace.file);
  const losses: (readonly TensorLoss[])[] = [];
  for (const [done, tensor] of quick.tensors.entries()) {
    job.onProgress?.({ phase: 'comparing histograms', done, total: quick.tensors.length, unit: 'tensors' });
    await new Promise((resolveTurn) => setImmediate(resolveTurn)); // cancels and events must get through
    throwIfAborted(job.signal);
    const histograms = folds.groups(tensor);
    const lost = lossesOf(tensor, groups, histograms, {
      method: methodOf(tensor),
      percentile: workspace.file.percentile,
    });
    if (lost !== null) losses.push(lost);
    if (collected)
      measurement.add(
        { tensor, folds: histograms, field: collected.groups(tensor) },
        ownValue(quick.thresholds, tensor) ?? 0,
        amaxOf.get(tensor) ?? 0,
      );
  }
  const convergence =
    losses.length === 0
      ? []
      : partImages(groups).map((images, part) =>
          convergencePoint(
            images,
            losses.flatMap((lost) => lost[part] ?? []),
          ),
        );
  if (field === null) return { convergence, against: null, fieldSkipped };
  const outputs = await fieldOutputErrors(field, task.threads, job);
  const compared = measurement.finish(outputs);
  const worst = Object.values(compared.groups).reduce(
    (most, group) => (group.driftAtLeast > most.driftAtLeast ? group : most),
    { drift: 0, driftAtLeast: 0 },
  );
  return {
    convergence,
    fieldSkipped,
    against: {
      path: resolve(field.root),
      images: Object.values(fieldImages).reduce((sum, count) => sum + count, 0),
      skipped: fieldSkipped.length,
      variant: FIELD_VARIANT,
      drift: worst.drift,
      driftAtLeast: worst.driftAtLeast,
      ...compared,
    },
  };
}
