import type { OutputQuality, VariantReport, WorstGroup } from './accuracy';
import type { LatencySummary, PairedRatio } from './latency';
import type { HistogramMethod, Method } from '../project/methods';
import type { BackendId, PrecisionPlan, Target } from '../project/precision';
import type { Preprocessing } from '../project/preprocessing';
import type { ModelReference } from '../project/project';
import type { PairedComparison } from '../statistics';

/** 2: SQNR is that of the worst output, agreement that of a classification only; percentiles of few samples are absent. */
export const RUN_RECORD_VERSION = 2;

/** One row of the table that a run ends in: what a variant costs and what it answers. Unknown fields are absent. */
export interface TableRow {
  readonly variant: string;
  readonly backend: BackendId;
  /** The earlier variant that is the same model (mixed without a layer outside INT8, for example): all numbers are its. */
  readonly sameAs?: string;
  /** Median latency of one inference. */
  readonly latencyMs?: number;
  readonly latency?: LatencySummary;
  /** Latency over fp32's, per interleaved round. */
  readonly ratioToFp32?: PairedRatio;
  readonly throughputPerSecond?: number;
  /** 1 MB = 1,000,000 bytes. */
  readonly memoryMb?: number;
  readonly sizeMb?: number;
  /** Percent. */
  readonly top1?: number;
  readonly top5?: number;
  readonly worstGroup?: WorstGroup;
  /** Group -> percent; only groups with labels. */
  readonly groupTop1?: Readonly<Record<string, number>>;
  /** Percent of images answered as by FP32; absent where no output is a classification. */
  readonly agreement?: number;
  /** Of the output that lost most. */
  readonly outputSqnrDb?: number;
  /** Every output's; absent for FP32. sqnrDb is null without any error or signal. */
  readonly outputs?: readonly Pick<OutputQuality, 'name' | 'sqnrDb'>[];
  readonly comparedToFp32?: PairedComparison;
}

/** Why a gate could not be judged. */
export const GATE_REASONS = [
  'no-set',
  'no-labels',
  'no-classification',
  'no-groups',
  'no-fp32',
  'no-benchmark',
  'no-variant',
] as const;
export type GateReason = (typeof GATE_REASONS)[number];

/** A limit and what was found. A gate that cannot be judged is not met and says why. */
export interface GateResult {
  readonly name: string;
  /** Percent, percentage points or ms, as the gate's name says. */
  readonly limit: number;
  readonly value: number | null;
  readonly met: boolean;
  /** The shipped variant that was judged. */
  readonly variant: string;
  /** Group with the largest drop, for the gate on groups. */
  readonly group?: string;
  /** Why there is no value: a sentence, and its stable name (absent in runs of older versions). */
  readonly reason?: string;
  readonly reasonCode?: GateReason;
}

export interface SetRecord {
  /** Folder or list file that was named. */
  readonly root: string;
  /** Of the list of files, labels and groups. */
  readonly manifestSha256: string;
  readonly images: number;
}

export interface MachineRecord {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  /** Name of the GPU that was used; absent on CPU backends. */
  readonly gpu?: string;
}

export interface RunWarning {
  readonly code: string;
  readonly message: string;
}

export interface CalibrationSummary {
  readonly images: number;
  readonly tensors: number;
  /** Of the histograms' content. */
  readonly sha256: string;
  readonly seconds: number;
}

export interface ValidationRecord {
  readonly images: number;
  /** The images have labels, and an output of the model is a classification that they can be compared with. */
  readonly labelled: boolean;
  /** Of the classification output; 0 when no output is one. Absent in runs of older versions. */
  readonly classCount?: number;
  /** By class index; absent when classes have no names. */
  readonly classNames?: readonly string[];
  readonly variants: readonly VariantReport[];
}

/** A GPU among several. */
export interface DeviceRecord {
  /** Among the GPUs that CUDA shows. */
  readonly index: number;
  readonly name: string;
}

export interface BenchmarkVariantRecord {
  readonly variant: string;
  readonly batch: number;
  readonly streams: number;
  readonly latencyMs: LatencySummary;
  readonly throughputPerSecond: number;
  /** Absent where it is not known: on GPUs through ONNX Runtime. */
  readonly memoryMb?: number;
  readonly sizeMb: number;
  readonly coefficientOfVariation: number;
  readonly ratioToFp32?: PairedRatio;
  /** The earlier variant that is the same engine: all numbers are its. */
  readonly sameAs?: string;
  /** Where several GPUs were benchmarked. */
  readonly device?: DeviceRecord;
}

/** The GPU during a benchmark: the largest of several readings; null where it does not tell. */
export interface GpuRecord {
  /** Version of TensorRT. */
  readonly tensorrt: string;
  readonly driver: string | null;
  readonly smClockMhz: number | null;
  readonly memoryClockMhz: number | null;
  readonly temperatureC: number | null;
  readonly powerW: number | null;
  readonly throttleReasons: readonly string[];
}

export interface BenchmarkRecord {
  readonly backend: BackendId;
  readonly device: string;
  readonly threads: number;
  readonly rounds: number;
  readonly variants: readonly BenchmarkVariantRecord[];
  readonly gpu?: GpuRecord;
}

/** `run.json`: one recorded pass of the whole job, with everything needed to repeat and to compare it. */
export interface RunRecord {
  readonly version: typeof RUN_RECORD_VERSION;
  readonly runId: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Name of the project. */
  readonly project: string;
  readonly tool: { readonly version: string; readonly node: string; readonly onnxruntime: string };
  readonly machine: MachineRecord;
  readonly model: ModelReference;
  readonly sets: { readonly calibration: SetRecord; readonly validation: SetRecord | null };
  readonly preprocessing: Preprocessing;
  readonly options: {
    readonly target: Target;
    readonly backend: BackendId;
    /** Method of every tensor that has none of its own. */
    readonly method: Method;
    /** What method best stood for, where the shipped variant uses it. */
    readonly chosenMethod?: HistogramMethod;
    /** What was decided per tensor and per layer, as in the project file. */
    readonly percentile: number;
    readonly tensorMethods: Readonly<Record<string, Method>>;
    readonly manualThresholds: Readonly<Record<string, number>>;
    readonly plan: PrecisionPlan;
    readonly threads: number;
    /** Anything else that was set, by flag name. */
    readonly other: Readonly<Record<string, string | number | boolean>>;
  };
  readonly calibration: CalibrationSummary;
  readonly table: readonly TableRow[];
  /** Variants meant for deployment: the gates judge these. */
  readonly shipped: readonly string[];
  readonly validation: ValidationRecord | null;
  readonly benchmark: BenchmarkRecord | null;
  readonly gates: readonly GateResult[];
  readonly warnings: readonly RunWarning[];
  /** What the search for a plan found, where the run was asked to search: one sentence. */
  readonly search?: string;
  /** Groups of the shipped variant that lost too much, and why, where the run was asked to diagnose. */
  readonly diagnoses?: readonly DiagnosisRecord[];
}

export interface DiagnosisRecord {
  readonly variant: string;
  /** The group. */
  readonly title: string;
  readonly summary: string;
  /** Measured effects of single changes, best first, a sentence each. */
  readonly actions: readonly string[];
}
