import type { Picture, PreprocessingPreview } from '../../../src-shared/contract/views';
import type { CalibrateResult, Warning } from '../../../src-shared/contract/job-results';
import type { DuplicatePair, HealthImage } from '../../../src-shared/domain/health/health';
import type { CorruptImage } from '../../../src-shared/domain/health/health-findings';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry, ImageSet } from '../../../src-shared/domain/project/image-set';
import type { Equalized } from '../../onnx/passes/equalize';
import type { Smoothed } from '../../quantization/smoothing/smooth';
import type { UsableShard } from '../shards/find-shards';
import type { ShardTask } from '../shards/shard-store';

/** Methods of the compute process that prepare a model, look at images and calibrate. */
export interface CalibrationMethods {
  readonly prepare: { readonly params: PrepareParams; readonly result: PrepareResult };
  readonly calibrate: { readonly params: CalibrateParams; readonly result: Omit<CalibrateResult, 'project'> };
  readonly merge: { readonly params: MergeParams; readonly result: Omit<CalibrateResult, 'project'> };
  /** Finds corrupt images and images that occur twice, over several sets. */
  readonly 'check-images': { readonly params: CheckImagesParams; readonly result: CheckImagesResult };
  readonly thumbnail: { readonly params: ThumbnailParams; readonly result: Picture };
  readonly preview: { readonly params: PreviewParams; readonly result: PreprocessingPreview };
}

export interface PrepareParams {
  readonly modelPath: string;
  /** Folder for model.onnx, weights.bin and prepared.json. A complete folder is kept as it is. */
  readonly preparedDir: string;
  /** Scale channels between layers; the folder must belong to the equalized model alone. */
  readonly equalize?: boolean;
  /** Tensor of a smoothing group -> power of two per channel; the folder must belong to this model alone. */
  readonly smoothing?: Readonly<Record<string, readonly number[]>>;
  /** Set if a file of the complete folder no longer has the recorded hash: the model is then prepared again. */
  readonly isDamaged?: boolean;
}

export interface PrepareResult {
  readonly notes: readonly Warning[];
  /** For an equalized model: the changes of its layers, and the activations whose channels were scaled. */
  readonly equalized?: Pick<Equalized, 'layers' | 'tensors'>;
  /** The same for a smoothed model. */
  readonly smoothed?: Pick<Smoothed, 'layers' | 'tensors'>;
}

/** What the calibration collects, and where it writes the result. */
export interface CalibrateParams {
  readonly preparedDir: string;
  readonly feeding: Feeding;
  readonly set: ImageSet;
  /** Identity of this calibration: model, set, preprocessing and collector version. */
  readonly key: string;
  /** Folder of the calibration, for histograms.bin, index.json and partial.bin. */
  readonly calibrationDir: string;
  readonly threads: number;
  /** Collect a part of the set only. */
  readonly shard: ShardTask | null;
  /** Add images that were absent then to the finished calibration of this folder. */
  readonly continuesFinished?: boolean;
  /** Seconds between two checkpoints of an unfinished pass. */
  readonly checkpointSeconds: number;
  /** Also collect TensorRT's own grid; null: histograms only. */
  readonly tensorrtGrid: TensorrtGridParams | null;
  /**
   * If there are more groups than this (default 16), all images are counted as one group. Each worker holds one
   * histogram per group and tensor.
   */
  readonly maxGroups?: number;
}

export interface TensorrtGridParams {
  /** The model as the user gave it: TensorRT calibrates before it folds anything. */
  readonly modelPath: string;
  /** Number of images in the first batch, which decides the initial range of every grid. */
  readonly batch: number;
}

export interface MergeParams {
  readonly key: string;
  /** The model as the user gave it, for shards that hold TensorRT's grid. */
  readonly modelPath: string;
  readonly calibrationDir: string;
  /** The complete shards in the order of their indices. */
  readonly shards: readonly UsableShard[];
}

export interface CheckImagesParams {
  readonly sets: readonly { readonly set: HealthImage['set']; readonly entries: readonly ImageEntry[] }[];
}

export interface CheckImagesResult {
  readonly corrupt: readonly CorruptImage[];
  readonly duplicates: readonly DuplicatePair[];
}

export interface PreviewParams {
  readonly entry: ImageEntry;
  readonly feeding: Feeding;
}

export interface ThumbnailParams extends PreviewParams {
  /** Largest side in pixels. */
  readonly size: number;
}
