import type { AdviceResult } from '../domain/analysis/structure-advice';
import type { Advice } from '../base/advice';
import type {
  AutoResult,
  DiagnosisResult,
  SearchResult,
  SensitivityKind,
  SensitivityResult,
} from '../domain/analysis/analysis';
import type { BestView } from '../domain/analysis/best-method';
import type { FixResult } from '../domain/analysis/fix';
import type { LearnResult, RepairResult } from '../domain/analysis/repair';
import type { SmoothingResult } from '../domain/analysis/smoothing';
import type { EngineLayer, EngineSummary } from '../domain/engines/engine-layers';
import type { ProfiledInput, ShapeProfile } from '../domain/engines/shape-profiles';
import type { RunEngines } from '../domain/engines/stored-engines';
import type { TensorHistogram } from '../domain/histograms/histogram';
import type { LabelOrder, SkippedImage, TruthFacts } from '../domain/project/image-set';
import type { HistogramMethod, Method } from '../domain/project/methods';
import type { Fp16Hazard, PlacementDecision, Precision, PrecisionChoice } from '../domain/project/precision';
import type { MarkedEntry } from '../domain/history/history-entry';
import type { ProjectFile } from '../domain/project/project';
import type { Toolchain, ToolchainLock } from '../domain/project/toolchain';
import type { Detections } from '../domain/tasks/answer';
import type { Measure } from '../domain/tasks/measure';
import type { TruthBox } from '../domain/tasks/truth';
import type { RunDetails } from '../domain/runs/run-details';
import type { RunRecord } from '../domain/runs/run-record';
import type { Warning } from './job-results';
import type { ExportRequest } from './requests';

/** A project as all screens and commands receive it. */
export interface ProjectView {
  readonly path: string;
  readonly file: ProjectFile;
  /** True if finished calibrations exist for the current model, set and preprocessing. */
  readonly calibrated: boolean;
  /** True if the project is not calibrated now, but was calibrated for another model, set or preprocessing. */
  readonly calibrationIsStale?: boolean;
  /**
   * The method that `best` stands for, if `best` is the project's method and the project is calibrated. It is minmax
   * until the choice was measured.
   */
  readonly chosenMethod?: HistogramMethod;
  /** The error of each single method at the outputs; omitted until it was measured. */
  readonly best?: BestView;
}

/** The effect of one method's threshold on the values of a tensor in one group. */
export interface ThresholdCost {
  readonly method: Method;
  /** null: all groups together. */
  readonly group: string | null;
  readonly sqnrDb: number;
  /** Share of values beyond the threshold, 0..1. */
  readonly clippedFraction: number;
}

export interface ThresholdRow {
  readonly name: string;
  /** max|x| over the calibration set, real units. */
  readonly amax: number;
  /** Thresholds in real units; a method that does not exist for this tensor is omitted. */
  readonly methods: Readonly<Partial<Record<Method, number>>>;
  readonly method: Method;
  /** The threshold in use, real units. */
  readonly threshold: number;
  /** threshold / 127 as float32. */
  readonly scale: number;
  readonly sqnrDb: number;
  /** Share of values beyond the threshold, 0..1. */
  readonly clippedFraction: number;
  /** Costs of every known method, for all values and for each group; present if the request asked for them. */
  readonly costs?: readonly ThresholdCost[];
}

export interface ThresholdTable {
  readonly method: Method;
  /** The method that `best` stands for, if `best` is the method. It is minmax until the choice was measured. */
  readonly chosenMethod?: HistogramMethod;
  /** The error of each single method at the outputs; omitted until it was measured. */
  readonly best?: BestView;
  /**
   * SQNR that these thresholds lose at the outputs compared with the best single method, dB. Null if the outputs
   * contain NaN or infinity; omitted if it was not measured.
   */
  readonly lostDb?: number | null;
  readonly tensors: readonly ThresholdRow[];
}

/** The histogram of one tensor over the whole set and per group (no groups if the set has none). */
export interface HistogramView {
  readonly total: TensorHistogram;
  readonly groups: Readonly<Record<string, TensorHistogram>>;
  /**
   * Largest |x| of every image, real units, in the order of `imageFiles`. NaN if the tensor has no value for an image.
   */
  readonly imageAmax: Float32Array;
  readonly imageFiles: readonly string[];
}

/** One layer of the prepared model, as the graph and the layer table show it. */
export interface LayerView {
  readonly layer: string;
  readonly op: string;
  /** Activations that the layer reads and writes (no weights, no omitted inputs). */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Shape of its weight, for Conv, ConvTranspose, Gemm and MatMul; null for others. */
  readonly weightShape: readonly number[] | null;
  /** Number of values in its constant inputs. */
  readonly parameters: number;
  /**
   * Number of multiply-accumulate operations for a batch of one, or for the fixed batch of the model. Omitted for
   * layers without such operations and for layers of unknown size.
   */
  readonly macs?: number;
  /** The choice in the plan: a requested precision, or `auto`. */
  readonly choice: PrecisionChoice;
  /** The precision that the plan intends for the layer: INT8 on `auto`. */
  readonly planned: Precision;
  /** The precision that the layer gets, and the reason. */
  readonly decision: PlacementDecision;
  /** Decisions about single edges of the layer. */
  readonly edges: readonly PlacementDecision[];
  /**
   * Problems that the layer would have in FP16, the worst first. Empty if FP16 suits it; null before the project is
   * calibrated.
   */
  readonly fp16Hazards: readonly Fp16Hazard[] | null;
}

export interface ModelView {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** In topological order. */
  readonly layers: readonly LayerView[];
  /** Tensors that have thresholds once the project is calibrated. */
  readonly calibrationTensors: readonly string[];
}

/** An image of a set; `id` identifies it in requests for thumbnails and previews. */
export interface ImageView {
  readonly id: string;
  readonly file: string;
  readonly label: number | null;
  readonly group: string | null;
  /** The class index of every box; empty: the image is background; omitted: the labels of the set are no boxes. */
  readonly boxes?: readonly number[];
  /** Present (true) if the image has a mask. */
  readonly hasMask?: true;
}

export interface ImageSetView {
  readonly root: string;
  readonly images: readonly ImageView[];
  readonly classNames: readonly string[];
  readonly groups: readonly string[];
  readonly skipped: readonly SkippedImage[];
  readonly notes: readonly string[];
  /** The order in use if class folders are numbers whose order determines the class indices; else null. */
  readonly labelOrder: LabelOrder | null;
  /** Numbers about the boxes or masks of the set; null if it has none. */
  readonly truthFacts: TruthFacts | null;
}

/** An encoded picture; `bytes` is PNG. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

/** The input of the network for one image. */
export interface PreprocessingPreview {
  /** The image as stored on disk (scaled down to at most 1024 pixels per side), with its size on disk. */
  readonly original: Picture;
  readonly originalWidth: number;
  readonly originalHeight: number;
  /** The tensor as a picture: channels as red, green and blue, mapped from [min, max] of the tensor to 0..255. */
  readonly tensor: Picture;
  /** For every channel, in the model's order. */
  readonly channels: readonly { readonly min: number; readonly max: number; readonly mean: number }[];
  /** The first values of every channel. */
  readonly values: readonly (readonly number[])[];
}

/** Class indices of pixels, row by row, and the rectangle of the original image that they cover, in its pixels. */
export interface MaskView {
  readonly width: number;
  readonly height: number;
  /** 255: not counted, or no class that fits into a byte. */
  readonly classes: Uint8Array;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The truth of one image; boxes in pixels of the original image. */
export type TruthView =
  | { readonly kind: 'label'; readonly label: number }
  | { readonly kind: 'boxes'; readonly boxes: readonly TruthBox[] }
  | { readonly kind: 'mask'; readonly mask: MaskView };

/** The answer of a variant to one image. */
export type AnswerView =
  | {
      readonly kind: 'classification';
      /** Up to five, best first. */
      readonly best: readonly { readonly label: number; readonly score: number }[];
    }
  | { readonly kind: 'detection'; readonly detections: Detections }
  | { readonly kind: 'segmentation'; readonly mask: MaskView }
  /** An answer that has no picture: an embedding, or what a user's own metric reads. */
  | { readonly kind: 'other' }
  /** The variant cannot be run, or its outputs do not fit the task. */
  | { readonly kind: 'failed'; readonly reason: string };

/** One image with its truth and the answers of variants. */
export interface ImageAnswersView {
  /** Size of the original image, in whose pixels boxes and masks are given. */
  readonly width: number;
  readonly height: number;
  /** null: the image has no label. */
  readonly truth: TruthView | null;
  /** By class index; empty if classes have no names. */
  readonly classNames: readonly string[];
  /** In the order of the request. */
  readonly variants: readonly { readonly variant: string; readonly answer: AnswerView }[];
}

export interface RecentProject {
  readonly path: string;
  readonly name: string;
  /** ISO 8601. */
  readonly openedAt: string;
  readonly exists: boolean;
  /** Present if the project has a run. */
  readonly lastRun?: LastRun;
}

/** The newest run of a project in one line. */
export interface LastRun {
  /** ISO 8601. */
  readonly createdAt: string;
  /** The variant that the run would ship; omitted if it ships none. */
  readonly variant?: string;
  /** Top-1 accuracy of `variant`, percent; omitted without labels. */
  readonly top1?: number;
  /** The measure of `variant`; omitted if it has none. */
  readonly measure?: Measure;
  readonly gates: { readonly all: number; readonly missed: number };
}

/** Recorded runs, from thousands on. */
export interface HistoryView {
  /** Folder of the runs. */
  readonly path: string;
  /** Newest first. */
  readonly entries: readonly MarkedEntry[];
  /** Runs that cannot be read: damaged, or written by a newer version. */
  readonly unreadable: readonly { readonly runId: string; readonly problem: string }[];
}

export interface RunView {
  readonly runId: string;
  readonly record: RunRecord;
  /** Path of the HTML report. */
  readonly report: string;
  /** null for runs of older versions. */
  readonly details: RunDetails | null;
}

export interface ToolchainView {
  readonly present: Toolchain;
  /** null if the project is not locked. */
  readonly lock: ToolchainLock | null;
  /** What differs, as sentences. */
  readonly differences: readonly string[];
}

/** The result of the import of a calibration cache for each name. */
export interface ImportReport {
  readonly header: string;
  readonly mapped: readonly { readonly name: string; readonly tensor: string; readonly threshold: number }[];
  readonly unmapped: readonly string[];
  readonly ignored: readonly { readonly name: string; readonly reason: string }[];
}

export interface ExportResult {
  readonly format: ExportRequest['format'];
  readonly out: string;
  readonly files: readonly string[];
  /** What is missing in the files, and the fix. */
  readonly warnings?: readonly Warning[];
}

export interface DoctorCheck {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'missing';
  readonly found: string;
  /** What to do, in the words of the command line; omitted if nothing is to be done. */
  readonly hint?: string;
  /** The same as data, if the graphical interface has its own words for it. */
  readonly advice?: Advice;
  /** True if calibration, quantization and validation do not work without it. */
  readonly required: boolean;
  /** How far a backend's code was tested: on a GPU, or against the library's headers and a stand-in of it only. */
  readonly exercised?: 'gpu' | 'headers';
}

export interface DoctorReport {
  readonly checks: readonly DoctorCheck[];
}

/**
 * The last result of every analysis of a project. `isCurrent` is false if a setting that the result depends on has
 * changed since.
 */
export interface AnalysesView {
  readonly sensitivity: Readonly<Partial<Record<SensitivityKind, Dated<SensitivityResult>>>>;
  readonly auto: Dated<AutoResult> | null;
  readonly search: Dated<SearchResult> | null;
  /** Omitted if the analysis was never made. */
  readonly repair?: Dated<RepairResult>;
  /** Omitted if there was no fix; stages that are left to try: it runs, or was interrupted. */
  readonly fix?: Dated<FixResult>;
  /** Omitted if the search was never made. */
  readonly smoothing?: Dated<SmoothingResult>;
  /** Omitted if nothing was learned yet. */
  readonly learned?: Dated<LearnResult>;
  readonly diagnoses: readonly Dated<DiagnosisResult>[];
  /** Omitted if the analysis was never made. */
  readonly advice?: Dated<AdviceResult>;
}

export interface Dated<T> {
  readonly isCurrent: boolean;
  readonly result: T;
}

/** An estimate of the cost of an analysis before it starts. */
export interface AnalysisCost {
  /** Number of models that will be tried. */
  readonly trials: number;
  readonly images: number;
  /** In runs of the whole model on one image. A model that starts behind unchanged layers counts as a part of a run. */
  readonly passes: number;
  /** From the speed of the latest trials of the project, else of the calibration; null if neither is known. */
  readonly seconds: number | null;
}

/** The engine of a variant that was built or used last, with all its layers. */
export interface EngineView {
  readonly variant: string;
  /** False if the plan, thresholds or model have changed since it was built. */
  readonly isCurrent: boolean;
  /** The runtime with its version, for example `TensorRT 10.6.0`. */
  readonly runtime: string;
  /** Name of the GPU, or of the CPU with the number of threads. */
  readonly device: string;
  /** The batch size at which its layers were timed. */
  readonly batch: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly sizeMb: number;
  readonly summary: EngineSummary;
  /** Share of the time of the profiled runs that is spent in kernels, 0..1; not for TensorRT. */
  readonly kernelShare?: number;
  /** Layer of the model -> the precision that was requested for it when the engine was built. */
  readonly asked: Readonly<Record<string, Precision>>;
  /** In order of execution. */
  readonly layers: readonly EngineLayer[];
}

/** The inputs of a model, for the choice of the shapes that engines take. */
export interface ShapesView {
  /** Path of the model's file. */
  readonly modelPath: string;
  readonly inputs: readonly (ProfiledInput & {
    /** Whether the first axis is the batch. */
    readonly hasBatch: boolean;
  })[];
  /**
   * The profiles that engines get if none are chosen, from the batch sizes and the images of the sets. Empty if all
   * sizes are fixed; null if a size is neither the batch nor that of an image, so that it has to be chosen.
   */
  readonly proposal: readonly ShapeProfile[] | null;
}

export interface EnginesView {
  /**
   * Variants that have an engine, the one that was used last first; then those whose layers were timed on ONNX Runtime
   * or OpenVINO, as BACKEND:VARIANT.
   */
  readonly variants: readonly string[];
  /**
   * The engine of the requested variant; without a request that of mixed, else of the variant that was used last. Null
   * if there is none.
   */
  readonly engine: EngineView | null;
  /** The layers of the model, if the engine is one of a run: the project may have another model by now. */
  readonly model?: RunEngines['model'];
}
