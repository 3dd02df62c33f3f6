import { throwIfAborted } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import type { PickImage, PickTensor, Shares } from '../../../src-shared/domain/health/pick';
import { cumulativeShares, driftReferences, type Fold } from '../../../src-shared/domain/histograms/drift';
import { amaxOf, BIN_COUNT, binWidthOf, type HistogramContent } from '../../../src-shared/domain/histograms/histogram';
import { mergeHistograms } from '../../../src-shared/domain/histograms/histogram-merge';
import {
  imageId,
  type ImageEntry,
  type ImageSet,
  type SkippedImage,
} from '../../../src-shared/domain/project/image-set';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import type { CalibrationRecord } from './calibration-record';
import { collectIfAny, foldCount, foldName, type CollectTask } from './collect';

/** Edges within the calibrated values: each part has the same share of them. */
const QUANTILES = 96;
/** Edges beyond the calibrated values, per sign: half an octave each. */
const EDGES_BEYOND = 8;

/** A calibrated tensor as picking sees it. */
export interface PickableTensor extends PickTensor {
  /** Mean shares of each group of the calibration set, or of the whole set. */
  readonly references: readonly Float32Array[];
}

/** Reads the folds of every tensor once. */
export function pickableTensors(record: CalibrationRecord): readonly PickableTensor[] {
  const maxima = new Map(record.calibration.index.tensors.map(({ name, thresholds }) => [name, thresholds.minmax]));
  return record.tensors.map((tensor) => {
    const histograms = record.folds.groups(tensor);
    const whole = mergeHistograms(Object.values(histograms));
    const edges = edgesOf(whole);
    const weights = edges.map((edge, i) => Math.sqrt(Math.max(0, (edges[i + 1] ?? edge) - edge)));
    const folds = record.groups.flatMap(({ group, folds: parts }) =>
      parts.flatMap((images, fold): Fold[] => {
        const histogram = ownValue(histograms, foldName(group, fold));
        if (histogram === undefined || images.length === 0) return [];
        const shares = sharesAt(histogram, edges);
        return [
          { group, images: images.length, shares: Float64Array.from(shares, (share, i) => share * (weights[i] ?? 0)) },
        ];
      }),
    );
    const [all, ...groups] = driftReferences(folds);
    const own = groups.length > 0 ? groups : all === undefined ? [] : [all];
    const images = own.reduce((sum, reference) => sum + reference.images, 0);
    return {
      tensor,
      calibratedMaximum: maxima.get(tensor) ?? 0,
      edges,
      // Within the groups: images of a group are of one kind.
      spread: own.reduce((sum, reference) => sum + (reference.images / images) * reference.spread, 0),
      references: own.map(({ shares }) =>
        Float32Array.from(shares, (share, i) => ((weights[i] ?? 0) > 0 ? share / (weights[i] ?? 1) : 0)),
      ),
    };
  });
}

/** Real values at which shares are compared: quantiles of the calibrated values, and steps beyond their range. */
function edgesOf(histogram: HistogramContent): Float64Array {
  const shares = cumulativeShares(histogram, histogram.exponent);
  const width = binWidthOf(histogram);
  const edges: number[] = [];
  let next = 1 / QUANTILES;
  for (let bin = 0; bin < shares.length; bin += 1) {
    if ((shares[bin] ?? 0) < next) continue;
    edges.push((bin + 1 - BIN_COUNT) * width);
    while (next <= (shares[bin] ?? 0)) next += 1 / QUANTILES;
  }
  const amax = amaxOf(histogram);
  const beyond = Array.from({ length: EDGES_BEYOND + 1 }, (_, i) => amax * 2 ** (i / 2));
  const all = [...beyond.map((edge) => -edge), ...edges, ...beyond];
  return Float64Array.from([...new Set(all)].sort((a, b) => a - b));
}

/** The share of values below each edge. An edge inside a bin counts as the lower edge of that bin. */
export function sharesAt(histogram: HistogramContent, edges: Float64Array): Float32Array {
  const shares = cumulativeShares(histogram, histogram.exponent);
  const width = binWidthOf(histogram);
  return Float32Array.from(edges, (edge) => {
    const below = BIN_COUNT + Math.floor(edge / width) - 1;
    return below < 0 ? 0 : (shares[Math.min(below, shares.length - 1)] ?? 1);
  });
}

export interface PoolFeatures {
  readonly images: readonly PickImage[];
  readonly entries: readonly ImageEntry[];
  readonly skipped: readonly SkippedImage[];
  /** Tensor -> histogram of the whole pool. */
  readonly totals: ReadonlyMap<string, HistogramContent>;
}

/**
 * What picking needs to know about each image. The images are collected in parts, with a histogram for each image of a
 * part, so that memory does not depend on the size of the pool.
 * @param calibrated number of tensors of which histograms are collected.
 */
export async function poolFeatures(
  pool: ImageSet,
  tensors: readonly PickTensor[],
  calibrated: number,
  task: CollectTask,
): Promise<PoolFeatures> {
  const { job } = task;
  const size = foldCount(calibrated);
  const images: PickImage[] = [];
  const entries: ImageEntry[] = [];
  const skipped: SkippedImage[] = [...pool.skipped];
  const totals = new Map<string, HistogramContent>();
  for (let start = 0; start < pool.entries.length; start += size) {
    throwIfAborted(job.signal);
    const part = pool.entries.slice(start, start + size).map((entry, i) => ({ ...entry, group: String(i) }));
    const set = { ...pool, skipped: [], entries: part, groups: part.map(({ group }) => group) };
    const progress = (done: number): void =>
      job.onProgress?.({ phase: task.phase, done, total: pool.entries.length, unit: 'images' });
    const own = { ...job, onProgress: ({ done }: { readonly done: number }) => progress(start + done) };
    const { found, skipped: unread } = await collectIfAny(set, size, { ...task, job: own });
    skipped.push(...unread);
    if (found === null) continue;
    for (const { entry, image } of imagesOf(found, part, tensors)) {
      images.push(image);
      entries.push(entry);
    }
    for (const { tensor } of tensors) {
      const before = totals.get(tensor);
      totals.set(tensor, mergeHistograms([found.total(tensor), ...(before === undefined ? [] : [before])]));
    }
  }
  return { images, entries, skipped, totals };
}

/** The images of a collection in which each image is a group. */
function imagesOf(
  found: StoredCalibration,
  part: readonly (ImageEntry & { readonly group: string })[],
  tensors: readonly PickTensor[],
): readonly { readonly entry: ImageEntry; readonly image: PickImage }[] {
  const { images, tensors: columns, amax } = found.imageMaxima();
  const rows = new Map(images.map((id, row) => [id, row]));
  const columnOf = new Map(columns.map((name, column) => [name, column]));
  const histograms = tensors.map(({ tensor }) => found.groups(tensor));
  return part.flatMap((entry) => {
    const file = imageId(entry);
    const row = rows.get(file);
    if (row === undefined) return [];
    const maxima = Float32Array.from(tensors, ({ tensor }) => {
      const column = columnOf.get(tensor);
      return column === undefined ? Number.NaN : (amax[row * columns.length + column] ?? Number.NaN);
    });
    const shares = tensors.map(({ edges }, t) => {
      const histogram = ownValue(histograms[t] ?? {}, entry.group);
      return histogram === undefined ? new Float32Array(edges.length) : sharesAt(histogram, edges);
    });
    return [{ entry, image: { file, maxima, shares } }];
  });
}

/** The references of picking: one list of shares per group. */
export function referencesOf(tensors: readonly PickableTensor[]): readonly Shares[] {
  const groups = Math.max(0, ...tensors.map(({ references }) => references.length));
  return Array.from({ length: groups }, (_, group) =>
    tensors.map(({ references, edges }) => references[group] ?? references[0] ?? new Float32Array(edges.length)),
  );
}
