import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import type { HistogramView } from '../../../src-shared/contract/views';
import { ownValue } from '../../../src-shared/base/records';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { parseStoredJson, readStoredJson } from '../../base/json-file';
import { imageId, type ImageSet } from '../../../src-shared/domain/project/image-set';
import {
  subnormalShareOf,
  type TensorHistogram,
  type TensorRange,
  type TensorRanges,
} from '../../../src-shared/domain/histograms/histogram';
import { evaluateThreshold, type ThresholdQuality } from '../../../src-shared/domain/histograms/quantization-error';
import type { TensorrtThreshold } from '../../../src-shared/domain/histograms/tensorrt-grid';
import { decodeHistogram } from '../../../src-shared/domain/histograms/histogram-codec';
import type { ImageMaxima } from '../../../src-shared/domain/health/image-maxima';
import { mergeHistograms } from '../../../src-shared/domain/histograms/histogram-merge';
import { calibrationIndexSchema, type CalibrationIndex, type TensorCalibration } from './calibration-index';
import { decodeHistogramFile, HistogramReader, type HistogramFile } from './histogram-file';
import { AUTO_FILE, readAutoThresholds } from './auto-thresholds';
import { LEARNED_FILE, readLearnedParameters, type LearnedParameters } from './learned-parameters';
import { BEST_FILE, readBestDecisions, type BestDecisions } from './best-decisions';
import { readTensorrtGrid, TENSORRT_GRID_FILE } from '../tensorrt/tensorrt-grid-store';

const INDEX_FILE = 'index.json';
const HISTOGRAM_FILE = 'histograms.bin';
/** Tensors with at least this range have no values that are subnormal in FP16, see subnormalShareOf. */
const SMALL_RANGE = 2 ** -2;
/** Work on many histograms is interrupted after this time, in milliseconds, so that other requests are answered. */
const SLICE_MS = 8;
/** Number of costs, one for each threshold, that are kept for one tensor. */
const KEPT_COSTS = 32;

/** The index of a finished calibration; null if the folder contains none of this version. */
export function readCalibrationIndex(calibrationDir: string): CalibrationIndex | null {
  if (calibrationStamp(calibrationDir) === null) return null;
  return readStoredJson(join(calibrationDir, INDEX_FILE), calibrationIndexSchema);
}

/**
 * A value that changes whenever the calibration in a folder is made again; null if the folder contains no finished
 * calibration.
 */
export function calibrationStamp(calibrationDir: string): string | null {
  const stamps = [INDEX_FILE, HISTOGRAM_FILE].map((file) => fileStamp(join(calibrationDir, file)));
  return stamps.includes(null) ? null : stamps.join(' ');
}

function fileStamp(path: string): string | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.size} ${stats.ino} ${stats.mtimeNs} ${stats.ctimeNs}`;
}

/** Whether images that were absent when this calibration was collected exist now. */
export function hasReturnedImages({ skipped }: CalibrationIndex, { entries }: Pick<ImageSet, 'entries'>): boolean {
  const absent = new Set(skipped.filter(({ isAbsent }) => isAbsent === true).map(({ file }) => file));
  return absent.size > 0 && entries.some((entry) => absent.has(imageId(entry)) && existsSync(entry.path));
}

/** A value that was read from a small file, kept until the file changes. */
class SmallFile<T> {
  private known: { readonly stamp: string | null; readonly value: T } | null = null;

  constructor(
    private readonly path: string,
    private readonly read: () => T,
  ) {}

  get value(): T {
    const stamp = fileStamp(this.path);
    if (this.known?.stamp !== stamp) this.known = { stamp, value: this.read() };
    return this.known.value;
  }
}

/**
 * A finished calibration on disk. Opening it reads the index only. `view` reads the records of one tensor; `total`,
 * `groups` and everything that is computed from them need the whole file in memory, see `load`. What is computed from a
 * histogram is kept as long as the calibration is.
 */
export class StoredCalibration {
  private file: HistogramFile | null = null;
  private loading: Promise<void> | null = null;
  private reader: Promise<HistogramReader> | null = null;
  private rangesByTensor: TensorRanges | null = null;
  private readonly costs = new Map<string, Map<number, ThresholdQuality>>();
  private readonly tensorIndex: ReadonlyMap<string, number>;
  private readonly auto: SmallFile<Readonly<Record<string, number>> | null>;
  private readonly learned: SmallFile<LearnedParameters | null>;
  private readonly best: SmallFile<BestDecisions>;
  private readonly tensorrt: SmallFile<ReadonlyMap<string, TensorrtThreshold> | null>;

  private constructor(
    readonly index: CalibrationIndex,
    private readonly dir: string,
  ) {
    // The index and the histogram file list the same tensors in the same order.
    this.tensorIndex = new Map(index.tensors.map(({ name }, i) => [name, i]));
    this.auto = new SmallFile(join(dir, AUTO_FILE), () => readAutoThresholds(dir));
    this.learned = new SmallFile(join(dir, LEARNED_FILE), () => readLearnedParameters(dir));
    this.best = new SmallFile(join(dir, BEST_FILE), () => readBestDecisions(dir));
    this.tensorrt = new SmallFile(join(dir, TENSORRT_GRID_FILE), () => {
      const thresholds = readTensorrtGrid(dir)?.thresholds;
      return thresholds ? new Map(thresholds.map((item) => [item.name, item])) : null;
    });
  }

  /** Reads the index; the histograms stay on disk. Null if the folder holds no finished calibration of this version. */
  static async open(calibrationDir: string): Promise<StoredCalibration | null> {
    if (calibrationStamp(calibrationDir) === null) return null;
    const text = await readFile(join(calibrationDir, INDEX_FILE), 'utf8').catch(() => 'null');
    const index = parseStoredJson(text, calibrationIndexSchema);
    return index && new StoredCalibration(index, calibrationDir);
  }

  /** Like the function above, but synchronous. */
  static openSync(calibrationDir: string): StoredCalibration | null {
    const index = readCalibrationIndex(calibrationDir);
    return index && new StoredCalibration(index, calibrationDir);
  }

  /** Reads all histograms into memory, once. @throws WorkbenchError calibration-mismatch */
  async load(): Promise<this> {
    if (this.file === null) {
      this.loading ??= readFile(this.histogramPath)
        .then((bytes) => {
          this.file = decodeHistogramFile(bytes, this.histogramPath);
        })
        .finally(() => {
          this.loading = null;
        });
      await this.loading;
    }
    return this;
  }

  /** The histogram of a tensor over all images. @throws WorkbenchError not-found */
  total(tensor: string): TensorHistogram {
    return { name: tensor, ...mergeHistograms(Object.values(this.groups(tensor))) };
  }

  /** Group -> histogram; one group without a name if the set has no groups. @throws WorkbenchError not-found */
  groups(tensor: string): Record<string, TensorHistogram> {
    const file = this.loaded();
    const at = this.indexOf(tensor, file.header.tensors);
    const records = file.header.groups.map((group) => ownValue(file.records, group)?.[at] ?? new Uint8Array());
    return decodeGroups(tensor, file.header.groups, records);
  }

  /**
   * One tensor's histograms and image maxima, read from disk. @throws WorkbenchError not-found, calibration-mismatch
   */
  async view(tensor: string): Promise<HistogramView> {
    this.reader ??= HistogramReader.open(this.histogramPath);
    const reader = await this.reader.catch((error: unknown) => {
      this.reader = null;
      throw error;
    });
    const { header } = reader;
    const { records, imageAmax } = await reader.read(this.indexOf(tensor, header.tensors));
    const groups = decodeGroups(tensor, header.groups, records);
    return {
      total: { name: tensor, ...mergeHistograms(Object.values(groups)) },
      groups: Object.fromEntries(Object.entries(groups).filter(([name]) => name !== '')),
      imageAmax,
      imageFiles: header.images,
    };
  }

  /**
   * The error of quantizing a tensor with a threshold (real units) over all images. @throws WorkbenchError not-found
   */
  cost(tensor: string, thresholdReal: number): ThresholdQuality {
    let known = this.costs.get(tensor);
    if (known === undefined) this.costs.set(tensor, (known = new Map<number, ThresholdQuality>()));
    let cost = known.get(thresholdReal);
    if (cost !== undefined) return cost;
    cost = evaluateThreshold(this.total(tensor), thresholdReal);
    // The number is limited, because a user may try many manual thresholds.
    if (known.size >= KEPT_COSTS) known.clear();
    known.set(thresholdReal, cost);
    return cost;
  }

  /** Tensor -> observed range. Histograms are needed only for tensors with small values. */
  ranges(): TensorRanges {
    this.rangesByTensor ??= Object.fromEntries(
      this.index.tensors.map((tensor) => [tensor.name, this.rangeOf(tensor)] as const),
    );
    return this.rangesByTensor;
  }

  /** Computes `ranges` in slices, so that other requests are answered meanwhile. */
  async prepareRanges(): Promise<TensorRanges> {
    if (this.rangesByTensor !== null) return this.rangesByTensor;
    if (this.index.tensors.some(hasSmallValues)) await this.load();
    const ranges: (readonly [string, TensorRange])[] = [];
    await inSlices(this.index.tensors, (tensor) => ranges.push([tensor.name, this.rangeOf(tensor)]));
    return (this.rangesByTensor = Object.fromEntries(ranges));
  }

  /** Computes `cost` of tensors at their thresholds in slices, so that other requests are answered meanwhile. */
  async prepareCosts(thresholds: Readonly<Record<string, number>>): Promise<void> {
    await this.load();
    await inSlices(Object.entries(thresholds), ([tensor, threshold]) => this.cost(tensor, threshold));
  }

  /** Largest |x| of every image in every tensor. */
  imageMaxima(): ImageMaxima {
    const { header, amax } = this.loaded();
    return { images: header.images, tensors: header.tensors, amax };
  }

  /** TensorRT's own thresholds by the names of its caches, in their order; null if its grid was not collected. */
  tensorrtThresholds(): ReadonlyMap<string, TensorrtThreshold> | null {
    return this.tensorrt.value;
  }

  /** What was learned, if anything. Read again after it changed. */
  learnedParameters(): LearnedParameters | null {
    return this.learned.value;
  }

  /** Thresholds of method auto: tensor -> real units; null if they were not chosen. */
  autoThresholds(): Readonly<Record<string, number>> | null {
    return this.auto.value;
  }

  /** The decisions that were made for method best. */
  bestDecisions(): BestDecisions {
    return this.best.value;
  }

  private get histogramPath(): string {
    return join(this.dir, HISTOGRAM_FILE);
  }

  private indexOf(tensor: string, tensors: readonly string[]): number {
    const at = this.tensorIndex.get(tensor);
    if (at !== undefined && tensors[at] === tensor) return at;
    throw new WorkbenchError('not-found', `Tensor "${tensor}" was not calibrated`, {
      hint: advise('list-tensors'),
    });
  }

  private rangeOf(tensor: TensorCalibration): TensorRange {
    const { name, min, max } = tensor;
    const share = hasSmallValues(tensor) ? subnormalShareOf(this.total(name)) : 0;
    return share > 0 ? [min, max, share] : [min, max];
  }

  private loaded(): HistogramFile {
    if (this.file === null) throw new WorkbenchError('internal', `The histograms of ${this.dir} have not been loaded`);
    return this.file;
  }
}

/** Whether some values of a tensor may be subnormal in FP16. */
function hasSmallValues({ min, max }: TensorCalibration): boolean {
  const amax = Math.max(Math.abs(min), Math.abs(max));
  return amax > 0 && amax < SMALL_RANGE;
}

function decodeGroups(
  tensor: string,
  groups: readonly string[],
  records: readonly Uint8Array[],
): Record<string, TensorHistogram> {
  return Object.fromEntries(
    groups.map((group, i) => [group, { ...decodeHistogram(records[i] ?? new Uint8Array()), name: tensor }] as const),
  );
}

async function inSlices<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  let sliceStart = performance.now();
  for (const item of items) {
    work(item);
    if (performance.now() - sliceStart < SLICE_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sliceStart = performance.now();
  }
}
