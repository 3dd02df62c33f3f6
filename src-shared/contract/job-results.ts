import type { AdviceResult } from '../domain/analysis/structure-advice';
import type { AutoResult, DiagnosisResult, SearchResult, SensitivityResult } from '../domain/analysis/analysis';
import type { BestDecision, BestView } from '../domain/analysis/best-method';
import type { FixResult } from '../domain/analysis/fix';
import type { LearnResult, RepairResult } from '../domain/analysis/repair';
import type { SmoothingResult } from '../domain/analysis/smoothing';
import type { TuningResult, TuningSummary } from '../domain/analysis/tuning';
import type { EngineSummary } from '../domain/engines/engine-layers';
import type { BatchDrift } from '../domain/health/field-batch';
import type { HealthResult } from '../domain/health/health';
import type { Pick as Picked } from '../domain/health/pick';
import type { AnomalyReport } from '../domain/history/anomalies';
import type { Readiness } from '../domain/history/readiness';
import type { PackageKind } from '../domain/packages/manifest';
import type { ReplayedTensor } from '../domain/packages/replay';
import type { SkippedImage } from '../domain/project/image-set';
import type { HistogramMethod, Method } from '../domain/project/methods';
import type { BackendId, LayerFormat, PlacementDecision, Target } from '../domain/project/precision';
import type { VariantReport } from '../domain/runs/accuracy';
import type { Answer, RefusedVariant } from '../domain/runs/questions';
import type { BenchmarkVariantRecord, DeviceRecord, GpuRecord, RunRecord, RunWarning } from '../domain/runs/run-record';
import type { NoMeasure } from '../domain/runs/task-scores';
import type { Task } from '../domain/tasks/task';
import type { SetName } from './requests';
import type { JobKind, Shard, ShardedKind } from './job-specs';

export type Warning = RunWarning;

export interface CalibrateResult {
  readonly project: string;
  /** Images that were counted. */
  readonly images: number;
  readonly skipped: readonly SkippedImage[];
  readonly tensors: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly peakRssMb: number;
  /** sha256 of the histograms' content: equal for equal values, independent of their order. */
  readonly sha256: string;
  /** Number of images that were taken over from an interrupted pass. */
  readonly resumedImages: number;
  readonly threads: number;
  readonly groups: readonly string[];
  readonly warnings: readonly Warning[];
  /** The project's method; absent for a shard. */
  readonly method?: Method;
  /** The method that `best` stands for, if the method is `best`. */
  readonly chosenMethod?: HistogramMethod;
  /** The errors of the single methods at the outputs; absent for a shard. */
  readonly best?: BestView;
  /** True if a finished calibration of the same content existed and was kept. */
  readonly kept?: boolean;
  /**
   * Present if TensorRT's own grid was collected too: the number of images in its first batch, and the number of names
   * that have TensorRT's thresholds.
   */
  readonly tensorrtGrid?: { readonly batch: number; readonly names: number };
  /** Path of the file for `merge`; present if only a shard was collected. */
  readonly shardPath?: string;
}

/** What is ready for shards. */
export interface PrepareResult {
  readonly project: string;
  readonly sets: readonly {
    readonly set: SetName;
    readonly images: number;
    /** Hash of names and contents. */
    readonly manifestSha256: string;
  }[];
  readonly seconds: number;
}

/** The result of one part of a validation, sensitivity or search. */
export interface ShardResult {
  readonly project: string;
  readonly of: Exclude<ShardedKind, 'calibrate'>;
  readonly shard: Shard;
  /** Path of the file for `merge`. */
  readonly shardPath: string;
  /** Images that were used, or models that were tried. */
  readonly done: number;
  readonly seconds: number;
  /** True if the finished shard existed and was kept. */
  readonly kept: boolean;
}

/** The result of merging shards: that of the whole job. Of a search, only the ranking of layers is put together. */
export type MergeResult =
  | { readonly of: 'calibrate'; readonly result: CalibrateResult }
  | { readonly of: 'validate'; readonly result: ValidateResult }
  | { readonly of: 'sensitivity'; readonly result: SensitivityResult }
  | { readonly of: 'search'; readonly result: { readonly project: string; readonly trials: number } };

export interface QuantizeResult {
  readonly out: string;
  readonly variant: string;
  readonly target: Target;
  readonly sizeBytes: number;
  readonly nodes: { readonly QuantizeLinear: number; readonly DequantizeLinear: number; readonly Cast: number };
  /** Whether some layer runs in FP16. */
  readonly hasFp16: boolean;
  readonly decisions: readonly PlacementDecision<LayerFormat>[];
  readonly warnings: readonly Warning[];
  /** The method that `best` stands for, if the variant uses `best`. */
  readonly chosenMethod?: HistogramMethod;
}

export interface PackageResult {
  readonly project: string;
  readonly packageKind: PackageKind;
  readonly variant: string;
  readonly backend: BackendId;
  /** Folder of the package: what `calib replay` takes. */
  readonly out: string;
  /** Its files, relative to `out`. */
  readonly files: readonly string[];
  /** Images whose answers were recorded. */
  readonly samples: number;
  readonly warnings: readonly Warning[];
}

/** What `calib replay` found. */
export interface ReplayResult {
  readonly package: string;
  readonly name: string;
  readonly variant: string;
  readonly recordedWith: string;
  readonly tolerance: number;
  readonly tensors: readonly (ReplayedTensor & { readonly met: boolean })[];
  /** Whether all tensors are within the tolerance. */
  readonly met: boolean;
}

export interface ValidateResult {
  readonly images: number;
  readonly labelled: boolean;
  /** Number of classes of the classification output; 0 if no output is a classification. */
  readonly classCount: number;
  /** The task that the variants were judged by; null: not decided, and no output is a classification. */
  readonly task: Task | null;
  /** The hash of the user's own metric; results of different hashes are not comparable. */
  readonly metricHash?: string;
  /** Why the variants have no measure, so that only the error of the outputs is known. */
  readonly noMeasure?: NoMeasure;
  /** By class index; empty if the classes have no names. */
  readonly classNames: readonly string[];
  readonly backend: BackendId;
  readonly target: Target;
  readonly skipped: readonly SkippedImage[];
  readonly variants: readonly VariantReport[];
  /** Questions that cannot be asked here, with the reason; absent if there are none. */
  readonly refused?: readonly RefusedVariant[];
  readonly warnings: readonly Warning[];
}

export interface BuildResult {
  readonly backend: BackendId;
  readonly engines: readonly {
    readonly variant: string;
    readonly path: string;
    readonly sizeMb: number;
    readonly seconds: number;
    /** False if an engine of the same content existed already. */
    readonly built: boolean;
    /** Present if several GPUs were requested. */
    readonly device?: DeviceRecord;
    /** For the backend tensorrt: the types that the layers compute in, and the time of the conversions between them. */
    readonly summary?: EngineSummary;
    /** File with every layer of the engine (`EngineLayer[]`). */
    readonly layersPath?: string;
  }[];
  /** Questions that cannot be asked here, with the reason; absent if there are none. */
  readonly refused?: readonly RefusedVariant[];
  /** Present if a tuning was requested. */
  readonly tuning?: TuningSummary;
  readonly warnings: readonly Warning[];
}

export interface BenchResult {
  readonly backend: BackendId;
  readonly device: string;
  readonly threads: number;
  readonly rounds: number;
  /** If several GPUs were requested, the variants of one GPU after the other. */
  readonly variants: readonly BenchmarkVariantRecord[];
  readonly warnings: readonly Warning[];
  /** Questions that cannot be asked here, with the reason; absent if there are none. */
  readonly refused?: readonly RefusedVariant[];
  /** Whether formats below INT8 and sparse kernels would pay here, for each batch size; absent if it was not asked. */
  readonly answers?: readonly (Answer & { readonly sentence: string })[];
  /** Present for benchmarks on a GPU. */
  readonly gpu?: GpuRecord;
  /** Present if several GPUs were requested. */
  readonly devices?: readonly DeviceBench[];
}

/** The result of tuning, with what was noticed on the way. */
export type TuneResult = TuningResult & { readonly warnings: readonly Warning[] };

/** The share of a benchmark that ran on one GPU. */
export interface DeviceBench {
  readonly device: DeviceRecord;
  /** Wall-clock time, from opening its engines to the last round. */
  readonly seconds: number;
  readonly gpu?: GpuRecord;
}

export interface RunResult {
  readonly runId: string;
  readonly record: RunRecord;
  /** How likely the next run meets all gates, from the recorded runs with this one. */
  readonly readiness: Readiness;
  /** What is unusual about this run against the recorded runs. */
  readonly anomalies: AnomalyReport;
  /** Path of the HTML report. */
  readonly report: string;
}

/** The images that a calibration set lacks. */
export interface PickResult extends Picked {
  readonly project: string;
  /** Images of the pool that were compared, without near copies of others and of calibration images. */
  readonly pool: number;
  readonly duplicates: number;
  readonly skipped: readonly SkippedImage[];
  /** Drift of the pool before images are added, see calib health. */
  readonly drift: number;
  readonly driftAtLeast: number;
  readonly limit: number;
  /** The folder or list that was written. */
  readonly out?: string;
}

/** The result of a job, by kind. */
export interface JobResults {
  readonly prepare: PrepareResult;
  readonly calibrate: CalibrateResult;
  readonly merge: MergeResult;
  readonly quantize: QuantizeResult;
  readonly package: PackageResult;
  readonly validate: ValidateResult;
  readonly shard: ShardResult;
  readonly build: BuildResult;
  readonly bench: BenchResult;
  readonly tune: TuneResult;
  readonly run: RunResult;
  readonly sensitivity: SensitivityResult;
  readonly auto: AutoResult;
  readonly best: BestDecision;
  readonly search: SearchResult;
  readonly diagnose: DiagnosisResult;
  readonly advise: AdviceResult;
  readonly repair: RepairResult;
  readonly fix: FixResult;
  readonly smooth: SmoothingResult;
  readonly learn: LearnResult;
  readonly health: HealthResult;
  readonly drift: BatchDrift & { readonly project: string };
  readonly pick: PickResult;
}

export type JobResult = JobResults[JobKind];
