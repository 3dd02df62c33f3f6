import { utimes } from 'node:fs/promises';
import { throwIfAborted, WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { BIN_COUNT } from '../../../src-shared/domain/histograms/histogram';
import {
  imageId,
  type ImageEntry,
  type ImageSet,
  type SkippedImage,
} from '../../../src-shared/domain/project/image-set';
import { keepNewest } from '../../base/keep-newest';
import {
  hasReturnedImages,
  readCalibrationIndex,
  StoredCalibration,
} from '../../calibration/histograms/calibration-store';
import { imageHash } from '../../calibration/images/image-set';
import { compareText } from '../../calibration/images/image-set-files';
import { defaultThreads, type JobContext } from '../job-context';
import { calibrationKey, prepared, projectFeeding } from '../projects/workspace';

const CHECKPOINT_SECONDS = 5;
/** Limit of the memory that the histograms of all folds take in one worker. */
const FOLD_MEMORY_BYTES = 192e6;
const MAX_FOLDS = 64;
/** Number of collections that a project keeps: of the folds, and of some folders with images from the field. */
const KEPT_COLLECTIONS = 6;

/** How to collect. */
export interface CollectTask {
  readonly job: JobContext;
  /** One per core if undefined. */
  readonly threads: number | undefined;
  /** Phase that the pass reports as its progress. */
  readonly phase: string;
}

/**
 * Collects histograms per group of images that are not the project's calibration. An existing collection of the same
 * content is reused, and an interrupted one is continued.
 */
export async function collectHealth(set: ImageSet, maxGroups: number, task: CollectTask): Promise<StoredCalibration> {
  const { job } = task;
  const { workspace, services, onProgress } = job;
  const key = await calibrationKey(workspace, set, job);
  const dir = workspace.paths.healthCollection(key);
  const finished = readCalibrationIndex(dir);
  const hasReturned = finished !== null && hasReturnedImages(finished, set);
  if (finished === null || hasReturned) {
    await keepNewest(workspace.paths.healthDir, KEPT_COLLECTIONS - 1);
    const model = await prepared(workspace, services.compute, job);
    await services.compute.request(
      'calibrate',
      {
        preparedDir: workspace.preparedDir,
        feeding: projectFeeding(workspace, model),
        set,
        key,
        calibrationDir: dir,
        threads: task.threads ?? defaultThreads(),
        shard: null,
        continuesFinished: hasReturned,
        checkpointSeconds: CHECKPOINT_SECONDS,
        tensorrtGrid: null,
        maxGroups,
      },
      onProgress ? { ...job, onProgress: (progress) => onProgress({ ...progress, phase: task.phase }) } : job,
    );
  }
  // Collections that were used last are deleted last. The folds must still exist after the pass over the field's
  // images.
  const now = new Date();
  await utimes(dir, now, now);
  const collected = await StoredCalibration.open(dir);
  if (collected === null)
    throw new WorkbenchError('internal', `The pass over ${set.root} left no calibration in ${dir}`);
  return collected.load();
}

/**
 * Like collectHealth, for images of which it is no error that none can be read.
 * @returns null instead of a collection without images, and every image that cannot be read
 */
export async function collectIfAny(
  set: ImageSet,
  maxGroups: number,
  task: CollectTask,
): Promise<{ readonly found: StoredCalibration | null; readonly skipped: readonly SkippedImage[] }> {
  const unreadable = (reason: string): readonly SkippedImage[] => [
    ...set.skipped,
    ...set.entries.map((entry) => ({ file: imageId(entry), reason })),
  ];
  if (set.entries.length === 0) return { found: null, skipped: set.skipped };
  try {
    const found = await collectHealth(set, maxGroups, task);
    return { found, skipped: found.index.skipped };
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'images-empty') throw error;
    return { found: null, skipped: unreadable(error.message) };
  }
}

/** One group of the calibration set, divided into equal parts. */
export interface GroupFolds {
  readonly group: string | null;
  /** The images of each fold. */
  readonly folds: readonly (readonly ImageEntry[])[];
}

/** Number of folds of the whole set. It is as large as memory allows, since folds show how much images differ. */
export function foldCount(tensors: number): number {
  const bytesPerFold = Math.max(1, tensors) * 2 * BIN_COUNT * Float64Array.BYTES_PER_ELEMENT;
  return Math.min(MAX_FOLDS, Math.max(8, Math.floor(FOLD_MEMORY_BYTES / bytesPerFold)));
}

/**
 * Divides every group into folds of equal size. Images are sorted by content before they are dealt, so that names and
 * locations of files do not matter. A small group has one fold per image. If there are more groups than `maxFolds` / 2,
 * the whole set is treated as one group.
 */
export async function dealFolds(set: ImageSet, maxFolds: number, context: TaskContext): Promise<readonly GroupFolds[]> {
  const hashes = new Map<ImageEntry, string>();
  for (const [done, entry] of set.entries.entries()) {
    throwIfAborted(context.signal);
    if (done % 64 === 0)
      context.onProgress?.({ phase: 'hashing images', done, total: set.entries.length, unit: 'images' });
    hashes.set(entry, await imageHash(entry));
  }
  // Images without a group, beside groups, are a part of their own: those that were added later, for example.
  const parts = [...new Set(set.entries.map((entry) => entry.group))];
  const isSplit = parts.length > 1 && parts.length <= maxFolds / 2;
  const groups = isSplit ? parts : [null];
  const perGroup = Math.max(2, Math.floor(maxFolds / groups.length));
  return groups.map((group) => {
    const own = isSplit ? set.entries.filter((entry) => entry.group === group) : set.entries;
    const sorted = [...own].sort(
      (a, b) => compareText(hashes.get(a) ?? '', hashes.get(b) ?? '') || compareText(imageId(a), imageId(b)),
    );
    const count = Math.min(perGroup, sorted.length);
    return {
      group,
      folds: Array.from({ length: count }, (_, fold) => sorted.filter((_image, i) => i % count === fold)),
    };
  });
}

/** The set with its folds as groups, which are named by foldName. */
export function asFoldSet(set: ImageSet, groups: readonly GroupFolds[]): ImageSet {
  const nameOf = new Map(
    groups.flatMap(({ group, folds }) =>
      folds.flatMap((images, fold) => images.map((image) => [image, foldName(group, fold)] as const)),
    ),
  );
  const entries = set.entries.map((entry) => ({ ...entry, group: nameOf.get(entry) ?? null }));
  return { ...set, entries, groups: [...new Set(nameOf.values())].sort(compareText) };
}

/** Name of the group that holds a fold. */
export function foldName(group: string | null, fold: number): string {
  return `${fold}/${group ?? ''}`;
}
