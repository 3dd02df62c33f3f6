import type { JobId } from '../base/brand';
import type {
  AutoResult,
  DiagnosisResult,
  DiagnosisSubject,
  SearchResult,
  SensitivityKind,
  SensitivityMetric,
  SensitivityResult,
} from '../domain/analysis/analysis';
import type { BestDecision, BestView } from '../domain/analysis/best-method';
import type { HistogramMethod, Method, VariantMethod } from '../domain/project/methods';
import type { BackendId, PlacementDecision, Target } from '../domain/project/precision';
import type { EngineSummary } from '../domain/engines/engine-layers';
import type { TensorrtOptions } from '../domain/engines/tensorrt-options';
import type { BenchmarkVariantRecord, DeviceRecord, GpuRecord, RunRecord } from '../domain/runs/run-record';
import type { HealthResult } from '../domain/health/health';
import type { HealthLimits } from '../domain/health/health-limits';
import type { RepairResult } from '../domain/analysis/repair';
import type { SkippedImage } from '../domain/project/image-set';
import type { VariantReport } from '../domain/runs/accuracy';
import type { WireError } from './errors';
import type { Progress } from './progress';

/** The work that takes longer than a second. Paths are absolute. `tensorrtGridBatch`: also collect TensorRT's own grid. */
export type JobSpec =
  | {
      readonly kind: 'calibrate';
      readonly projectPath: string;
      readonly limit?: number;
      readonly threads?: number;
      readonly shard?: Shard;
      readonly fresh?: boolean;
      readonly tensorrtGridBatch?: number;
      readonly memoryLimitGb?: number;
    }
  | { readonly kind: 'merge'; readonly projectPath: string; readonly shardPaths: readonly string[] }
  | QuantizeSpec
  | ValidateSpec
  | BuildSpec
  | BenchSpec
  | RunSpec
  | SensitivitySpec
  | AutoSpec
  | BestSpec
  | SearchSpec
  | DiagnoseSpec
  | RepairSpec
  | HealthSpec;

/** Part `index` (1-based) of `count` equal parts of the calibration set. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface QuantizeSpec {
  readonly kind: 'quantize';
  readonly projectPath: string;
  readonly target: Target;
  /** Variant name, for example `int8`, `int8-minmax`, `mixed`. */
  readonly variant: string;
  readonly outPath: string;
  readonly activationType?: 'int8' | 'uint8';
  /** Element type of the model's float inputs and outputs; fp32 when absent. */
  readonly io?: 'fp32' | 'fp16';
}

interface VariantsSpec {
  readonly projectPath: string;
  readonly variants?: readonly string[];
  readonly backend?: BackendId;
  readonly target?: Target;
  readonly threads?: number;
  readonly activationType?: 'int8' | 'uint8';
  /** For the backend tensorrt; what is absent has its default. */
  readonly tensorrt?: Partial<TensorrtOptions>;
}

export interface ValidateSpec extends VariantsSpec {
  readonly kind: 'validate';
  /** Only N images of the validation set: the first ones of a list, spread evenly over a folder. */
  readonly limit?: number;
}

/** Several GPUs of this machine, for the backend tensorrt; without them the one of the options. */
export interface DevicesSpec {
  readonly devices?: readonly number[] | 'all';
  /** All at once: builds then slow each other down, and choose kernels by disturbed timings. One after the other when absent. */
  readonly isParallel?: boolean;
}

export interface BuildSpec extends VariantsSpec, DevicesSpec {
  readonly kind: 'build';
}

export interface BenchSpec extends VariantsSpec, DevicesSpec {
  readonly kind: 'bench';
  readonly batch?: number;
  readonly rounds?: number;
}

/** What a run can do beside its steps, see `searches` and `diagnoses`. */
export const RUN_ANALYSES = ['search', 'diagnose'] as const;
export type RunAnalysis = (typeof RUN_ANALYSES)[number];

export interface RunSpec extends VariantsSpec {
  readonly kind: 'run';
  readonly limit?: number;
  readonly rounds?: number;
  /** Also collect TensorRT's own grid, see calibrate. */
  readonly tensorrtGridBatch?: number;
  /** The mixed row is the plan that a search finds, within the project's gates. */
  readonly searches?: boolean;
  /** Say why groups of the shipped variant lost more than the gate allows. */
  readonly diagnoses?: boolean;
  /** See calibrate. */
  readonly memoryLimitGb?: number;
}

export interface SensitivitySpec {
  readonly kind: 'sensitivity';
  readonly projectPath: string;
  /** release when absent. */
  readonly question?: SensitivityKind;
  /** sqnr when absent; top1 and worst-group need a validation set with labels. */
  readonly metric?: SensitivityMetric;
  /** calibration when absent, unless the metric needs labels. */
  readonly set?: 'calibration' | 'validation';
  /** Images, spread evenly over the set; 64 when absent. */
  readonly limit?: number;
  /** Layers whose names match; all when absent. */
  readonly layers?: string;
  readonly target?: Target;
  readonly threads?: number;
}

/** Chooses the thresholds of method `auto`. */
export interface AutoSpec {
  readonly kind: 'auto';
  readonly projectPath: string;
  /** Images that the choice is made on, 128 when absent; up to 512 others confirm it. */
  readonly images?: number;
  readonly target?: Target;
  readonly threads?: number;
}

/** Measures the single methods and decides what method `best` stands for, also where that is known. */
export interface BestSpec {
  readonly kind: 'best';
  readonly projectPath: string;
  readonly target?: Target;
  readonly threads?: number;
}

export interface SearchSpec {
  readonly kind: 'search';
  readonly projectPath: string;
  /** Percentage points; the project's gates, else 0.5 and 1. */
  readonly maxDrop?: number;
  readonly maxWorstGroupDrop?: number;
  /** Without labels: largest output error (noise to signal) of the worst group; 0.02 when absent. */
  readonly maxNmse?: number;
  /** Thresholds to search with; absent: those in use, or other methods' where they are clearly better. */
  readonly method?: VariantMethod;
  /** At most so many released layers. */
  readonly maxLayers?: number;
  /** Folder or list of unlabelled images from the field that plans are ranked and judged on. */
  readonly againstPath?: string;
  /** Plans are built and timed on it where it runs what the target is placed for; ort-cpu when absent. */
  readonly backend?: BackendId;
  /** For the backend tensorrt; what is absent has its default. */
  readonly tensorrt?: Partial<TensorrtOptions>;
  /** Only N images of the set that plans are judged on. */
  readonly limit?: number;
  readonly target?: Target;
  readonly threads?: number;
}

/** Why a group, a class or a confusion of a variant got worse, and what would mend it. */
export interface DiagnoseSpec {
  readonly kind: 'diagnose';
  readonly projectPath: string;
  /** int8 or mixed, with or without a method; mixed when absent. */
  readonly variant?: string;
  readonly subject: DiagnosisSubject;
  /** At most so many images of the subject; 128 when absent. */
  readonly limit?: number;
  readonly target?: Target;
  readonly threads?: number;
}

/** Checks the calibration set, and the images of `againstPath` against it. */
export interface HealthSpec {
  readonly kind: 'health';
  readonly projectPath: string;
  /** Folder or list of unlabelled images from the field. */
  readonly againstPath?: string;
  /** Only N images of each set: the first ones of a list, spread evenly over a folder. */
  readonly limit?: number;
  readonly limits?: Partial<HealthLimits>;
  readonly threads?: number;
}

/** What the repairs do to a variant, whatever the plan says of them. */
export interface RepairSpec {
  readonly kind: 'repair';
  readonly projectPath: string;
  /** int8 or mixed, with or without a method; mixed when absent. */
  readonly variant?: string;
  readonly target?: Target;
  /** Only N images of the validation set (of the calibration set where there is none). */
  readonly limit?: number;
  readonly threads?: number;
}

/** Jobs that try many variants of the model on images. */
export type AnalysisSpec = SensitivitySpec | AutoSpec | SearchSpec | DiagnoseSpec;

export type JobKind = JobSpec['kind'];

export interface Warning {
  readonly code: string;
  readonly message: string;
}

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
  /** A finished calibration of the same content was there and was kept. */
  readonly kept?: boolean;
  /** Set when TensorRT's own grid was collected too: images of its first batch, and names that have TensorRT's thresholds. */
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
    /** Where several GPUs were asked for. */
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
  /** Where several GPUs were asked for. */
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

/** What a job leaves behind, by kind. */
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

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** The whole state of a job at one moment; `sequence` grows by one with every change, so late messages can be dropped. */
export interface JobSnapshot {
  readonly id: JobId;
  readonly kind: JobKind;
  readonly projectPath: string;
  /** Of a run: the analyses that it was asked for. */
  readonly analyses?: readonly RunAnalysis[];
  readonly sequence: number;
  readonly state: JobState;
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly etaSeconds: number | null;
  readonly error: WireError | null;
  /** The job did not end within the time allowed after a cancel, and its process was killed. */
  readonly forced: boolean;
  readonly result: JobResult | null;
  /** Absent until the job begins to run. */
  readonly times?: JobTimes;
}

/** When a job did what, in ms since it began to run, so that a window that was opened later knows it too. */
export interface JobTimes {
  /** Until now; of a finished job until its end. */
  readonly elapsedMs: number;
  /** In the order in which they began; each ends where the next begins. The phases of an analysis within a run are one. */
  readonly phases: readonly PhaseTimes[];
}

export interface PhaseTimes extends Progress {
  readonly beganMs: number;
}

/** A job that was cancelled while it waited: there is nothing to tell of it. */
export function neverBegan(snapshot: Pick<JobSnapshot, 'state' | 'phase'>): boolean {
  return snapshot.state === 'cancelled' && snapshot.phase === 'waiting';
}

export function isFinished(snapshot: Pick<JobSnapshot, 'state'>): boolean {
  return snapshot.state === 'done' || snapshot.state === 'failed' || snapshot.state === 'cancelled';
}
