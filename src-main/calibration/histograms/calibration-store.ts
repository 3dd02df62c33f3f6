import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HistogramView } from '../../../src-shared/contract/views';
import { ownValue } from '../../../src-shared/base/records';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { imageId, type ImageSet } from '../../../src-shared/domain/project/image-set';
import type { TensorHistogram } from '../../../src-shared/domain/histograms/histogram';
import type { TensorrtThreshold } from '../../../src-shared/domain/histograms/tensorrt-grid';
import { decodeHistogram } from '../../../src-shared/domain/histograms/histogram-codec';
import type { ImageMaxima } from '../../../src-shared/domain/health/image-maxima';
import { mergeHistograms } from '../../../src-shared/domain/histograms/histogram-merge';
import { isCalibrationIndex, type CalibrationIndex } from './calibration-index';
import { decodeHistogramFile, type HistogramFile } from './histogram-file';
import { readAutoThresholds } from './auto-thresholds';
import { readBestDecisions, type BestDecisions } from './best-decisions';
import { readTensorrtGrid } from '../tensorrt/tensorrt-grid-store';

/** The index of a finished calibration, or null when the folder holds none (of this version). */
export function readCalibrationIndex(calibrationDir: string): CalibrationIndex | null {
  const path = join(calibrationDir, 'index.json');
  if (!existsSync(path) || !existsSync(join(calibrationDir, 'histograms.bin'))) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
  return isCalibrationIndex(value) ? value : null;
}

/** Whether images that were absent when this calibration was collected are there now. */
export function hasReturnedImages({ skipped }: CalibrationIndex, { entries }: Pick<ImageSet, 'entries'>): boolean {
  const absent = new Set(skipped.filter(({ isAbsent }) => isAbsent === true).map(({ file }) => file));
  return absent.size > 0 && entries.some((entry) => absent.has(imageId(entry)) && existsSync(entry.path));
}

/** A finished calibration on disk. Histograms are decoded when they are asked for. */
export class StoredCalibration {
  private file: HistogramFile | null = null;
  private auto: Readonly<Record<string, number>> | null = null;
  private tensorrtByName: ReadonlyMap<string, TensorrtThreshold> | null | undefined;

  private constructor(
    readonly index: CalibrationIndex,
    private readonly histogramPath: string,
  ) {}

  /** @throws WorkbenchError calibration-missing */
  static open(calibrationDir: string): StoredCalibration {
    const index = readCalibrationIndex(calibrationDir);
    if (!index)
      throw new WorkbenchError('calibration-missing', `${calibrationDir} holds no finished calibration`, {
        hint: 'Run `calib calibrate` first.',
      });
    return new StoredCalibration(index, join(calibrationDir, 'histograms.bin'));
  }

  /** The histogram of a tensor over all images. @throws WorkbenchError not-found */
  total(tensor: string): TensorHistogram {
    return { name: tensor, ...mergeHistograms(Object.values(this.groups(tensor))) };
  }

  /** Group -> histogram; one unnamed group when the set has no groups. @throws WorkbenchError not-found */
  groups(tensor: string): Record<string, TensorHistogram> {
    const file = this.load();
    const at = file.header.tensors.indexOf(tensor);
    if (at < 0) {
      throw new WorkbenchError('not-found', `Tensor "${tensor}" was not calibrated`, {
        hint: '`calib thresholds` lists the tensors that were.',
      });
    }
    return Object.fromEntries(
      file.header.groups.map((group) => [
        group,
        { ...decodeHistogram(ownValue(file.records, group)?.[at] ?? new Uint8Array()), name: tensor },
      ]),
    );
  }

  view(tensor: string): HistogramView {
    const file = this.load();
    const groups = this.groups(tensor);
    const at = file.header.tensors.indexOf(tensor);
    const width = file.header.tensors.length;
    return {
      total: this.total(tensor),
      groups: Object.fromEntries(Object.entries(groups).filter(([name]) => name !== '')),
      imageAmax: Float32Array.from(file.header.images, (_, image) => file.amax[image * width + at] ?? Number.NaN),
      imageFiles: file.header.images,
    };
  }

  /** Largest |x| of every image in every tensor. */
  imageMaxima(): ImageMaxima {
    const { header, amax } = this.load();
    return { images: header.images, tensors: header.tensors, amax };
  }

  /** TensorRT's own thresholds by the names of its caches, in their order; null when its grid was not collected. */
  tensorrtThresholds(): ReadonlyMap<string, TensorrtThreshold> | null {
    if (this.tensorrtByName === undefined) {
      const thresholds = readTensorrtGrid(dirname(this.histogramPath))?.thresholds;
      this.tensorrtByName = thresholds ? new Map(thresholds.map((item) => [item.name, item])) : null;
    }
    return this.tensorrtByName;
  }

  /** Thresholds of method auto: tensor -> real units; null when they were not chosen. */
  autoThresholds(): Readonly<Record<string, number>> | null {
    this.auto ??= readAutoThresholds(dirname(this.histogramPath));
    return this.auto;
  }

  /** What was decided for method best. Read anew each time: a job may have decided since. */
  bestDecisions(): BestDecisions {
    return readBestDecisions(dirname(this.histogramPath));
  }

  private load(): HistogramFile {
    this.file ??= decodeHistogramFile(readFileSync(this.histogramPath), this.histogramPath);
    return this.file;
  }
}
