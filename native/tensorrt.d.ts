/**
 * Types of build/Release/calib_tensorrt_10.node and calib_tensorrt_11.node (Linux): the same functions, compiled against the
 * headers of one TensorRT major each. Nothing of NVIDIA's is linked: libraries are opened when they are asked for, so that the
 * file loads on every machine.
 *
 * Everything that throws or rejects does so with a `TensorrtError`. Arguments of a wrong kind throw at once, also from
 * [async] methods. Use of a closed object throws wrong-argument.
 *
 * [async] work runs on threads of its own. A process or worker that ends meanwhile (process.exit, terminate) stops builds and
 * timing and waits for them, which may take seconds; a signal that kills the process does not wait.
 */

export type TensorrtErrorCode =
  /** A shared library cannot be opened, or is something else. */
  | 'library-missing'
  /** libnvinfer has another major, is too old, or another one is already open in this process. */
  | 'library-version'
  /** libcuda.so.1 cannot be opened or does not start. */
  | 'driver-missing'
  | 'driver-old'
  | 'no-gpu'
  /** Memory of the GPU or of the host. */
  | 'out-of-memory'
  /** The parser or the builder refused the model; the message quotes them. */
  | 'build-failed'
  /** Not an engine, or made by another version of TensorRT or for another GPU. */
  | 'engine-refused'
  /** The engine runs, but not inside a CUDA graph. */
  | 'capture-failed'
  | 'cancelled'
  | 'wrong-argument'
  /** CUDA or TensorRT failed in a way that is not expected; a CUDA error may last until the process ends. */
  | 'internal';

export interface LogMessage {
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

export interface TensorrtError extends Error {
  readonly code: TensorrtErrorCode;
  /** What TensorRT said during the call; empty where it said nothing. */
  readonly log: readonly LogMessage[];
}

export interface GpuDevice {
  /** Among the GPUs that CUDA shows this process. */
  readonly index: number;
  readonly name: string;
  /** As nvidia-smi writes it. */
  readonly uuid: string;
  /** `9.0` */
  readonly computeCapability: string;
  readonly memoryBytes: number;
  /** Newest CUDA version that the driver supports, `13.0`; not the version of the driver package. */
  readonly driverVersion: string;
}

/** What NVML tells at this moment; null where NVML is absent or the GPU does not tell. */
export interface GpuReadings {
  readonly smClockMhz: number | null;
  readonly memoryClockMhz: number | null;
  readonly temperatureC: number | null;
  readonly powerW: number | null;
  /**
   * Why the clocks are not higher: gpu-idle, applications-clocks-setting, power-cap, hardware-slowdown, sync-boost, thermal,
   * hardware-thermal, hardware-power-brake, display-clock-setting.
   */
  readonly throttleReasons: readonly string[] | null;
  /** Version of the driver package, `580.65.06`. */
  readonly driver: string | null;
  /** Memory in use on the whole GPU, by every process. */
  readonly usedMemoryBytes: number | null;
}

/** Stops the builds that it was given to. May be given to several, and cancelled at any time. */
export interface CancelToken {
  /**
   * [sync] The build's promise rejects with cancelled as soon as TensorRT returns: at its next step, which may take seconds.
   * Starting TensorRT and reading the model cannot be stopped half way.
   */
  cancel(): void;
}

/** Sizes of one input; all three have as many dimensions as the model's input. */
export interface ProfileShapes {
  readonly min: readonly number[];
  readonly opt: readonly number[];
  readonly max: readonly number[];
}

/** Optional fields may also be absent where their type has null: absent means null, false, 3 (optimizationLevel) or empty. */
export interface BuildRequest {
  /** The ONNX file's bytes. */
  readonly model: Uint8Array;
  /** Where those bytes come from: external data is looked for in its folder. */
  readonly modelPath: string;
  readonly device: number;
  /** strong: precisions are those of the model. weak: TensorRT chooses among those allowed here (TensorRT 10 only). */
  readonly typing: 'strong' | 'weak';
  /** Allowed besides FP32; weak only. */
  readonly precisions?: readonly ('fp16' | 'int8')[];
  /** Whether FP32 may be computed with TF32's 10 bits of mantissa. */
  readonly tf32?: boolean;
  /**
   * Ranges of the tensors, for weak typing with int8. The first line says which kind of calibrator TensorRT is given:
   * `TRT-<version>-EntropyCalibration2` or `TRT-<version>-MinMaxCalibration`. There are no images behind it: a tensor that the
   * cache lacks stays in floating point, or fails the build.
   */
  readonly calibrationCache?: Uint8Array | null;
  /**
   * Precision of layers by the name of their ONNX node; weak only. All network layers that the parser made of a node are set,
   * but for constants, shapes, casts and Q/DQ. fp32 and fp16 bind the layer's output too.
   */
  readonly layerPrecisions?: readonly { readonly layer: string; readonly precision: 'fp32' | 'fp16' | 'int8' }[];
  /** Whether a layer precision that TensorRT cannot keep fails the build; else it is a wish. */
  readonly obeyPrecisions?: boolean;
  /** Limit of scratch memory that layers may use; null: all of the GPU's. */
  readonly workspaceBytes?: number | null;
  /** 0 (fast build) to 5 (fast engine); 3 is TensorRT's own choice. */
  readonly optimizationLevel?: number;
  /** Limit of streams that the engine may add to the caller's; null: TensorRT decides. */
  readonly auxiliaryStreams?: number | null;
  /** Whether later versions of TensorRT may run the engine; costs speed and size. */
  readonly versionCompatible?: boolean;
  /** Of an earlier build; one that TensorRT refuses is ignored with a warning in the log. */
  readonly timingCache?: Uint8Array | null;
  /** Each must name every input with a dynamic shape; at least one is needed if there is such an input. */
  readonly profiles?: readonly { readonly inputs: Readonly<Record<string, ProfileShapes>> }[];
}

/**
 * TensorRT's phases, nested (`parentPhase`), in English; two of ours come first: `Start TensorRT` and `Read the model`.
 * At most about 20 a second; ends of phases may be left out.
 */
export interface BuildProgress {
  readonly phase: string;
  readonly parentPhase: string | null;
  /** Steps done, 0 to `steps`. */
  readonly step: number;
  readonly steps: number;
}

export interface BuiltEngine {
  readonly engine: Uint8Array;
  /** For the next build; null where TensorRT gave none. */
  readonly timingCache: Uint8Array | null;
  /** Of the whole call. */
  readonly seconds: number;
  readonly log: readonly LogMessage[];
  /** Layers of layerPrecisions that no network layer carries. */
  readonly ignoredLayers: readonly string[];
}

/** Element types as TensorRT has them. */
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
  /** -1: dynamic. */
  readonly shape: readonly number[];
  /** Inputs only: one entry per profile. */
  readonly profileShapes?: readonly ProfileShapes[];
}

export interface RunnerOptions {
  readonly profile: number;
  /** Must name every input with a dynamic shape, and may name the others. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Streams that run side by side, 1 to 64; each has an execution context and I/O memory of its own. */
  readonly streams: number;
}

export interface InferredTensor {
  readonly dims: number[];
  readonly dataType: TensorrtDataType;
  /** Row by row, a copy. */
  readonly bytes: ArrayBuffer;
}

export interface TimeOptions {
  /** Runs before the first one that counts; at least 8 per stream happen. */
  readonly warmUpMs: number;
  /** At least so many runs, of all streams together (1 to 10,000,000) ... */
  readonly runs: number;
  /** ... and at least so long. */
  readonly minMs: number;
  /** Launch each run as a CUDA graph, captured once per stream: the GPU then waits less for the host. */
  readonly cudaGraph: boolean;
  /** Whether a run includes the copies of inputs and outputs, from and to page-locked memory. */
  readonly transfers: boolean;
}

export interface TimeResult {
  /** GPU time of each run, between an event before it and one after it, in the order of issue. */
  readonly latenciesMs: Float64Array;
  /** Host time that handing each run over took. */
  readonly enqueueMs: Float64Array;
  /** Host time from before the first run was handed over until the last had ended: runs / wallMs is the throughput. */
  readonly wallMs: number;
  readonly runs: number;
}

/**
 * Execution contexts for fixed shapes. One call at a time: while a promise is pending, other calls throw wrong-argument.
 * Inputs begin as pseudo-random numbers, the same each time (floating point in [-1, 1), 8-bit integers any, others 0), and are
 * then those of the last infer().
 */
export interface Runner {
  /** Scratch memory of the contexts, and inputs and outputs. */
  readonly deviceMemoryBytes: number;
  /**
   * [async] One run on the first stream. Every input must be there, with exactly the bytes of its shape and type (any view
   * will do: float16 as Uint16Array); inputs are copied before this returns. Rejects: out-of-memory, internal.
   */
  infer(inputs: Readonly<Record<string, ArrayBufferView>>): Promise<Record<string, InferredTensor>>;
  /**
   * [async] Times runs, handed to the streams in turn; up to 8 per stream are under way, so that the GPU does not wait for the
   * host unless the engine is faster than the host hands it over. Rejects: capture-failed, cancelled (closed meanwhile),
   * out-of-memory, internal.
   */
  time(options: TimeOptions): Promise<TimeResult>;
  /**
   * [async] GPU time of `runs` runs of the first stream, each waited for before the next: the plain loop to check time()
   * against. No warm-up. Rejects as time().
   */
  timePlain(options: { readonly runs: number; readonly cudaGraph: boolean }): Promise<Float64Array>;
  /**
   * [async] Median time of each layer of the engine over `runs` runs (1 to 100,000) after 200 ms that do not count, in the
   * order of execution. Uses a context of its own. The sum is more than the latency: nothing overlaps. Rejects as time().
   */
  profileLayers(runs: number): Promise<readonly { readonly name: string; readonly medianMs: number }[]>;
  /** [sync] Gives everything back; a call that is pending ends first, timing and profiling with cancelled. Idempotent. */
  close(): void;
}

export interface Engine {
  readonly io: readonly EngineTensor[];
  /** At least 1. */
  readonly profiles: number;
  /** Scratch memory of one execution context, without inputs and outputs. */
  readonly deviceMemoryBytes: number;
  readonly layers: number;
  readonly name: string;
  /** [sync] JSON of TensorRT's engine inspector; engines built here carry every detail. */
  inspect(): string;
  /**
   * [async] Rejects: wrong-argument (profile or shapes that do not fit, naming the input; shape tensors), out-of-memory,
   * internal.
   */
  createRunner(options: RunnerOptions): Promise<Runner>;
  /** [sync] Runners go on; the memory is given back with the last of them. Idempotent. */
  close(): void;
}

export interface TensorrtLibrary {
  /** `10.6.0` */
  readonly version: string;
  /**
   * [async] Builds an engine; takes seconds to minutes. `request` is read before this returns. What `onProgress` throws
   * cancels the build and is what the promise rejects with. Rejects: build-failed, out-of-memory, cancelled, wrong-argument,
   * library-missing (no parser), driver-missing, driver-old, no-gpu, internal. Several builds may run at once, but each is
   * then slower and chooses among layer implementations by disturbed timings.
   */
  build(request: BuildRequest, onProgress: (progress: BuildProgress) => void, token: CancelToken): Promise<BuiltEngine>;
  /**
   * [async] Deserialises an engine, whose bytes are copied before this returns. TensorRT does not defend itself against hostile
   * bytes: load only what a build wrote. Rejects: engine-refused, out-of-memory, wrong-argument, driver-missing, driver-old,
   * no-gpu, internal.
   */
  load(engine: Uint8Array, device: number): Promise<Engine>;
}

export interface TensorrtAddon {
  /** Major of the headers that this file was compiled against. */
  readonly major: number;
  /** [sync] Throws driver-missing, driver-old, no-gpu. */
  devices(): readonly GpuDevice[];
  /** [sync] Throws as devices(), and wrong-argument for an index without a GPU. */
  readings(device: number): GpuReadings;
  /** [sync] */
  createCancelToken(): CancelToken;
  /**
   * [sync] Opens libnvinfer, and the parser: `parser`, or where that is null the one beside libnvinfer or that the loader finds
   * (without any, only build() fails). Paths, or names for the loader. The same file again gives the same library; another one
   * of the same major needs a new process. Needs no GPU. Throws library-missing, library-version.
   */
  open(paths: { readonly nvinfer: string; readonly parser: string | null }): TensorrtLibrary;
}
