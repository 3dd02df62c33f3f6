import { readFile } from 'node:fs/promises';
import type { InferenceSession as Ort } from 'onnxruntime-node';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { ModelSession, OutputTensor } from './model-session';
import { env, InferenceSession, Tensor } from './onnxruntime';
import type { OrtGpu } from './runnable-variant';

export interface OrtSessionOptions {
  /** An .onnx file, or the bytes of a graph whose weights lie in weightsDir. */
  readonly model: string | Uint8Array;
  /** Folder of the external weights; null when the model holds its weights itself. */
  readonly weightsDir: string | null;
  readonly threads: number;
  /** Keep Q/DQ as float arithmetic instead of fusing to INT8 kernels. */
  readonly simulate: boolean;
  readonly hasFp16: boolean;
  /** Absent: on the CPU. */
  readonly gpu?: OrtGpu;
  /** Refuse a model of which some layer would run on the CPU. */
  readonly gpuOnly?: boolean;
  /** Run the graph as it is written, node by node, without any of ONNX Runtime's rewrites. */
  readonly asWritten?: boolean;
}

/**
 * Rewrites of ONNX Runtime 1.30 and 1.31 that go wrong on graphs with FP16 layers on the CPU. NchwcTransformer crashes
 * (SIGSEGV, no message) on a vision transformer that PyTorch exported, whose patch embedding is followed by shape arithmetic.
 * LayerNormFusion leaves out the Cast before a decomposed normalization and then refuses its own graph.
 */
export const FP16_UNSAFE_PASSES = ['NchwcTransformer', 'LayerNormFusionL1', 'LayerNormFusionL2', 'SimplifiedLayerNormFusion'];

env.logLevel = 'error';

/** What a GPU has no kernel for runs on the CPU, which ONNX Runtime always adds as the last provider. */
function providersOf(gpu: OrtGpu | undefined): Ort.ExecutionProviderConfig[] {
  if (gpu === undefined) return ['cpu'];
  return gpu.provider === 'cuda' ? [{ name: 'cuda', deviceId: gpu.device }] : ['webgpu'];
}

/** A session of ONNX Runtime with one float32 input. Its run() blocks the calling thread. */
export class OrtSession implements ModelSession {
  private constructor(
    private readonly session: Ort,
    readonly inputName: string,
  ) {}

  /** @throws WorkbenchError model-unsupported with ONNX Runtime's own message when it refuses the model. */
  static async open(options: OrtSessionOptions): Promise<OrtSession> {
    const sessionConfig = {
      ...(options.weightsDir === null ? {} : { model_external_initializers_file_folder_path: options.weightsDir }),
      ...(options.simulate ? { disable_quant_qdq: '1' } : {}),
      ...(options.gpuOnly ? { disable_cpu_ep_fallback: '1' } : {}),
    };
    const settings: Ort.SessionOptions = {
      executionProviders: providersOf(options.gpu),
      graphOptimizationLevel: options.asWritten ? 'disabled' : 'all',
      executionMode: 'sequential',
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: {
        session: sessionConfig,
        ...(options.hasFp16 ? { optimization: { disable_specified_optimizers: FP16_UNSAFE_PASSES.join(';') } } : {}),
      },
    };
    // A path lets ONNX Runtime resolve external data itself; bytes are needed as soon as the weights lie elsewhere.
    const model = typeof options.model === 'string' && options.weightsDir !== null ? await readFile(options.model) : options.model;
    try {
      const session = await (typeof model === 'string' ? InferenceSession.create(model, settings) : InferenceSession.create(model, settings));
      const inputName = session.inputNames[0];
      if (inputName === undefined) throw new Error('the model has no input');
      return new OrtSession(session, inputName);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new WorkbenchError('model-unsupported', `ONNX Runtime cannot open the model: ${reason}`, { cause: error });
    }
  }

  get outputNames(): readonly string[] {
    return this.session.outputNames;
  }

  /**
   * Runs the model once.
   * @param input values of the input, shape `dims`.
   * @param reuse buffers to write outputs into, by output name; they must have the output's exact shape.
   */
  async run(input: Float32Array, dims: readonly number[], reuse?: ReadonlyMap<string, OutputTensor>): Promise<OutputTensor[]> {
    const feeds = { [this.inputName]: new Tensor('float32', input, dims) };
    const fetches: Record<string, InstanceType<typeof Tensor> | null> = {};
    for (const name of this.session.outputNames) {
      const buffer = reuse?.get(name);
      fetches[name] = buffer?.data ? new Tensor('float32', buffer.data, buffer.dims) : null;
    }
    const outputs = await this.session.run(feeds, fetches);
    return this.session.outputNames.map((name) => {
      const buffer = reuse?.get(name);
      if (buffer?.data) return buffer;
      const tensor = outputs[name];
      if (!tensor) throw new Error(`ONNX Runtime returned no output "${name}"`);
      return { name, dims: tensor.dims, data: tensor.type === 'float32' ? (tensor.data as Float32Array) : null };
    });
  }

  async close(): Promise<void> {
    await this.session.release();
  }
}

/** Shape of one batch of an image input. */
export function inputDims(input: { channels: number; height: number; width: number; layout: 'nchw' | 'nhwc' }, batch: number): number[] {
  return input.layout === 'nchw' ? [batch, input.channels, input.height, input.width] : [batch, input.height, input.width, input.channels];
}
