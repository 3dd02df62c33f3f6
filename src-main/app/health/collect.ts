import { utimes } from 'node:fs/promises';
import { throwIfAborted, WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { BIN_COUNT } from '../../../src-shared/domain/histograms/histogram';
import { imageId, type ImageEntry, type ImageSet } from '../../../src-shared/domain/project/image-set';
import { keepNewest } from '../../base/keep-newest';
import {
  hasReturnedImages,
  readCalibrationIndex,
  StoredCalibration,
} from '../../calibration/histograms/calibration-store';
import { imageHash } from '../../calibration/images/image-set';
import { compareText } from '../../calibration/images/image-set-files';
import { defaultThreads, type JobContext } from '../job-context';
import { calibrationKey, imageInput, prepared } from '../projects/workspace';

const CHECKPOINT_SECONDS = 5;
/** What the histograms of all folds may take in one worker. */
const FOLD_MEMORY_BYTES = 192e6;
const MAX_FOLDS = 64;
/** Collections that are kept: of the folds, and of some folders from the field. */
const KEPT_COLLECTIONS = 6;

export interface CollectTask {
  readonly job: JobContext;
  readonly threads: number | undefined;
  /** Name of the pass, for progress. */
  readonly phase: string;
}

/**
 * Histograms per group of images that are not the project's calibration; of the same content they are kept, and an
 * interrupted pass goes on.
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
        input: imageInput(model),
        preprocessing: workspace.file.preprocessing,
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
  // Used last is swept last: the folds must outlive the pass over the field's images.
  const now = new Date();
  await utimes(dir, now, now);
  const collected = await StoredCalibration.open(dir);
  if (collected === null)
    throw new WorkbenchError('internal', `The pass over ${set.root} left no calibration in ${dir}`);
  return collected.load();
}

/** Equal parts of one group of the calibration set. */
export interface GroupFolds {
  readonly group: string | null;
  /** Images of every fold. */
  readonly folds: readonly (readonly ImageEntry[])[];
}

/**
 * How many folds the set gets in all: as many as memory allows, since the spread between images is learnt from them.
 */
export function foldCount(tensors: number): number {
  const bytesPerFold = Math.max(1, tensors) * 2 * BIN_COUNT * Float64Array.BYTES_PER_ELEMENT;
  return Math.min(MAX_FOLDS, Math.max(8, Math.floor(FOLD_MEMORY_BYTES / bytesPerFold)));
}

/**
 * Deals every group's images, sorted by content, to folds in turn: equal parts, whatever files are called and wherever
 * they lie. A group of few images has a fold per image. Groups beyond `maxFolds` / 2 are taken together.
 */
export async function dealFolds(set: ImageSet, maxFolds: number, context: TaskContext): Promise<readonly GroupFolds[]> {
  const hashes = new Map<ImageEntry, string>();
  for (const [done, entry] of set.entries.entries()) {
    throwIfAborted(context.signal);
    if (done % 64 === 0)
      context.onProgress?.({ phase: 'hashing images', done, total: set.entries.length, unit: 'images' });
    hashes.set(entry, await imageHash(entry));
  }
  const isSplit = set.groups.length > 1 && set.groups.length <= maxFolds / 2;
  const groups = isSplit ? [...new Set(set.entries.map((entry) => entry.group))] : [null];
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

/** The set with its folds as groups, under the names that `foldName` gives. */
export function asFoldSet(set: ImageSet, groups: readonly GroupFolds[]): ImageSet {
  const nameOf = new Map(
    groups.flatMap(({ group, folds }) =>
      folds.flatMap((images, fold) => images.map((image) => [image, foldName(group, fold)] as const)),
    ),
  );
  const entries = set.entries.map((entry) => ({ ...entry, group: nameOf.get(entry) ?? null }));
  return { ...set, entries, groups: [...new Set(nameOf.values())].sort(compareText) };
}

export function foldName(group: string | null, fold: number): string {
  return `${fold}/${group ?? ''}`;
}
