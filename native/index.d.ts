/**
 * Types of build/Release/calib.node. Only src-main/backends/addon.ts loads it; any module may import these types.
 */

/** Counts of one tensor; see src-shared/domain/histograms/histogram.ts for the meaning of every field. */
export interface NativeHistogram {
  readonly exponent: number;
  readonly positive: Float64Array;
  readonly negative: Float64Array;
  readonly zeroCount: number;
  readonly nanCount: number;
  readonly infinityCount: number;
  readonly elementCount: number;
  readonly min: number;
  readonly max: number;
}

/** Streaming histograms of many tensors. Must not be used by several threads at once; every worker creates its own. */
export interface HistogramSet {
  /**
   * [sync] Counts piece `part` of `parts` equal contiguous pieces of each tensor; null entries are skipped. Writes the
   * largest finite |x| of each counted piece to `amaxOut` (0 if it has none; entries of skipped tensors keep their
   * value). Returns the number of tensors with NaN or infinity in their piece. If an argument is wrong, nothing is
   * counted.
   */
  addImage(values: readonly (Float32Array | null)[], part: number, parts: number, amaxOut: Float32Array): number;
  /** [sync] Number of NaN and infinities that were seen. */
  nonFiniteOf(tensor: number): number;
  /** [sync] A copy of the counts. */
  histogram(tensor: number): NativeHistogram;
  /**
   * [sync] The canonical record of src-shared/domain/histograms/histogram-codec.ts: equal content gives equal bytes.
   */
  encode(tensor: number): Uint8Array;
  /** [sync] Adds the counts of a record exactly. */
  mergeEncoded(tensor: number, record: Uint8Array): void;
  /** [sync] Resets all counts. */
  clear(): void;
}

/** Counts of |x| of one tensor on TensorRT's grid; see native/core/tensorrt_grid.h. */
export interface NativeTensorrtGrid {
  /** Largest |x| of the first batch, float32, real units (2^-24 if it is 0). */
  readonly firstRange: number;
  /** The first range, doubled until no value is above it. */
  readonly range: number;
  /** Largest finite |x|, float32, real units. */
  readonly amax: number;
  /** 2048 counts, equal bins over [0, range]. */
  readonly counts: Float64Array;
}

/** TensorRT's grids of many tensors. Must not be used by several threads at once; every worker creates its own. */
export interface TensorrtGridSet {
  /** [sync] Like HistogramSet.addImage. */
  addImage(values: readonly (Float32Array | null)[], part: number, parts: number, amaxOut: Float32Array): number;
  /** [sync] Number of NaN and infinities that were seen; they are not counted in bins. */
  nonFiniteOf(tensor: number): number;
  /** [sync] A copy of the counts. */
  grid(tensor: number): NativeTensorrtGrid;
  /** [sync] A record: equal content gives equal bytes. */
  encode(tensor: number): Uint8Array;
  /** [sync] Adds the counts of a record exactly; both grids must have the same first range. */
  mergeEncoded(tensor: number, record: Uint8Array): void;
  /** [sync] Resets all counts; the first ranges are kept. */
  clear(): void;
}

export interface TensorrtGridSetConstructor {
  /** `firstAmax`: largest |x| of the first batch per tensor, real units. */
  new (firstAmax: Float32Array): TensorrtGridSet;
}

export interface HistogramSetConstructor {
  /** `tensorCount`: 0 to 1,000,000. */
  new (tensorCount: number): HistogramSet;
}

/** The values of one input of the model. */
export interface NativeFeed {
  /** Position in the list of inputs. */
  readonly input: number;
  /** onnx.TensorProto.DataType */
  readonly elementType: number;
  readonly dims: readonly number[];
  /** Row-major, of shape `dims`; float16 as bits. Must not change while the model runs. */
  readonly data: ArrayBufferView;
}

/** Describes the values of a tensor; see native/core/tensor_counts.h. */
export interface NativeFingerprint {
  readonly count: number;
  readonly whole: bigint;
  readonly head: bigint;
}

/** What one batch contributed, [images][tensors]. */
export interface NativeCounts {
  /** Largest finite |x|; NaN for tensors that are not float32. */
  readonly amax: Float32Array;
  /** 1 if the image has NaN or infinity in this tensor. */
  readonly nonFinite: Uint8Array;
}

export interface NativeCollectorOptions {
  /** File of the ONNX Runtime that this process has loaded, and the version that it must report. */
  readonly library: string;
  readonly version: string;
  /** The encoded counting model, see src-main/calibration/histograms/collection-model.ts. */
  readonly model: Uint8Array;
  /** The output that is asked for; empty: all tensors are inputs, and nothing is run. */
  readonly output: string;
  /** Folder of the external weights. */
  readonly weightsDir: string;
  /** `tensor`: the index of the tensor that the input is counted as, or null. */
  readonly inputs: readonly { readonly name: string; readonly tensor: number | null }[];
  /** For each tensor the axis of its channels (negative: from the end), or null: without channel maxima. */
  readonly axes: readonly (number | null)[];
  /**
   * Tensors whose counts follow from `sources`, in the order of the graph. `high`: the values of the one source limited
   * to [0, high]; null: the values of all sources together.
   */
  readonly derived: readonly {
    readonly tensor: number;
    readonly sources: readonly number[];
    readonly high: number | null;
  }[];
  /** Run the model as it is written, because ONNX Runtime has optimized it before. */
  readonly isOptimized?: boolean;
}

/**
 * Runs a model in the ONNX Runtime that is loaded, on a thread of its own, and counts its tensors inside the run. One
 * batch at a time: no other method may be called before the promise is settled. Errors of ONNX Runtime have the code
 * 'runtime-failed' and its message.
 */
export interface NativeCollector {
  /**
   * [async] Runs and counts one batch. `groups` has the group of each image; further slots are not counted. Tensors with
   * 1 in `isSplit` have one piece for each slot; others are counted whole for each image.
   */
  count(
    feeds: readonly NativeFeed[],
    groups: readonly number[],
    slots: number,
    isSplit: Uint8Array,
  ): Promise<NativeCounts>;
  /** [async] Runs one batch without counting; null for tensors that are not float32. */
  fingerprints(feeds: readonly NativeFeed[], slots: number): Promise<(NativeFingerprint | null)[]>;
  /** [sync] The record of one tensor, see HistogramSet.encode. */
  encode(group: number, tensor: number): Uint8Array;
  /** [sync] Largest finite |x| of each channel; empty for tensors without channel maxima. */
  channelMaxima(tensor: number): Float32Array;
  /** [sync] Resets all counts. */
  clear(): void;
}

export interface NativeCollectorConstructor {
  /** Throws an Error with code 'library-unusable' or 'runtime-failed'. */
  new (options: NativeCollectorOptions): NativeCollector;
}

export interface VulkanDevice {
  readonly name: string;
  readonly kind: 'discrete' | 'integrated' | 'virtual' | 'cpu' | 'other';
}

/** Element types of OpenVINO that are supported; `other` for the rest. */
export type OpenvinoType =
  | 'bool'
  | 'float16'
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'other';

export interface OpenvinoOptions {
  /** Path of libopenvino_c. */
  readonly library: string;
  readonly modelPath: string;
  /** OpenVINO's name, such as CPU. */
  readonly device: string;
  /** Shapes of inputs; one that is not named keeps the sizes that the model leaves open. */
  readonly shapes: readonly { readonly name: string; readonly dims: readonly number[] }[];
  /** Properties of the plugin; at most 8. */
  readonly settings: readonly { readonly key: string; readonly value: string }[];
}

export interface OpenvinoFeed {
  /** Index among the inputs of the compiled model. */
  readonly input: number;
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView;
}

/** A model that OpenVINO compiles and runs on a thread of its own; one call at a time. */
export interface NativeOpenvinoModel {
  /** [async] Compiles. Must be the first call. */
  open(): Promise<{
    readonly inputs: readonly { readonly name: string; readonly dtype: OpenvinoType }[];
    readonly outputs: readonly { readonly name: string; readonly dtype: OpenvinoType }[];
    /** What floating-point layers compute in: f32, f16 or bf16. */
    readonly precisionHint: string;
  }>;
  /** [async] Runs the model once; the outputs are in the order of `open`. */
  infer(
    feeds: readonly OpenvinoFeed[],
  ): Promise<
    readonly { readonly dtype: OpenvinoType; readonly dims: readonly number[]; readonly bytes: ArrayBuffer }[]
  >;
  /** [async] Runs `runs` inferences with each of `requests` requests at the same time. */
  time(
    feeds: readonly OpenvinoFeed[],
    requests: number,
    runs: number,
  ): Promise<{ readonly latenciesMs: Float64Array; readonly wallMs: number }>;
  /** [async] The nodes that ran, with median times; needs the setting PERF_COUNT=YES. */
  profile(
    feeds: readonly OpenvinoFeed[],
    runs: number,
  ): Promise<
    readonly {
      readonly name: string;
      readonly kind: string;
      /** Kernel and precision, such as brgconv_avx512_I8. */
      readonly kernel: string;
      readonly medianMs: number;
    }[]
  >;
  /** [sync] Frees the model. */
  close(): void;
}

export interface NativeOpenvinoModelConstructor {
  new (options: OpenvinoOptions): NativeOpenvinoModel;
}

/**
 * Functions throw an Error with `code`: 'invalid-argument' (a bug of the caller), 'record-invalid' (the bytes are not
 * a histogram record) or one that they name.
 */
export interface NativeAddon {
  readonly HistogramSet: HistogramSetConstructor;
  readonly TensorrtGridSet: TensorrtGridSetConstructor;
  readonly Collector: NativeCollectorConstructor;
  /**
   * [sync] Writes the model as ONNX Runtime has optimized it for this processor to `path`, and its larger weights to
   * weights.bin beside it. Throws an Error with code 'library-unusable' or 'runtime-failed'.
   */
  readonly writeOptimizedModel: (options: NativeCollectorOptions, path: string) => void;
  /**
   * [sync] Throws an Error with code 'library-unusable' unless this process has loaded ONNX Runtime of this version from
   * this file, and its functions behave as expected.
   */
  readonly checkOnnxruntime: (library: string, version: string) => void;
  /**
   * [sync] Opens OpenVINO's C library and describes a device. Throws an Error with code 'library-unusable', or
   * 'runtime-failed' if there is no such device.
   */
  readonly openvinoStatus: (
    library: string,
    device: string,
  ) => { readonly version: string; readonly deviceName: string; readonly capabilities: string };
  /** Its calls fail with code 'library-unusable' or 'runtime-failed'. */
  readonly OpenvinoModel: NativeOpenvinoModelConstructor;
  /** [sync] Describes values in `slots` equal pieces. */
  readonly fingerprint: (values: Float32Array, slots: number) => NativeFingerprint;
  /** [sync] Largest finite |x| of each channel; empty if the tensor has no such axis. */
  readonly channelMaxima: (values: Float32Array, dims: readonly number[], axis: number) => Float32Array;
  /**
   * [sync] Resizes an image of width * height * channels bytes (interleaved; 1 or 3 channels) as Pillow's BILINEAR does,
   * bit for bit. Sides: 1 or more.
   */
  readonly resizeImage: (
    data: Uint8Array,
    width: number,
    height: number,
    channels: number,
    outWidth: number,
    outHeight: number,
  ) => Uint8Array;
  /**
   * [sync] The values of an image's bytes, which have `channels` interleaved channels. Plane p of the result comes from
   * channel sources[p]; byte b has the value tables[256 * p + b]. The planes lie one after the other, or their values are
   * interleaved.
   */
  readonly imageValues: (
    data: Uint8Array,
    channels: number,
    sources: Uint8Array,
    tables: Float32Array,
    isPlanar: boolean,
  ) => Float32Array;
  /**
   * [sync] GPUs as Vulkan's drivers report them; empty if there are none and on systems other than Linux. Loads the
   * drivers, so that it should be called in a process that may crash.
   */
  readonly vulkanDevices: () => readonly VulkanDevice[];
  readonly version: () => string;
}
