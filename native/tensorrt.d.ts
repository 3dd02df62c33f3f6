/**
 * Types of build/Release/calib_tensorrt_10.node and calib_tensorrt_11.node (Linux): the same functions, each compiled
 * against the headers of one TensorRT major. No NVIDIA library is linked: libraries are opened on request, so that the
 * file loads on every machine.
 *
 * All errors that are thrown or rejected are `TensorrtError`s. Arguments of a wrong kind throw immediately, also from
 * [async] methods. Use of a closed object throws wrong-argument.
 *
 * [async] work runs on threads of its own. If the process or worker ends meanwhile (process.exit, terminate), it stops
 * builds and timing and waits for them, which may take seconds; a signal that kills the process does not wait.
 */

export type TensorrtErrorCode =
  /** A shared library cannot be opened, or is another library. */
  | 'library-missing'
  /** libnvinfer has another major or is too old, or another libnvinfer is already open in this process. */
  | 'library-version'
  /** libcuda.so.1 cannot be opened or does not start. */
  | 'driver-missing'
  | 'driver-old'
  | 'no-gpu'
  /** Not enough memory of the GPU or of the host. */
  | 'out-of-memory'
  /** The parser or the builder refused the model; the message quotes its errors. */
  | 'build-failed'
  /** The bytes are not an engine, or the engine was made by another version of TensorRT or for another GPU. */
  | 'engine-refused'
  /** The engine runs, but not inside a CUDA graph. */
  | 'capture-failed'
  | 'cancelled'
  | 'wrong-argument'
  /** CUDA or TensorRT failed unexpectedly; a CUDA error may persist until the process ends. */
  | 'internal';

export interface LogMessage {
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

export interface TensorrtError extends Error {
  readonly code: TensorrtErrorCode;
  /** TensorRT's messages during the call; empty if there were none. */
  readonly log: readonly LogMessage[];
}

export interface GpuDevice {
  /** Index among the GPUs that CUDA reports to this process. */
  readonly index: number;
  readonly name: string;
  /** In the notation of nvidia-smi. */
  readonly uuid: string;
  /** `9.0` */
  readonly computeCapability: string;
  readonly memoryBytes: number;
  /** Newest CUDA version that the driver supports, `13.0`; not the version of the driver package. */
  readonly driverVersion: string;
}

/** Current readings from NVML; null if NVML is absent or the GPU does not report the value. */
export interface GpuReadings {
  readonly smClockMhz: number | null;
  readonly memoryClockMhz: number | null;
  readonly temperatureC: number | null;
  readonly powerW: number | null;
  /**
   * Reasons why the clocks are not higher: gpu-idle, applications-clocks-setting, power-cap, hardware-slowdown,
   * sync-boost, thermal, hardware-thermal, hardware-power-brake, display-clock-setting.
   */
  readonly throttleReasons: readonly string[] | null;
  /** Version of the driver package, `580.65.06`. */
  readonly driver: string | null;
  /** Memory in use on the whole GPU by all processes. */
  readonly usedMemoryBytes: number | null;
}

/** Stops the builds that received it. One token can be given to several builds, and can be cancelled at any time. */
export interface CancelToken {
  /**
   * [sync] Cancels the builds: the promise of each rejects with cancelled as soon as TensorRT returns at its next step,
   * which may take seconds. Starting TensorRT and reading the model cannot be interrupted.
   */
  cancel(): void;
}

/** Sizes of one input; all three have as many dimensions as the model's input. */
export interface ProfileShapes {
  readonly min: readonly number[];
  readonly opt: readonly number[];
  readonly max: readonly number[];
}

/** A kernel of one layer of an engine. */
export interface KernelChoice {
  /** Name of the layer in the engine. */
  readonly layer: string;
  /** Type, vectorization and strides of each input and output, as `OfferedKernel.formats` has them. */
  readonly formats: string;
  /** TensorRT's numbers of the implementation and of the tactic, as `OfferedKernel.kernel` has them. */
  readonly kernel: string;
}

/** A kernel that TensorRT has for a layer. */
export interface OfferedKernel {
  readonly formats: string;
  readonly kernel: string;
  /** Time that the builder measured, in milliseconds. */
  readonly ms: number;
}

export interface LayerKernels {
  readonly layer: string;
  readonly offered: readonly OfferedKernel[];
  /** Index among `offered` of the kernel in the engine; null if TensorRT did not report it. */
  readonly chosen: number | null;
}

/**
 * Optional fields may also be omitted if their type includes null. An omitted field means null, false, 3
 * (optimizationLevel) or empty.
 */
export interface BuildRequest {
  /** The ONNX file's bytes. */
  readonly model: Uint8Array;
  /** Path of the model; external data is searched in its folder. */
  readonly modelPath: string;
  readonly device: number;
  /** strong: the model specifies the precisions. weak: TensorRT chooses among those allowed here (TensorRT 10 only). */
  readonly typing: 'strong' | 'weak';
  /** Precisions that are allowed in addition to FP32; weak only. */
  readonly precisions?: readonly ('fp16' | 'int8')[];
  /** Whether FP32 may be computed with TF32's 10 bits of mantissa. */
  readonly tf32?: boolean;
  /**
   * Whether kernels for 2:4 sparse weights may be chosen. TensorRT's notes about them are then among the warnings of the
   * log; they begin with `(Sparsity)`.
   */
  readonly sparsity?: boolean;
  /**
   * Ranges of the tensors, for weak typing with int8. The first line determines the kind of calibrator that TensorRT
   * receives: `TRT-<version>-EntropyCalibration2` or `TRT-<version>-MinMaxCalibration`. The calibrator has no images: a
   * tensor that is missing in the cache stays in floating point, or the build fails.
   */
  readonly calibrationCache?: Uint8Array | null;
  /**
   * Precision of layers by the name of their ONNX node; weak only. The precision is set for all network layers that the
   * parser created from a node, except constants, shapes, casts and Q/DQ. fp32 and fp16 also determine the type of the
   * layer's output.
   */
  readonly layerPrecisions?: readonly { readonly layer: string; readonly precision: 'fp32' | 'fp16' | 'int8' }[];
  /** If true, the build fails if TensorRT cannot keep a layer precision; otherwise layer precisions are preferences. */
  readonly obeyPrecisions?: boolean;
  /** Limit of scratch memory that layers may use; null: all memory of the GPU. */
  readonly workspaceBytes?: number | null;
  /** 0 (fast build) to 5 (fast engine); 3 is TensorRT's default. */
  readonly optimizationLevel?: number;
  /** Limit of streams that the engine may add to the caller's; null: TensorRT decides. */
  readonly auxiliaryStreams?: number | null;
  /** Whether later versions of TensorRT may run the engine; costs speed and size. */
  readonly versionCompatible?: boolean;
  /** Timing cache of an earlier build; if TensorRT refuses it, it is ignored with a warning in the log. */
  readonly timingCache?: Uint8Array | null;
  /**
   * Each profile must name every input with a dynamic shape; at least one profile is needed if there is such an input.
   */
  readonly profiles?: readonly { readonly inputs: Readonly<Record<string, ProfileShapes>> }[];
  /**
   * If given, the result lists the kernels of every layer, and layers that are named here get the kernel that is asked
   * for if TensorRT still offers it; the timing cache is neither read nor written. TensorRT 10 and at most one profile
   * only.
   */
  readonly kernels?: readonly KernelChoice[] | null;
}

/**
 * TensorRT's phases, nested (`parentPhase`), in English, after two of our own: `Start TensorRT` and `Read the model`.
 * At most about 20 reports per second; ends of phases may be omitted.
 */
export interface BuildProgress {
  readonly phase: string;
  readonly parentPhase: string | null;
  /** Number of completed steps, 0 to `steps`. */
  readonly step: number;
  readonly steps: number;
}

export interface BuiltEngine {
  readonly engine: Uint8Array;
  /** Timing cache for the next build; null if TensorRT returned none. */
  readonly timingCache: Uint8Array | null;
  /** Duration of the whole call. */
  readonly seconds: number;
  readonly log: readonly LogMessage[];
  /** Layers of layerPrecisions for which there is no network layer. */
  readonly ignoredLayers: readonly string[];
  /** null unless `BuildRequest.kernels` was given. */
  readonly kernels: readonly LayerKernels[] | null;
}

/** Element types as TensorRT names them. */
export type TensorrtDataType =
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'fp8'
  | 'fp4'
  | 'e8m0'
  | 'int64'
  | 'int32'
  | 'int8'
  | 'int4'
  | 'uint8'
  | 'bool'
  | 'unknown';

export interface EngineTensor {
  readonly name: string;
  readonly isInput: boolean;
  readonly dataType: TensorrtDataType;
  /** -1: dynamic dimension. */
  readonly shape: readonly number[];
  /** Inputs only: one entry per profile. */
  readonly profileShapes?: readonly ProfileShapes[];
}

export interface RunnerOptions {
  readonly profile: number;
  /** Must name every input with a dynamic shape; may also name other inputs. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Number of parallel streams, 1 to 64; each has its own execution context and I/O memory. */
  readonly streams: number;
}

export interface InferredTensor {
  readonly dims: number[];
  readonly dataType: TensorrtDataType;
  /** A copy of the values in row-major order. */
  readonly bytes: ArrayBuffer;
}

export interface TimeOptions {
  /** Duration of the runs before the first measured one; each stream does at least 8 such runs. */
  readonly warmUpMs: number;
  /** At least this many runs, over all streams (1 to 10,000,000) ... */
  readonly runs: number;
  /** ... and at least this long. */
  readonly minMs: number;
  /** Launches each run as a CUDA graph that is captured once per stream, so that the GPU waits less for the host. */
  readonly cudaGraph: boolean;
  /** Whether a run includes the copies of inputs and outputs, from and to page-locked memory. */
  readonly transfers: boolean;
}

export interface TimeResult {
  /** GPU time of each run, between an event before it and one after it, in the order in which runs were enqueued. */
  readonly latenciesMs: Float64Array;
  /** Host time to enqueue each run. */
  readonly enqueueMs: Float64Array;
  /** Host time from before the first run was enqueued until the last one had ended: runs / wallMs is the throughput. */
  readonly wallMs: number;
  readonly runs: number;
}

/**
 * Execution contexts for fixed shapes. Only one call at a time: while a promise is pending, other calls throw
 * wrong-argument. Inputs are initially pseudo-random numbers, the same each time (floating point in [-1, 1), 8-bit
 * integers any value, others 0), and later those of the last infer().
 */
export interface Runner {
  /** Size of the scratch memory of the contexts and of the inputs and outputs. */
  readonly deviceMemoryBytes: number;
  /**
   * [async] One run on the first stream. Every input must be given, with exactly the bytes of its shape and type (any
   * view is accepted: float16 as Uint16Array); inputs are copied before this returns. Rejects: out-of-memory, internal.
   */
  infer(inputs: Readonly<Record<string, ArrayBufferView>>): Promise<Record<string, InferredTensor>>;
  /**
   * [async] Times runs, which are distributed over the streams in turn. Up to 8 runs per stream are enqueued at a time,
   * so that the GPU does not wait for the host unless the engine is faster than the host can enqueue runs. Rejects:
   * capture-failed, cancelled (closed meanwhile), out-of-memory, internal.
   */
  time(options: TimeOptions): Promise<TimeResult>;
  /**
   * [async] GPU time of `runs` runs of the first stream, waiting for each run before the next: a simple reference loop
   * to check the results of time(). No warm-up. Rejects like time().
   */
  timePlain(options: { readonly runs: number; readonly cudaGraph: boolean }): Promise<Float64Array>;
  /**
   * [async] Median time of each layer of the engine over `runs` runs (1 to 100,000) after 200 ms of warm-up, in the
   * order of execution. Uses its own context. The sum is larger than the latency, because layers do not overlap here.
   * Rejects like time().
   */
  profileLayers(runs: number): Promise<readonly { readonly name: string; readonly medianMs: number }[]>;
  /**
   * [sync] Releases all resources after the pending call has ended; pending timing and profiling reject with cancelled.
   * Idempotent.
   */
  close(): void;
}

export interface Engine {
  readonly io: readonly EngineTensor[];
  /** At least 1. */
  readonly profiles: number;
  /** Size of the scratch memory of one execution context, without inputs and outputs. */
  readonly deviceMemoryBytes: number;
  readonly layers: number;
  readonly name: string;
  /** [sync] JSON of TensorRT's engine inspector; engines built here contain all details. */
  inspect(): string;
  /**
   * [async] Rejects: wrong-argument (profile or shapes that do not fit, naming the input; shape tensors),
   * out-of-memory, internal.
   */
  createRunner(options: RunnerOptions): Promise<Runner>;
  /** [sync] Runners stay usable; the memory is released with the last of them. Idempotent. */
  close(): void;
}

export interface TensorrtLibrary {
  /** `10.6.0` */
  readonly version: string;
  /**
   * [async] Builds an engine; takes seconds to minutes. `request` is read before this returns. If `onProgress` throws,
   * the build is cancelled and the promise rejects with that error. Rejects: build-failed, out-of-memory, cancelled,
   * wrong-argument, library-missing (no parser), driver-missing, driver-old, no-gpu, internal. Several builds may run
   * at once, but each is then slower and chooses among layer implementations by disturbed timings.
   */
  build(request: BuildRequest, onProgress: (progress: BuildProgress) => void, token: CancelToken): Promise<BuiltEngine>;
  /**
   * [async] Deserialises an engine; its bytes are copied before this returns. TensorRT is not protected against hostile
   * bytes: load only engines that a build wrote. Rejects: engine-refused, out-of-memory, wrong-argument,
   * driver-missing, driver-old, no-gpu, internal.
   */
  load(engine: Uint8Array, device: number): Promise<Engine>;
}

export interface TensorrtAddon {
  /** Major version of the headers that this file was compiled against. */
  readonly major: number;
  /** [sync] Throws driver-missing, driver-old, no-gpu. */
  devices(): readonly GpuDevice[];
  /** [sync] Throws like devices(), and wrong-argument for an index without a GPU. */
  readings(device: number): GpuReadings;
  /** [sync] */
  createCancelToken(): CancelToken;
  /**
   * [sync] Opens libnvinfer and the parser. If `parser` is null, the parser beside libnvinfer or the one that the
   * loader finds is used; without any parser, only build() fails. The arguments are paths, or names for the loader.
   * Opening the same file again returns the same library; another library of the same major needs a new process. Needs
   * no GPU. Throws library-missing, library-version.
   */
  open(paths: { readonly nvinfer: string; readonly parser: string | null }): TensorrtLibrary;
}
