import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { ResponseMessage } from '../../../src-shared/contract/request-channel';
import type { CalibrateResult, QuantizeResult, Warning } from '../../../src-shared/contract/job-results';
import type { Shard } from '../../../src-shared/contract/job-specs';
import type { OutputQuality, Predictions } from '../../../src-shared/domain/runs/accuracy';
import type { Picture, PreprocessingPreview } from '../../../src-shared/contract/views';
import type { DuplicatePair, HealthImage } from '../../../src-shared/domain/health/health';
import type { CorruptImage } from '../../../src-shared/domain/health/health-findings';
import type { ImageEntry, ImageSet, SkippedImage } from '../../../src-shared/domain/project/image-set';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { GpuDevice } from '../../../native/tensorrt';
import type { EngineLayer } from '../../../src-shared/domain/engines/engine-layers';
import type { TensorrtBenchOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import type { SensitivityResult, TrialQuality } from '../../../src-shared/domain/analysis/analysis';
import type { OutputCost } from '../../../src-shared/domain/analysis/best-method';
import type { Candidate } from '../../analysis/best-method';
import type { AutoOutcome, AutoProblem } from '../../analysis/auto';
import type { SearchOutcome, SearchProblem } from '../../analysis/search';
import type { Trial } from '../../analysis/trials';
import type { SensitivityProblem } from '../../analysis/sensitivity';
import type { TrialParams } from '../trials/trial-pool';
import type { BenchmarkOutcome } from '../../backends/benchmark';
import type { EngineVariant, OrtGpu, RunnableVariant } from '../../backends/runnable-variant';
import type { BiasCorrection } from '../../../src-shared/domain/analysis/repair';
import type { Equalized } from '../../onnx/passes/equalize';
import type { EngineBuild, EngineBuildResult } from '../../backends/tensorrt/build-engine';
import type { Fp16Hazard, PrecisionPlan, Target } from '../../../src-shared/domain/project/precision';

/**
 * What the app asks of the compute process. Every method may report progress and can be cancelled. Models, images and
 * weights travel as paths; results are plain data and typed arrays.
 */
export interface ComputeMethods {
  readonly prepare: { readonly params: PrepareParams; readonly result: PrepareResult };
  readonly calibrate: { readonly params: CalibrateParams; readonly result: Omit<CalibrateResult, 'project'> };
  readonly merge: { readonly params: MergeParams; readonly result: Omit<CalibrateResult, 'project'> };
  readonly rewrite: { readonly params: RewriteParams; readonly result: RewriteResult };
  readonly explain: { readonly params: ExplainParams; readonly result: ExplainResult };
  readonly evaluate: { readonly params: EvaluateParams; readonly result: EvaluateResult };
  /** Chooses a threshold per tensor among all methods. */
  readonly auto: { readonly params: AutoParams; readonly result: AutoComputed };
  /** What each of several methods costs at the outputs. */
  readonly best: { readonly params: BestParams; readonly result: BestComputed };
  readonly sensitivity: { readonly params: SensitivityParams; readonly result: SensitivityComputed };
  readonly search: { readonly params: SearchParams; readonly result: SearchComputed };
  /** How each model of a list answers. */
  readonly evaluateCandidates: { readonly params: EvaluateCandidatesParams; readonly result: EvaluateCandidatesResult };
  /** What the biases of one variant lack. */
  readonly 'correct-biases': { readonly params: CorrectBiasesParams; readonly result: CorrectBiasesComputed };
  /** Corrupt and repeated images of some sets. */
  readonly 'check-images': { readonly params: CheckImagesParams; readonly result: CheckImagesResult };
  readonly thumbnail: { readonly params: ThumbnailParams; readonly result: Picture };
  readonly preview: { readonly params: PreviewParams; readonly result: PreprocessingPreview };
  readonly bench: { readonly params: BenchParams; readonly result: BenchOutcome };
  /** A GPU provider of ONNX Runtime. Fails with backend-unavailable where it cannot run, saying why. */
  readonly 'ort-gpu-status': { readonly params: OrtGpu; readonly result: OrtGpuStatus };
  /** The TensorRT of this machine. Fails with backend-unavailable where there is none, saying what is missing. */
  readonly 'tensorrt-status': { readonly params: Record<string, never>; readonly result: TensorrtStatus };
  readonly 'tensorrt-build': { readonly params: EngineBuild; readonly result: EngineBuildResult };
  /** What an engine made of its layers, with the time that each takes. */
  readonly 'tensorrt-layers': { readonly params: EngineLayersParams; readonly result: EngineLayersResult };
  readonly versions: { readonly params: Record<string, never>; readonly result: VersionsResult };
}
export type ComputeMethod = keyof ComputeMethods;

/** How the compute process is asked: the app depends on this, tests script it. */
export interface Compute {
  request<M extends ComputeMethod>(
    method: M,
    params: ComputeMethods[M]['params'],
    context: TaskContext,
  ): Promise<ComputeMethods[M]['result']>;
  dispose(): void;
}

export interface PrepareParams {
  readonly modelPath: string;
  /** Folder to hold model.onnx, weights.bin and prepared.json; kept when it is complete already. */
  readonly preparedDir: string;
  /** Scale channels between layers; the folder must be this model's alone. */
  readonly equalize?: boolean;
  /** The folder is complete, but a file in it is not what was written: make it again. */
  readonly isDamaged?: boolean;
}

export interface PrepareResult {
  readonly notes: readonly Warning[];
  /** Of an equalized model: what was done to its layers, and the activations whose channels have other values. */
  readonly equalized?: Pick<Equalized, 'layers' | 'tensors'>;
}

/** What calibration collects and where it goes. */
export interface CalibrateParams {
  readonly preparedDir: string;
  readonly input: ImageInput;
  readonly preprocessing: Preprocessing;
  readonly set: ImageSet;
  /** Identity of this calibration: model, set, preprocessing and collector version. */
  readonly key: string;
  /** Folder of the calibration; histograms.bin, index.json and partial.bin live there. */
  readonly calibrationDir: string;
  readonly threads: number;
  readonly shard: Shard | null;
  /** Resident memory that the compute process should not exceed: fewer workers are started. Absent: what is free. */
  readonly memoryLimitBytes?: number;
  /** Begin with the finished calibration of this folder, whose absent images are back. */
  readonly continuesFinished?: boolean;
  /** Seconds between two checkpoints of an unfinished pass. */
  readonly checkpointSeconds: number;
  /** Collect TensorRT's own grid beside the histograms. */
  readonly tensorrtGrid: TensorrtGridParams | null;
  /** Groups beyond this number are counted as one; 16 when absent. Memory is one histogram per group, tensor and worker. */
  readonly maxGroups?: number;
}

export interface TensorrtGridParams {
  /** The model as the user gave it: TensorRT calibrates before it folds anything. */
  readonly modelPath: string;
  /** Images of the first batch, which decides where every grid begins. */
  readonly batch: number;
}

export interface MergeParams {
  readonly key: string;
  /** The model as the user gave it, for shards that hold TensorRT's grid. */
  readonly modelPath: string;
  readonly calibrationDir: string;
  readonly shardPaths: readonly string[];
}

export interface RewriteParams {
  readonly preparedDir: string;
  readonly target: Target;
  readonly plan: PrecisionPlan;
  /** Tensor -> threshold, real units. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** What is added to biases of quantized layers; absent: nothing. */
  readonly biases?: readonly BiasCorrection[];
  /** Tensor -> what calibration saw. */
  readonly ranges: TensorRanges;
  readonly activationType: 'int8' | 'uint8';
  /** simulation: to be run by ONNX Runtime in TensorRT's place. */
  readonly purpose: 'engine' | 'simulation';
  /** Element type of the graph's float inputs and outputs; fp32 when absent. */
  readonly io?: 'fp32' | 'fp16';
  /** null: decide and explain only, write nothing. */
  readonly outPath: string | null;
  /** Write INT8 and FP16 weights into the file (it can leave the project) instead of referring to weights.bin. */
  readonly materialize: boolean;
  /** Open the model in ONNX Runtime and run it once before it gets its name; for self-contained files. */
  readonly mustRun?: boolean;
}

export type RewriteResult = Pick<QuantizeResult, 'nodes' | 'decisions' | 'sizeBytes'> & {
  /** Some layer runs in FP16. */
  readonly hasFp16: boolean;
};

/** `thresholds`: as far as they are known. */
export type ExplainParams = Pick<RewriteParams, 'preparedDir' | 'target' | 'plan' | 'ranges' | 'thresholds' | 'biases'>;

export interface ExplainResult {
  readonly decisions: QuantizeResult['decisions'];
  /** Layer -> what FP16 would do to it; layers that FP16 suits are not in it. */
  readonly hazards: Readonly<Record<string, readonly Fp16Hazard[]>>;
}

export interface EvaluateParams {
  /** The first one is the reference (fp32) that the others are compared with. */
  readonly variants: readonly RunnableVariant[];
  readonly input: ImageInput;
  readonly preprocessing: Preprocessing;
  readonly set: ImageSet;
  readonly threads: number;
  /** Images that a GPU takes at once, where the model does not fix it. */
  readonly batch: number;
}

/** What one variant answered over the set, in set order. */
export interface VariantPredictions {
  readonly variant: string;
  /** null for a model without a classification output. */
  readonly predictions: Predictions | null;
  /** Of the output that lost most, over all images together; Infinity when they are equal. */
  readonly outputSqnrDb: number;
  readonly outputs: readonly OutputQuality[];
}

export interface EvaluateResult {
  readonly variants: readonly VariantPredictions[];
  readonly skipped: readonly SkippedImage[];
  /** Class count of the classification output; 0 when no output is one. */
  readonly classCount: number;
}

export interface AutoParams extends Omit<AutoProblem, 'chosen' | 'confirmed'> {
  /** Its entries: first those to choose on, then those to confirm on. */
  readonly trials: TrialParams;
  readonly chosenCount: number;
}

/** What every analysis tells of its images and its cost. */
interface Tried {
  readonly skipped: readonly SkippedImage[];
  /** Runs of the model; what was remembered from an interrupted analysis is not in it. */
  readonly passes: number;
}

export interface AutoComputed extends AutoOutcome, Tried {
  readonly images: { readonly chosen: number; readonly confirmed: number };
}

export interface BestParams {
  readonly trials: TrialParams;
  readonly candidates: readonly Candidate[];
  /** Images of each group, at most; fewer where the time that is left does not allow them. */
  readonly perGroup: number;
  /** What the collection of the set took. */
  readonly collectionSeconds: number;
}

export interface BestComputed extends Tried {
  /** One per candidate. */
  readonly costs: readonly OutputCost[];
  /** That the costs were measured on. */
  readonly images: number;
  /** Fewer than were asked for, so that it takes no longer than the budget. */
  readonly wasCut: boolean;
}

export interface SensitivityParams extends SensitivityProblem {
  readonly trials: TrialParams;
}

export interface SensitivityComputed extends Tried, Pick<SensitivityResult, 'baseline' | 'layers'> {
  readonly images: number;
}

export interface SearchParams extends Omit<SearchProblem, 'rank' | 'judge'> {
  /** Its entries: first those to rank layers on, then those to judge plans on; all for both when rankCount is all. */
  readonly trials: TrialParams;
  readonly rankCount: number;
}

export interface SearchComputed extends SearchOutcome, Tried {
  /** Images that plans were judged on. */
  readonly images: number;
}

export interface EvaluateCandidatesParams {
  readonly trials: TrialParams;
  /** Name of the work, for progress. */
  readonly phase: string;
  readonly list: readonly Trial[];
}

export interface EvaluateCandidatesResult extends Tried {
  /** One per trial. */
  readonly qualities: readonly TrialQuality[];
  /** Of FP32 on the same images. */
  readonly reference: TrialQuality;
}

export interface CorrectBiasesParams {
  readonly trial: Trial;
  /** Its entries: first those to measure on, then others to confirm on. */
  readonly trials: TrialParams;
  readonly measuredCount: number;
}

export interface CorrectBiasesComputed extends Tried {
  readonly biases: readonly BiasCorrection[];
  readonly images: { readonly measured: number; readonly confirmed: number };
  /** On the images to confirm on: with the model's own biases, and with the corrected ones. */
  readonly before: TrialQuality;
  readonly after: TrialQuality;
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
  readonly preprocessing: Preprocessing;
  readonly input: ImageInput;
}

export interface ThumbnailParams extends PreviewParams {
  /** Largest side in pixels. */
  readonly size: number;
}

export interface BenchParams {
  readonly variants: readonly RunnableVariant[];
  readonly sizesMb: Readonly<Record<string, number>>;
  readonly input: ImageInput;
  /** Every variant is timed at each. */
  readonly batches: readonly number[];
  readonly threads: number;
  readonly rounds: number;
  /** How engines are timed; ONNX Runtime has no use for it. */
  readonly tensorrt: TensorrtBenchOptions;
}

export type BenchOutcome = BenchmarkOutcome;

export interface OrtGpuStatus {
  readonly device: string;
  /** False: a model with FP16 layers does not run. */
  readonly hasFp16: boolean;
}

export interface TensorrtStatus {
  /** `10.6.0` */
  readonly version: string;
  readonly libraryPath: string;
  readonly devices: readonly GpuDevice[];
}

export interface EngineLayersParams {
  readonly engine: EngineVariant;
  readonly batch: number;
  /** Runs that the times are averaged over. */
  readonly runs: number;
  /** Names of the model's layers. */
  readonly onnxLayers: readonly string[];
}

export interface EngineLayersResult {
  readonly layers: readonly EngineLayer[];
}

export interface VersionsResult {
  readonly node: string;
  readonly onnxruntime: string;
  /** ONNX Runtime's telemetry, in the compute process. */
  readonly isTelemetryOff: boolean;
  readonly addon: string;
  readonly sharp: string;
}

/** What the compute process sends. */
export type HostMessage =
  | { readonly type: 'ready' }
  | Exclude<ResponseMessage, { type: 'error' }>
  | (Extract<ResponseMessage, { type: 'error' }> & {
      /** The process cannot be trusted with further requests: a GPU failed, or a worker does not respond. */
      readonly mustRestartProcess: boolean;
    });
