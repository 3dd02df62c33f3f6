import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import type { PickResult } from '../../../src-shared/contract/job-results';
import type { PickSpec } from '../../../src-shared/contract/job-specs';
import { DEFAULT_HEALTH_LIMITS } from '../../../src-shared/domain/health/health-limits';
import { pickImages } from '../../../src-shared/domain/health/pick';
import { imageId, type ImageEntry, type ImageSet } from '../../../src-shared/domain/project/image-set';
import { writeFileAtomic } from '../../base/atomic-file';
import { writeError } from '../../base/file-errors';
import { calibrationRecord, type CalibrationRecord } from '../health/calibration-record';
import { FieldMeasurement } from '../health/field-comparison';
import { BATCH_GROUP, loadFieldPool } from '../health/field-pool';
import { pickableTensors, poolFeatures, referencesOf, type PoolFeatures } from '../health/pick-features';
import { isVideo, videoFrames } from '../health/video-frames';
import type { JobContext } from '../job-context';
import { checkOutputPath } from '../projects/output-path';

/** As many images as a calibration set needs altogether; a pool that needs more is another data set. */
const MOST_IMAGES = 512;

/**
 * Picks the fewest images of a pool that cover what the calibration set lacks, see domain/health/pick. Near copies of
 * other images and of calibration images are left out first.
 */
export async function pickJob(spec: PickSpec, job: JobContext): Promise<PickResult> {
  const source = resolve(spec.sourcePath);
  const isFromVideo = spec.files === undefined && isVideo(source);
  await checkOutput(spec, isFromVideo, job);
  const frames = isFromVideo
    ? await videoFrames(
        await existing(source),
        { base: join(job.workspace.paths.healthDir, 'frames'), framesPerSecond: spec.framesPerSecond ?? 1 },
        job,
      )
    : null;
  try {
    return await pickFrom({ ...spec, sourcePath: frames ?? source }, job);
  } finally {
    if (frames !== null) await rm(frames, { recursive: true, force: true });
  }
}

async function existing(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true) throw new WorkbenchError('not-found', `The video ${path} does not exist`);
  return path;
}

async function pickFrom(spec: PickSpec, job: JobContext): Promise<PickResult> {
  const { workspace } = job;
  const limit = spec.maxDistance ?? DEFAULT_HEALTH_LIMITS.drift;
  const pool = await loadFieldPool(workspace, spec);
  const record = await calibrationRecord(spec.threads, job);
  const { entries, duplicates } = await withoutCopies(pool, record.set, job);
  const tensors = pickableTensors(record);
  const features = await poolFeatures({ ...pool, entries }, tensors, record.calibration.index.tensors.length, {
    job,
    threads: spec.threads,
    phase: 'collecting images from the field',
  });
  const pick = pickImages({
    tensors,
    references: referencesOf(tensors),
    pool: features.images,
    most: spec.count ?? MOST_IMAGES,
    limit,
    least: leastImages(record.calibration.index.images),
  });
  const taken = pick.picked.flatMap(({ file }) => features.entries.find((entry) => imageId(entry) === file) ?? []);
  const out = spec.outPath === undefined ? undefined : resolve(spec.outPath);
  if (out !== undefined) await writePicked(out, taken, spec.addsToSet === true ? record.set : null);
  return {
    project: workspace.path,
    pool: features.images.length,
    duplicates,
    skipped: features.skipped,
    ...driftOf(features, record),
    limit,
    ...pick,
    ...(out === undefined ? {} : { out }),
  };
}

/** So many that they are a group of the set that is not too small, see groupShare of the health limits. */
function leastImages(calibrated: number): number {
  const { groupShare } = DEFAULT_HEALTH_LIMITS;
  return Math.ceil((groupShare / (1 - groupShare)) * calibrated);
}

/** The images of a pool without near copies of earlier ones, and of images of the calibration set. */
async function withoutCopies(
  pool: ImageSet,
  calibration: ImageSet,
  job: JobContext,
): Promise<{ readonly entries: readonly ImageEntry[]; readonly duplicates: number }> {
  // The check knows two sets; the pool takes the place of the second one.
  const { duplicates } = await job.services.compute.request(
    'check-images',
    {
      sets: [
        { set: 'calibration', entries: calibration.entries },
        { set: 'validation', entries: pool.entries },
      ],
    },
    job,
  );
  const copies = new Set(duplicates.flatMap(({ second }) => (second.set === 'validation' ? [second.id] : [])));
  const entries = pool.entries.filter((entry) => !copies.has(imageId(entry)));
  return { entries, duplicates: pool.entries.length - entries.length };
}

function driftOf(
  { images, totals }: PoolFeatures,
  record: CalibrationRecord,
): { readonly drift: number; readonly driftAtLeast: number } {
  const measurement = new FieldMeasurement(record.groups, { [BATCH_GROUP]: images.length });
  for (const [tensor, total] of totals)
    measurement.add({ tensor, folds: record.folds.groups(tensor), field: { [BATCH_GROUP]: total } }, 0, 0);
  const { drift = 0, driftAtLeast = 0 } = ownValue(measurement.finish({}).groups, BATCH_GROUP) ?? {};
  return { drift, driftAtLeast };
}

async function checkOutput({ outPath, addsToSet }: PickSpec, isFromVideo: boolean, job: JobContext): Promise<void> {
  if (outPath === undefined) {
    if (addsToSet) throw new WorkbenchError('usage', 'Adding the picked images to the set needs a list to write');
    return;
  }
  checkOutputPath(outPath, job.workspace);
  if (isList(outPath)) {
    if (isFromVideo)
      throw new WorkbenchError('usage', 'Frames of a video are no files that a list can name', {
        hint: 'Name a folder, into which they are written.',
      });
    return;
  }
  if (addsToSet)
    throw new WorkbenchError('usage', `Expected a list (.txt) for the whole set, found the folder ${outPath}`);
  if (existsSync(outPath) && (await readdir(outPath).catch(() => ['a file'])).length > 0)
    throw new WorkbenchError('usage', `${outPath} exists and is not empty, so that nothing is written into it`, {
      hint: 'Name another folder.',
    });
}

function isList(path: string): boolean {
  return extname(path).toLowerCase() === '.txt';
}

/** @param set images that are listed before the picked ones. */
async function writePicked(out: string, taken: readonly ImageEntry[], set: ImageSet | null): Promise<void> {
  if (isList(out)) {
    const paths = [...(set?.entries ?? []), ...taken].map(({ path }) =>
      relative(dirname(out), path).split(sep).join('/'),
    );
    await writeFileAtomic(out, [...new Set(paths)].map((path) => `${path}\n`).join(''));
    return;
  }
  try {
    await mkdir(out, { recursive: true });
    const paths = [...new Set(taken.map(({ path }) => path))];
    const width = String(paths.length).length;
    // The number keeps equal names of several folders apart, and the order in which images were picked.
    for (const [i, path] of paths.entries())
      await copyFile(path, join(out, `${String(i + 1).padStart(width, '0')}-${basename(path)}`));
  } catch (error) {
    throw writeError(error, out);
  }
}
