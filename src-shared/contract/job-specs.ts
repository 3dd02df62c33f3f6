import type { DiagnosisSubject, SensitivityKind, SensitivityMetric } from '../domain/analysis/analysis';
import type { TensorrtOptions } from '../domain/engines/tensorrt-options';
import type { HealthLimits } from '../domain/health/health-limits';
import type { VariantMethod } from '../domain/project/methods';
import type { BackendId, Target } from '../domain/project/precision';

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
