import type { Warning } from '../../../src-shared/contract/job-results';
import type { DlaMap } from '../../../src-shared/domain/engines/dla-map';
import type { LayerWeightsView } from '../../../src-shared/domain/analysis/layer-weights';
import type { GpuDevice } from '../../../native/tensorrt';
import type { AnswerView } from '../../../src-shared/contract/views';
import type { QuantizeResult } from '../../../src-shared/contract/job-results';
import type { EngineLayer } from '../../../src-shared/domain/engines/engine-layers';
import type { TensorrtBenchOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import type { BiasCorrection, WeightRounding } from '../../../src-shared/domain/analysis/repair';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry, ImageSet, SkippedImage } from '../../../src-shared/domain/project/image-set';
import type {
  Fp16Hazard,
  LowFormat,
  PlacementDecision,
  PrecisionPlan,
  Target,
} from '../../../src-shared/domain/project/precision';
import type { DecoderChange } from '../../../src-shared/domain/tasks/decoder';
import type { PackageManifest, PackageSample } from '../../../src-shared/domain/packages/manifest';
import type { ReplayedTensor } from '../../../src-shared/domain/packages/replay';
import type { Task, TaskGuess, TaskKind } from '../../../src-shared/domain/tasks/task';
import type { VariantScores } from '../../../src-shared/domain/runs/score-variants';
import type { OutputQuality, Predictions } from '../../../src-shared/domain/runs/accuracy';
import type { BenchmarkOutcome } from '../../backends/benchmark';
import type { NamedLayer } from '../../backends/layer-profile';
import type {
  EngineVariant,
  OpenvinoVariant,
  OnnxVariant,
  OrtGpu,
  RunnableVariant,
} from '../../backends/runnable-variant';
import type { EngineBuild, EngineBuildResult } from '../../backends/tensorrt/build-engine';
import type { InputShapes } from '../../backends/tensorrt/engine-session';
import type { UsableShard } from '../shards/find-shards';
import type { ShardTask } from '../shards/shard-store';

/** Methods of the compute process that write variants, run them, and describe what can run them. */
export interface VariantMethods {
  readonly rewrite: { readonly params: RewriteParams; readonly result: RewriteResult };
  /** The model file as it came, with float32 inputs and outputs. */
  readonly 'open-imported': { readonly params: OpenImportedParams; readonly result: OpenImportedResult };
  /** The INT8 errors of the weights of layers. */
  /** Plans a model file for the DLA of a Jetson. */
  readonly 'dla-map': { readonly params: { readonly modelPath: string }; readonly result: DlaMap };
  readonly 'layer-weights': { readonly params: LayerWeightsParams; readonly result: readonly LayerWeightsView[] };
  readonly explain: { readonly params: ExplainParams; readonly result: ExplainResult };
  readonly evaluate: { readonly params: EvaluateParams; readonly result: EvaluateResult };
  /** Part of an evaluation, as a shard. */
  readonly 'evaluate-shard': { readonly params: EvaluateShardParams; readonly result: ShardComputed };
  /** The answers of variants to one image, for screens. */
  readonly 'image-answers': { readonly params: ImageAnswersParams; readonly result: ImageAnswersResult };
  /** What a model does, from the values of its outputs for a few images. */
  readonly 'guess-task': { readonly params: GuessTaskParams; readonly result: TaskGuess };
  /** The answers of a variant to a few images, as files. */
  readonly 'record-answers': {
    readonly params: RecordAnswersParams;
    readonly result: readonly Omit<PackageSample, 'image'>[];
  };
  readonly 'replay-package': { readonly params: ReplayParams; readonly result: readonly ReplayedTensor[] };
  readonly bench: { readonly params: BenchParams; readonly result: BenchOutcome };
  /** A GPU provider of ONNX Runtime. If it cannot run, the call fails with backend-unavailable and the reason. */
  readonly 'ort-gpu-status': { readonly params: OrtGpu; readonly result: OrtGpuStatus };
  /**
   * TensorRT on this machine. If it cannot be used, the call fails with backend-unavailable, and the message names the
   * missing part.
   */
  readonly 'tensorrt-status': { readonly params: Record<string, never>; readonly result: TensorrtStatus };
  readonly 'tensorrt-build': { readonly params: EngineBuild; readonly result: EngineBuildResult };
  /** The layers of an engine with the time that each takes. */
  readonly 'tensorrt-layers': { readonly params: EngineLayersParams; readonly result: EngineLayersResult };
  /**
   * OpenVINO on this machine. If it cannot be used, the call fails with backend-unavailable, and the message names the
   * missing part.
   */
  readonly 'openvino-status': { readonly params: Record<string, never>; readonly result: OpenvinoStatus };
  /** The layers of a model that OpenVINO compiled, with the time that each takes. */
  readonly 'openvino-layers': { readonly params: OpenvinoLayersParams; readonly result: EngineLayersResult };
  readonly versions: { readonly params: Record<string, never>; readonly result: VersionsResult };
}

export interface RewriteParams {
  readonly preparedDir: string;
  readonly target: Target;
  readonly plan: PrecisionPlan;
  /** Tensor -> threshold in real units. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Corrections that are added to the biases of quantized layers; none by default. */
  readonly biases?: readonly BiasCorrection[];
  /** Learned INT8 values of weights; all are rounded to nearest by default. */
  readonly roundings?: readonly WeightRounding[];
  /** Tensor -> range that calibration observed. */
  readonly ranges: TensorRanges;
  readonly activationType: 'int8' | 'uint8';
  /** A format below INT8, in place of INT8. */
  readonly format?: LowFormat;
  /** INT8 weights take half of their range, for kernels that would saturate. */
  readonly hasHalfWeights?: boolean;
  /** The weights are pruned to 2:4 sparsity. */
  readonly isPruned?: boolean;
  /** simulation: ONNX Runtime runs the model in TensorRT's place. */
  readonly purpose: 'engine' | 'simulation';
  /** Element type of the graph's float inputs and outputs, or of the outputs only; fp32 by default. */
  readonly io?: 'fp32' | 'fp16' | 'fp16-outputs';
  /** Whether the float inputs are INT8, with the scales that the result states. */
  readonly int8Inputs?: boolean;
  /** null to compute the decisions only, without writing a file. */
  readonly outPath: string | null;
  /** Write INT8 and FP16 weights into the file, so that it can leave the project, and do not refer to weights.bin. */
  readonly materialize: boolean;
  /** Open the model in ONNX Runtime and run it once before the file gets its name; for self-contained files. */
  readonly mustRun?: boolean;
}

export type RewriteResult = Pick<QuantizeResult, 'nodes' | 'decisions' | 'sizeBytes' | 'hasFp16'> & {
  /** Input -> scale, if inputs are INT8. */
  readonly inputScales?: Readonly<Record<string, number>>;
};

export interface RecordAnswersParams {
  readonly variant: RunnableVariant;
  readonly feeding: Feeding;
  readonly entries: readonly ImageEntry[];
  /** Folder of the package. */
  readonly outDir: string;
}

export interface ReplayParams {
  /** Folder of the package. */
  readonly dir: string;
  readonly manifest: PackageManifest;
}

export interface OpenImportedParams {
  readonly modelPath: string;
  /** Where a copy is written if the file has inputs or outputs of another float type. */
  readonly copyPath: string;
}

export interface OpenImportedResult {
  /** The file itself or its copy. */
  readonly modelPath: string;
  readonly hasFp16: boolean;
  readonly sizeBytes: number;
}

/** Of a model file; or of a prepared model, and then of the layers that read `tensor`, or of all layers. */
export type LayerWeightsParams =
  | { readonly modelPath: string }
  | { readonly preparedDir: string; readonly tensor?: string };

/** `thresholds` contains the known thresholds and may be incomplete. */
export type ExplainParams = Pick<
  RewriteParams,
  'preparedDir' | 'target' | 'plan' | 'ranges' | 'thresholds' | 'biases' | 'roundings'
>;

export interface ExplainResult {
  readonly decisions: readonly PlacementDecision[];
  /** Layer -> hazards of running it in FP16; layers without a hazard are omitted. */
  readonly hazards: Readonly<Record<string, readonly Fp16Hazard[]>>;
}

export interface EvaluateParams {
  /** The first one is the reference (FP32) that the others are compared with. */
  readonly variants: readonly RunnableVariant[];
  readonly feeding: Feeding;
  /** null: not decided. */
  readonly task: Task | null;
  /** The hash of the user's own metric, whose consent was checked; see TaskReaderOptions. */
  readonly metricHash?: string | undefined;
  readonly set: ImageSet;
  readonly threads: number;
  /** Images per run on a GPU and in OpenVINO, unless the model fixes its batch. */
  readonly batch: number;
  /** Complete shards that hold the answers; absent: the variants run. */
  readonly shards?: readonly UsableShard[];
}

export interface EvaluateShardParams extends Omit<EvaluateParams, 'shards'> {
  readonly shard: ShardTask;
  /** Identity of the evaluation: images, labels, variants, task. */
  readonly key: string;
}

export interface ShardComputed {
  readonly shardPath: string;
  /** Images that were used, or models that were tried. */
  readonly done: number;
  readonly seconds: number;
}

/** The answers of one variant for the set, in the order of the set. */
export interface VariantPredictions {
  readonly variant: string;
  /** null if the model has no classification output. */
  readonly predictions: Predictions | null;
  /** Output SQNR in dB of the worst output, over all images together; Infinity when the outputs are equal. */
  readonly outputSqnrDb: number;
  readonly outputs: readonly OutputQuality[];
  /** The scores of the task; omitted for classifications, and if no task was decided. */
  readonly scores?: VariantScores;
}

export interface EvaluateResult {
  readonly variants: readonly VariantPredictions[];
  readonly skipped: readonly SkippedImage[];
  /** Number of classes of the classification output; 0 without one. */
  readonly classCount: number;
  /** A sentence if the classes of the labels do not seem to be in the model's order. */
  readonly classOrderDoubt?: string;
  /** The class names of the set in the order of the model, if the detections show it clearly; see classOrderOf. */
  readonly classOrder?: readonly string[];
  /** For example about the number of workers that fit into memory. */
  readonly warnings: readonly Warning[];
}

export interface ImageAnswersParams {
  readonly entry: ImageEntry;
  readonly feeding: Feeding;
  /** null: not decided. */
  readonly task: Task | null;
  /** FP32 first, if it is asked for. None: only the size of the image is of interest. */
  readonly variants: readonly OnnxVariant[];
}

export interface ImageAnswersResult {
  /** Size of the original image; null if no input of the model takes an image file. */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** One per variant. */
  readonly answers: readonly AnswerView[];
}

export interface GuessTaskParams {
  /** The FP32 model. */
  readonly variant: OnnxVariant;
  readonly feeding: Feeding;
  readonly entries: readonly ImageEntry[];
  /** The task, if it is known; only its settings are guessed then. */
  readonly kind?: TaskKind;
  /** Parameters of the decoder that are not guessed; the task is a detection then. */
  readonly decoder?: DecoderChange;
  /** Number of classes of the labels. */
  readonly classCount?: number;
}

export interface BenchParams {
  readonly variants: readonly RunnableVariant[];
  readonly sizesMb: Readonly<Record<string, number>>;
  readonly feeding: Feeding;
  /** Batch sizes; every variant is timed at each. */
  readonly batches: readonly number[];
  readonly threads: number;
  readonly rounds: number;
  /** How engines are timed. OpenVINO uses the streams only, ONNX Runtime nothing of it. */
  readonly tensorrt: TensorrtBenchOptions;
  /** The model's layers: times every layer on ONNX Runtime or OpenVINO, too. */
  readonly onnxLayers?: readonly NamedLayer[];
}

export type BenchOutcome = BenchmarkOutcome;

export interface OrtGpuStatus {
  readonly device: string;
  /** False if models with FP16 layers do not run. */
  readonly hasFp16: boolean;
}

export interface TensorrtStatus {
  /** For example `10.6.0`. */
  readonly version: string;
  readonly libraryPath: string;
  readonly devices: readonly GpuDevice[];
}

export interface EngineLayersParams {
  readonly engine: EngineVariant;
  /** Shapes of the inputs that have dynamic sizes. */
  readonly shapes: InputShapes;
  /** Number of runs from which the median times are taken. */
  readonly runs: number;
  /** Names of the model's layers. */
  readonly onnxLayers: readonly string[];
}

export interface OpenvinoStatus {
  /** For example `2026.4.1-22982-e213a147257-releases/2026/4`. */
  readonly version: string;
  readonly libraryPath: string;
  /** Name of the processor. */
  readonly device: string;
  /** Whether FP16 layers compute in FP16. */
  readonly hasFp16: boolean;
  /** Whether INT8 kernels add two products in 16 bits and saturate. */
  readonly saturates: boolean;
}

export interface OpenvinoLayersParams {
  readonly variant: OpenvinoVariant;
  readonly feeding: Feeding;
  readonly batch: number;
  readonly threads: number;
  /** Number of runs from which the median times are taken. */
  readonly runs: number;
  readonly onnxLayers: readonly NamedLayer[];
}

export interface EngineLayersResult {
  readonly layers: readonly EngineLayer[];
}

export interface VersionsResult {
  readonly node: string;
  readonly onnxruntime: string;
  /** Whether ONNX Runtime's telemetry is off in the compute process. */
  readonly isTelemetryOff: boolean;
  readonly addon: string;
  readonly sharp: string;
  /** Why a calibration copies the values of tensors; null if it counts them inside ONNX Runtime. */
  readonly copyReason: string | null;
}
