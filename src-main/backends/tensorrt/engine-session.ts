import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Engine, InferredTensor, Runner } from '../../../native/tensorrt';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import { float16ToFloat32 } from '../../onnx/graph/fp16';
import type { EngineVariant, ModelSession, OutputTensor } from '../runnable-variant';
import { openTensorrt, requireDevice, translated, translatedAsync } from './runtime';

/**
 * Loads an engine that was built on this machine.
 * @throws WorkbenchError backend-unavailable if the file has changed since, or if it needs another GPU or TensorRT
 *   version
 */
export async function loadEngine({ enginePath, sha256, device }: EngineVariant): Promise<Engine> {
  const runtime = openTensorrt();
  requireDevice(runtime, device);
  const bytes = await readFile(enginePath);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new WorkbenchError(
      'backend-unavailable',
      `${enginePath} is not the engine that was built (its hash differs): it is not loaded`,
      { hint: 'Delete the folder; the engine is built again.' },
    );
  }
  return translatedAsync(runtime.library.load(bytes, device));
}

/**
 * Calls `close` when the signal is aborted; the current work of a runner then fails as cancelled.
 * @returns a function that stops watching the signal
 */
export function closeOnAbort(signal: AbortSignal | undefined, close: () => void): () => void {
  signal?.addEventListener('abort', close, { once: true });
  return () => signal?.removeEventListener('abort', close);
}

/** Shape of every input with a dynamic batch, for the batch size `batch`. */
export function shapesAt(engine: Engine, batch: number): Record<string, number[]> {
  const dynamic = engine.io.filter(({ isInput, shape }) => isInput && shape.includes(-1));
  return Object.fromEntries(dynamic.map(({ name, shape }) => [name, shape.map((dim) => (dim < 0 ? batch : dim))]));
}

/** Index of the profile built for this batch, or of one that allows it; 0 for an engine without dynamic shapes. */
export function profileOf(engine: Engine, batch: number): number {
  const input = engine.io.find(({ isInput, shape }) => isInput && shape.includes(-1));
  if (!input) return 0;
  const profiles = input.profileShapes ?? [];
  const exact = profiles.findIndex(({ max }) => max[0] === batch);
  const profile =
    exact >= 0 ? exact : profiles.findIndex(({ min, max }) => (min[0] ?? 0) <= batch && batch <= (max[0] ?? 0));
  if (profile < 0)
    throw new WorkbenchError('usage', `The engine has no profile for batch ${batch}`, {
      hint: advise('batches-of-engine'),
    });
  return profile;
}

/** An engine with one float32 input, run batch by batch. */
export class EngineSession implements ModelSession {
  private constructor(
    private readonly engine: Engine,
    private readonly runner: Runner,
    private readonly inputName: string,
  ) {}

  static async open(variant: EngineVariant, batch: number): Promise<EngineSession> {
    const engine = await loadEngine(variant);
    try {
      return await EngineSession.on(engine, batch);
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  private static async on(engine: Engine, batch: number): Promise<EngineSession> {
    const [input, ...others] = engine.io.filter(({ isInput }) => isInput);
    if (input?.dataType !== 'float32' || others.length > 0) {
      throw new WorkbenchError(
        'model-unsupported',
        `Expected an engine with one float32 input, found ${engine.io
          .filter(({ isInput }) => isInput)
          .map(({ name, dataType }) => `${name} (${dataType})`)
          .join(', ')}`,
      );
    }
    const runner = await translatedAsync(
      engine.createRunner({ profile: profileOf(engine, batch), shapes: shapesAt(engine, batch), streams: 1 }),
    );
    return new EngineSession(engine, runner, input.name);
  }

  async run(values: Float32Array): Promise<OutputTensor[]> {
    const outputs = await translatedAsync(this.runner.infer({ [this.inputName]: values }));
    const names = this.engine.io.filter(({ isInput }) => !isInput).map(({ name }) => name);
    return names.flatMap((name) => {
      const tensor = ownValue(outputs, name);
      return tensor ? [{ name, dims: tensor.dims, data: floatsOf(tensor) }] : [];
    });
  }

  close(): Promise<void> {
    return Promise.resolve(
      translated(() => {
        this.runner.close();
        this.engine.close();
      }),
    );
  }
}

/** null for an output that is not floating point. */
function floatsOf({ dataType, bytes }: InferredTensor): Float32Array | null {
  if (dataType === 'float32') return new Float32Array(bytes);
  return dataType === 'float16' ? Float32Array.from(new Uint16Array(bytes), float16ToFloat32) : null;
}
