import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { InferenceSession as Ort } from 'onnxruntime-node';
import { advise } from '../../src-shared/base/advice';
import { WorkbenchError } from '../../src-shared/base/errors';
import { ownValue } from '../../src-shared/base/records';
import { quantizedFeeds, type Feed } from './feeds';
import { FP16_UNSAFE_PASSES } from './fp16-passes';
import {
  toInt32,
  type InputScales,
  type IntegerData,
  type ModelSession,
  type OrtGpu,
  type OutputTensor,
} from './runnable-variant';
import { env, InferenceSession, Tensor } from './onnxruntime';

export interface OrtSessionOptions {
  /** An .onnx file, or the bytes of a graph whose weights are in weightsDir. */
  readonly model: string | Uint8Array;
  /** Folder of the external weights; null if the model contains its weights. */
  readonly weightsDir: string | null;
  readonly threads: number;
  /** Keep Q/DQ as float arithmetic instead of fusing to INT8 kernels. */
  readonly simulate: boolean;
  readonly hasFp16: boolean;
  /** Absent: the CPU. */
  readonly gpu?: OrtGpu;
  /** Refuse a model of which some layer would run on the CPU. */
  readonly gpuOnly?: boolean;
  /** Run the graph node by node as it is written, without ONNX Runtime's graph optimizations. */
  readonly asWritten?: boolean;
  readonly inputScales?: InputScales;
  /** Write the optimized graph to this file. The weights that ONNX Runtime rearranges are in it. */
  readonly optimizedPath?: string;
  /** Record the times of nodes in a file whose name begins with `prefix`, and write the optimized graph. */
  readonly profile?: { readonly prefix: string; readonly optimizedPath: string };
}

env.logLevel = 'error';

/** Layers without a kernel on the GPU run on the CPU, which ONNX Runtime always adds as the last provider. */
function providersOf(gpu: OrtGpu | undefined): Ort.ExecutionProviderConfig[] {
  if (gpu === undefined) return ['cpu'];
  return gpu.provider === 'cuda' ? [{ name: 'cuda', deviceId: gpu.device }] : ['webgpu'];
}

/** A session of ONNX Runtime. Its run() blocks the calling thread. */
export class OrtSession implements ModelSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];

  /**
   * @param standIn the name that the session uses for the tensor UNUSABLE_NAME; null if the model has no such tensor.
   */
  private constructor(
    private readonly session: Ort,
    private readonly standIn: string | null,
    private readonly inputScales: InputScales = {},
  ) {
    this.inputNames = session.inputNames.map((name) => this.modelName(name));
    this.outputNames = session.outputNames.map((name) => this.modelName(name));
  }

  /** @throws WorkbenchError model-unsupported with ONNX Runtime's own message when it refuses the model. */
  static async open(options: OrtSessionOptions): Promise<OrtSession> {
    const sessionConfig = {
      ...(options.weightsDir === null ? {} : { model_external_initializers_file_folder_path: options.weightsDir }),
      ...(options.simulate ? { disable_quant_qdq: '1' } : {}),
      ...(options.gpuOnly ? { disable_cpu_ep_fallback: '1' } : {}),
      // Weights in a file of their own: a model file is limited to 2 GB.
      ...(options.profile === undefined
        ? {}
        : { optimized_model_external_initializers_file_name: `${basename(options.profile.optimizedPath)}.weights` }),
    };
    const settings: Ort.SessionOptions = {
      executionProviders: providersOf(options.gpu),
      graphOptimizationLevel: options.asWritten ? 'disabled' : 'all',
      executionMode: 'sequential',
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      ...(options.optimizedPath === undefined ? {} : { optimizedModelFilePath: options.optimizedPath }),
      ...(options.profile === undefined
        ? {}
        : {
            enableProfiling: true,
            profileFilePrefix: options.profile.prefix,
            optimizedModelFilePath: options.profile.optimizedPath,
          }),
      extra: {
        session: sessionConfig,
        ...(options.hasFp16 ? { optimization: { disable_specified_optimizers: FP16_UNSAFE_PASSES.join(';') } } : {}),
      },
    };
    // If ONNX Runtime gets a path, it looks for external data in the folder of the model. Bytes are passed if the
    // weights are in another folder.
    const model =
      typeof options.model === 'string' && options.weightsDir !== null ? await readFile(options.model) : options.model;
    try {
      const session = await (typeof model === 'string'
        ? InferenceSession.create(model, settings)
        : InferenceSession.create(model, settings));
      if (![...session.inputNames, ...session.outputNames].includes(UNUSABLE_NAME))
        return new OrtSession(session, null, options.inputScales);
      await session.release();
      const { bytes, standIn } = withStandIn(typeof model === 'string' ? await readFile(model) : model);
      if (typeof model === 'string')
        settings.extra = {
          ...settings.extra,
          session: { ...sessionConfig, model_external_initializers_file_folder_path: dirname(model) },
        };
      return new OrtSession(await InferenceSession.create(bytes, settings), standIn, options.inputScales);
    } catch (error) {
      throw refusedModel(error);
    }
  }

  /**
   * Runs the model once.
   * @param given the values of every input; those that the model does not have are ignored, because a variant may have
   *   lost an input that nothing uses.
   * @param reuse buffers to write outputs into, by output name; they must have the output's exact shape.
   * @throws WorkbenchError model-unsupported with ONNX Runtime's own message when an operator fails on these inputs.
   */
  async run(given: readonly Feed[], reuse?: ReadonlyMap<string, OutputTensor>): Promise<OutputTensor[]> {
    const feeds = quantizedFeeds(given, this.inputScales);
    const inputs = Object.fromEntries(
      feeds
        .filter(({ name }) => this.inputNames.includes(name))
        .map((feed) => [this.sessionName(feed.name), tensorOf(feed)]),
    );
    const fetches = this.outputNames.map((name) => {
      const buffer = reuse?.get(name);
      return [this.sessionName(name), buffer?.data ? new Tensor('float32', buffer.data, buffer.dims) : null] as const;
    });
    const outputs = await this.session.run(inputs, Object.fromEntries(fetches)).catch((error: unknown) => {
      throw explainFailure(
        error,
        feeds.filter(({ name }) => this.inputNames.includes(name)),
        (input) => this.openSides(input) > 0,
      );
    });
    return this.outputNames.map((name) => {
      const buffer = reuse?.get(name);
      if (buffer?.data) return buffer;
      const tensor = ownValue(outputs, this.sessionName(name));
      if (!tensor) throw new Error(`ONNX Runtime returned no output "${name}"`);
      return outputOf(name, tensor);
    });
  }

  /**
   * Runs the model once on tensors of ONNX Runtime, and returns such tensors, of whatever element type.
   * @param names of the outputs to return.
   * @param into tensors to write the outputs into, in the order of the names; they must have the outputs' exact shape.
   * @throws the error of ONNX Runtime; see explainFailure.
   */
  async runTensors(
    inputs: readonly NamedTensor[],
    names: readonly string[],
    into?: readonly OrtTensor[],
  ): Promise<OrtTensor[]> {
    const feeds = Object.fromEntries(inputs.map(([name, tensor]) => [this.sessionName(name), tensor] as const));
    if (into !== undefined) {
      const fetches = names.map((name, i) => [this.sessionName(name), into[i] ?? null] as const);
      await this.session.run(feeds, Object.fromEntries(fetches));
      return [...into];
    }
    const outputs = await this.session.run(feeds);
    return names.map((name) => {
      const tensor = ownValue(outputs, this.sessionName(name));
      if (!tensor) throw new WorkbenchError('internal', `ONNX Runtime returned no output "${name}"`);
      return tensor;
    });
  }

  /** Completes the file of a session that was opened with `profile`. */
  endProfiling(): void {
    this.session.endProfiling();
  }

  async close(): Promise<void> {
    await this.session.release();
  }

  /** The number of dimensions after the batch that the model leaves open. */
  private openSides(input: string): number {
    const info = this.session.inputMetadata.find(({ name }) => this.modelName(name) === input);
    const sides = info?.isTensor === true && info.shape.length === IMAGE_RANK ? info.shape.slice(1) : [];
    return sides.filter((side) => typeof side !== 'number' || side < 0).length;
  }

  private modelName(name: string): string {
    return name === this.standIn ? UNUSABLE_NAME : name;
  }

  private sessionName(name: string): string {
    return this.standIn !== null && name === UNUSABLE_NAME ? this.standIn : name;
  }
}

/** The error of a model that ONNX Runtime refuses to open, with the library's own message. */
export function refusedModel(error: unknown): WorkbenchError {
  const reason = error instanceof Error ? error.message : String(error);
  const [, operator] =
    /(\S+?)\(-?\d+\) is not a registered function\/op/.exec(reason) ??
    /Could not find an implementation for (\S+?)\(\d+\)/.exec(reason) ??
    [];
  return new WorkbenchError('model-unsupported', `ONNX Runtime cannot open the model: ${reason}`, {
    cause: error,
    ...(operator === undefined
      ? {}
      : {
          hint:
            `Export the model with ONNX's operators in place of ${operator}, which ONNX Runtime does not have. A ` +
            'TensorRT plugin behind the last layer with weights can stay: the part in front of it is calibrated and ' +
            'analysed here (auto, sensitivity), and validate, bench, run, search and fix need the backend tensorrt.',
        }),
  });
}

/**
 * What a failed operator means for the user. Any other error is a mistake of the caller and stays as it is.
 * @param feeds the inputs of the run.
 * @param isResizable whether an input is an image whose size the model leaves open.
 */
export function explainFailure(
  error: unknown,
  feeds: readonly Feed[],
  isResizable: (input: string) => boolean,
): unknown {
  if (!(error instanceof Error) || !error.message.startsWith(OPERATOR_FAILED)) return error;
  const inputs = feeds.map(({ name, dims }) => `"${name}" ${dims.join('x')}`).join(', ');
  const reason = error.message.trim().replaceAll(/\s+/g, ' ');
  const resizable = feeds.find(({ name }) => isResizable(name));
  return new WorkbenchError('model-unsupported', `The model does not run on an input of ${inputs}: ${reason}`, {
    cause: error,
    ...(resizable === undefined ? {} : { hint: advise('choose-input-size', { input: resizable.name }) }),
  });
}

/** A tensor of ONNX Runtime. */
export type OrtTensor = InstanceType<typeof Tensor>;
export type NamedTensor = readonly [name: string, tensor: OrtTensor];

export function tensorOf({ dtype, data, dims }: Feed): OrtTensor {
  return new Tensor(dtype, data as Float32Array, dims);
}

export function outputOf(name: string, tensor: OrtTensor): OutputTensor {
  const { type, dims, data } = tensor;
  if (type === 'float32') return { name, dims, data: data as Float32Array };
  const isInteger = INTEGER_TYPES.has(type);
  return { name, dims, data: null, ...(isInteger ? { integers: toInt32(data as IntegerData) } : {}) };
}

/** How every message of ONNX Runtime begins that is about an operator which refuses its inputs while the model runs. */
const OPERATOR_FAILED = 'Non-zero status code returned while running';

/** Batch, channels, height and width, in either layout. */
const IMAGE_RANK = 4;

const INTEGER_TYPES: ReadonlySet<string> = new Set([
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
]);

/** ONNX Runtime's binding keeps inputs and outputs in plain objects, where this name cannot be a key. */
const UNUSABLE_NAME = '__proto__';

/** Renames UNUSABLE_NAME to an unused name of the same length, so that the encoded message keeps its layout. */
function withStandIn(model: Uint8Array): { readonly bytes: Uint8Array; readonly standIn: string } {
  const source = Buffer.from(model.buffer, model.byteOffset, model.byteLength);
  let standIn = '';
  for (let i = 0; standIn === '' || source.includes(standIn); i += 1)
    standIn = `_name${String(i).padStart(UNUSABLE_NAME.length - 5, '0')}`;
  const bytes = Buffer.from(source);
  const field = (name: string): Buffer => Buffer.concat([Buffer.from([name.length]), Buffer.from(name, 'latin1')]);
  const wanted = field(UNUSABLE_NAME);
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + wanted.length))
    bytes.set(field(standIn), at);
  return { bytes, standIn };
}
