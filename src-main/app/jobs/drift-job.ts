import { throwIfAborted } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import type { JobResults } from '../../../src-shared/contract/job-results';
import type { DriftSpec } from '../../../src-shared/contract/job-specs';
import { imageId } from '../../../src-shared/domain/project/image-set';
import { collectIfAny } from '../health/collect';
import { calibrationRecord } from '../health/calibration-record';
import { FieldMeasurement } from '../health/field-comparison';
import { BATCH_GROUP, loadFieldPool } from '../health/field-pool';
import type { JobContext } from '../job-context';

/** Tensors that a result names. */
const NAMED_TENSORS = 8;

/**
 * Compares images from the field with the calibration record, as one group. Images that cannot be read are named in the
 * result; if all are, `images` is 0.
 */
export async function driftJob(spec: DriftSpec, job: JobContext): Promise<JobResults['drift']> {
  const startedAt = performance.now();
  const { workspace } = job;
  const record = await calibrationRecord(spec.threads, job);
  const pool = await loadFieldPool(workspace, spec);
  const collected = await collectIfAny(pool, 1, {
    job,
    threads: spec.threads,
    phase: 'collecting images from the field',
  });
  const { found, skipped } = collected;
  const unread = new Set(skipped.map(({ file }) => file));
  const images = pool.entries.filter((entry) => !unread.has(imageId(entry))).length;
  const measurement = new FieldMeasurement(record.groups, { [BATCH_GROUP]: images });
  const amaxOf = new Map(record.calibration.index.tensors.map(({ name, thresholds }) => [name, thresholds.minmax]));
  for (const tensor of record.tensors) {
    if (found === null) break;
    await new Promise((resolve) => setImmediate(resolve)); // lets cancel requests and events through
    throwIfAborted(job.signal);
    measurement.add(
      { tensor, folds: record.folds.groups(tensor), field: { [BATCH_GROUP]: found.total(tensor) } },
      ownValue(record.thresholds, tensor) ?? 0,
      amaxOf.get(tensor) ?? 0,
    );
  }
  const { groups, tensors } = measurement.finish({});
  const group = ownValue(groups, BATCH_GROUP);
  return {
    project: workspace.path,
    images,
    skipped,
    drift: group?.drift ?? 0,
    driftAtLeast: group?.driftAtLeast ?? 0,
    nearest: group?.nearest ?? null,
    clippedFraction: group?.clippedFraction ?? 0,
    clippedTensor: group?.clippedTensor ?? null,
    tensors: tensors.slice(0, NAMED_TENSORS).flatMap(({ tensor, groups: own }) => {
      const value = ownValue(own, BATCH_GROUP);
      return value === undefined ? [] : [{ tensor, ...value }];
    }),
    seconds: (performance.now() - startedAt) / 1000,
  };
}
