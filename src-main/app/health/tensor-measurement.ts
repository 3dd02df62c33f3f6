import { resolve } from 'node:path';
import { throwIfAborted } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import { convergencePoint, type TensorLoss } from '../../../src-shared/domain/health/convergence';
import type { ConvergencePoint, FieldComparison } from '../../../src-shared/domain/health/health';
import { imageId, type ImageSet } from '../../../src-shared/domain/project/image-set';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { collectHealth, type CollectTask, type GroupFolds } from './collect';
import { lossesOf, partImages } from './convergence';
import { FieldMeasurement } from './field-comparison';
import { FIELD_VARIANT, fieldOutputErrors } from './field-images';
import { methodOfTensor, type QuickChecks } from './quick-checks';

/** If images from the field have more groups than this, they are compared as one group. */
const MAX_FIELD_GROUPS = 16;

/** The set with all its groups merged into one, if it has more groups than the comparison can handle. */
export function asFewGroups(field: ImageSet): ImageSet {
  if (field.groups.length <= MAX_FIELD_GROUPS) return field;
  return { ...field, entries: field.entries.map((entry) => ({ ...entry, group: 'all' })), groups: ['all'] };
}

/** The folds without images that could not be read. */
export function withoutSkipped(groups: readonly GroupFolds[], folds: StoredCalibration): readonly GroupFolds[] {
  const skipped = new Set(folds.index.skipped.map(({ file }) => file));
  return groups.map(({ group, folds: parts }) => ({
    group,
    folds: parts.map((images) => images.filter((image) => !skipped.has(imageId(image)))),
  }));
}

/** What the measurement reads. */
interface MeasureTask {
  readonly quick: QuickChecks;
  readonly groups: readonly GroupFolds[];
  readonly folds: StoredCalibration;
  readonly calibration: StoredCalibration;
  /** Images from the field; null if the calibration set alone is checked. */
  readonly field: ImageSet | null;
  readonly task: CollectTask;
}

/** Findings about the tensors. */
interface Measured {
  readonly convergence: readonly ConvergencePoint[];
  readonly against: FieldComparison | null;
  readonly fieldSkipped: StoredCalibration['index']['skipped'];
}

/** Visits every tensor once to measure its convergence, and to compare images from the field with the folds. */
export async function measureTensors({
  quick,
  groups,
  folds,
  calibration,
  field,
  task,
}: MeasureTask): Promise<Measured> {
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
    await new Promise((resolveTurn) => setImmediate(resolveTurn)); // lets cancel requests and events through
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
