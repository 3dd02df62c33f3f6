import type { AutoResult, DiagnosisResult, SearchResult, SensitivityResult } from '../domain/analysis/analysis';
import type { BestDecision, BestView } from '../domain/analysis/best-method';
import type { RepairResult } from '../domain/analysis/repair';
import type { EngineSummary } from '../domain/engines/engine-layers';
import type { HealthResult } from '../domain/health/health';
import type { SkippedImage } from '../domain/project/image-set';
import type { HistogramMethod, Method } from '../domain/project/methods';
import type { BackendId, PlacementDecision, Target } from '../domain/project/precision';
import type { VariantReport } from '../domain/runs/accuracy';
import type { BenchmarkVariantRecord, DeviceRecord, GpuRecord, RunRecord, RunWarning } from '../domain/runs/run-record';
import type { JobKind } from './job-specs';

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
  /** sha256 of the histograms' content: equal for equal values, whatever their order. */
  readonly sha256: string;
  /** Images taken over from an interrupted pass. */
  readonly resumedImages: number;
  readonly threads: number;
  readonly groups: readonly string[];
  readonly warnings: readonly Warning[];
  /** The project's method; absent for a shard. */
  readonly method?: Method;
  /** What method best stands for, where that is the method. */
  readonly chosenMethod?: HistogramMethod;
  /** What the single methods cost at the outputs; absent for a shard. */
  readonly best?: BestView;
  /** True if a finished calibration of the same content existed and was kept. */
  readonly kept?: boolean;
  /**
   * Present if TensorRT's own grid was collected too: the number of images in its first batch, and the number of names
   * that have TensorRT's thresholds.
   */
  readonly tensorrtGrid?: { readonly batch: number; readonly names: number };
  /** Set when only a shard was collected: the file to hand to `merge`. */
  readonly shardPath?: string;
}

export interface QuantizeResult {
  readonly out: string;
  readonly variant: string;
  readonly target: Target;
  readonly sizeBytes: number;
  readonly nodes: { readonly QuantizeLinear: number; readonly DequantizeLinear: number; readonly Cast: number };
  readonly decisions: readonly PlacementDecision[];
  readonly warnings: readonly Warning[];
  /** What method best stands for, where the variant uses it. */
  readonly chosenMethod?: HistogramMethod;
}

export interface ValidateResult {
  readonly images: number;
  readonly labelled: boolean;
  /** Of the classification output; 0 when no output is one. */
  readonly classCount: number;
  /** By class index; empty when classes have no names. */
  readonly classNames: readonly string[];
  readonly backend: BackendId;
  readonly target: Target;
  readonly skipped: readonly SkippedImage[];
  readonly variants: readonly VariantReport[];
  readonly warnings: readonly Warning[];
}

export interface BuildResult {
  readonly backend: BackendId;
  readonly engines: readonly {
    readonly variant: string;
    readonly path: string;
    readonly sizeMb: number;
    readonly seconds: number;
    /** False when an engine of the same content was there already. */
    readonly built: boolean;
    /** Present if several GPUs were requested. */
    readonly device?: DeviceRecord;
    /** Backend tensorrt: what the layers compute in, and what conversions between them cost. */
    readonly summary?: EngineSummary;
    /** File with every layer of the engine (`EngineLayer[]`). */
    readonly layersPath?: string;
  }[];
  readonly warnings: readonly Warning[];
}

export interface BenchResult {
  readonly backend: BackendId;
  readonly device: string;
  readonly threads: number;
  readonly rounds: number;
  /** Of every GPU one after the other, where several were asked for. */
  readonly variants: readonly BenchmarkVariantRecord[];
  readonly warnings: readonly Warning[];
  /** Of benchmarks on a GPU. */
  readonly gpu?: GpuRecord;
  /** Present if several GPUs were requested. */
  readonly devices?: readonly DeviceBench[];
}

/** The part of a benchmark that one GPU had. */
export interface DeviceBench {
  readonly device: DeviceRecord;
  /** Wall clock, from opening its engines to the last round. */
  readonly seconds: number;
  readonly gpu?: GpuRecord;
}

export interface RunResult {
  readonly runId: string;
  readonly record: RunRecord;
  /** Path of the HTML report. */
  readonly report: string;
}

/** The result of a job, by kind. */
export interface JobResults {
  readonly calibrate: CalibrateResult;
  readonly merge: CalibrateResult;
  readonly quantize: QuantizeResult;
  readonly validate: ValidateResult;
  readonly build: BuildResult;
  readonly bench: BenchResult;
  readonly run: RunResult;
  readonly sensitivity: SensitivityResult;
  readonly auto: AutoResult;
  readonly best: BestDecision;
  readonly search: SearchResult;
  readonly diagnose: DiagnosisResult;
  readonly repair: RepairResult;
  readonly health: HealthResult;
}

export type JobResult = JobResults[JobKind];
