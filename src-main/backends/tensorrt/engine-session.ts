import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Engine, InferredTensor, Runner } from '../../../native/tensorrt';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import { float16ToFloat32 } from '../../onnx/graph/fp16';
import { quantizedFeeds, type Feed } from '../feeds';
import {
  toInt32,
  type EngineVariant,
  type InputScales,
  type ModelSession,
  type OutputTensor,
} from '../runnable-variant';
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

/** Input -> shape, for the inputs of a run. */
export type InputShapes = Readonly<Record<string, readonly number[]>>;

export function shapesOf(feeds: readonly Pick<Feed, 'name' | 'dims'>[]): InputShapes {
  return Object.fromEntries(feeds.map(({ name, dims }) => [name, dims]));
}

/** The shapes of the inputs that have dynamic sizes in an engine. */
export function dynamicShapes(engine: Engine, shapes: InputShapes): Record<string, readonly number[]> {
  const dynamic = engine.io.filter(({ isInput, shape }) => isInput && shape.includes(-1));
  return Object.fromEntries(dynamic.map(({ name, shape }) => [name, ownValue(shapes, name) ?? shape]));
}

/**
 * Index of the profile that is tuned for these shapes, else of one whose largest shapes they are, else of the first one
 * that allows them; 0 for an engine without dynamic shapes.
 */
export function profileOf(engine: Engine, shapes: InputShapes): number {
  const wanted = Object.entries(dynamicShapes(engine, shapes));
  const [first] = wanted;
  if (first === undefined) return 0;
  const count = engine.io.find(({ name }) => name === first[0])?.profileShapes?.length ?? 0;
  const fits = (profile: number, point: 'opt' | 'max' | null): boolean =>
    wanted.every(([name, dims]) => {
      const allowed = engine.io.find((tensor) => tensor.name === name)?.profileShapes?.[profile];
      return (
        allowed !== undefined &&
        dims.every((dim, axis) =>
          point !== null
            ? dim === allowed[point][axis]
            : (allowed.min[axis] ?? 0) <= dim && dim <= (allowed.max[axis] ?? 0),
        )
      );
    });
  const profiles = Array.from({ length: count }, (_, i) => i);
  const profile = (['opt', 'max', null] as const)
    .map((point) => profiles.find((i) => fits(i, point)))
    .find((found) => found !== undefined);
  if (profile === undefined) {
    const found = wanted.map(([name, dims]) => `"${name}" of ${dims.join('x')}`).join(', ');
    throw new WorkbenchError('usage', `The engine has no profile for ${found}`, { hint: advise('batches-of-engine') });
  }
  return profile;
}

/** Runners that a session keeps: one for each shape of its inputs that it has seen last. */
const KEPT_RUNNERS = 4;

/** An engine, run batch by batch. */
export class EngineSession implements ModelSession {
  private readonly inputNames: readonly string[];
  /** Shapes as text -> runner; the one used last is the last one. */
  private readonly runners = new Map<string, Runner>();

  private constructor(
    private readonly engine: Engine,
    private readonly inputScales: InputScales = {},
  ) {
    this.inputNames = engine.io.filter(({ isInput }) => isInput).map(({ name }) => name);
  }

  static async open(variant: EngineVariant): Promise<EngineSession> {
    return new EngineSession(await loadEngine(variant), variant.inputScales);
  }

  async run(feeds: readonly Feed[]): Promise<OutputTensor[]> {
    const quantized = quantizedFeeds(feeds, this.inputScales);
    const wanted = quantized.filter(({ name }) => this.inputNames.includes(name));
    const runner = await this.runnerFor(shapesOf(wanted));
    const outputs = await translatedAsync(
      runner.infer(Object.fromEntries(wanted.map((feed) => [feed.name, this.valuesOf(feed)]))),
    );
    const names = this.engine.io.filter(({ isInput }) => !isInput).map(({ name }) => name);
    return names.flatMap((name) => {
      const tensor = ownValue(outputs, name);
      return tensor ? [outputOf(name, tensor)] : [];
    });
  }

  close(): Promise<void> {
    return Promise.resolve(
      translated(() => {
        for (const runner of this.runners.values()) runner.close();
        this.engine.close();
      }),
    );
  }

  /** Contexts are made for fixed shapes. */
  private async runnerFor(shapes: InputShapes): Promise<Runner> {
    const dynamic = dynamicShapes(this.engine, shapes);
    const key = JSON.stringify(dynamic);
    const known = this.runners.get(key);
    if (known) {
      this.runners.delete(key);
      this.runners.set(key, known);
      return known;
    }
    const [oldest] = this.runners;
    if (oldest && this.runners.size >= KEPT_RUNNERS) {
      this.runners.delete(oldest[0]);
      oldest[1].close();
    }
    const runner = await translatedAsync(
      this.engine.createRunner({ profile: profileOf(this.engine, shapes), shapes: dynamic, streams: 1 }),
    );
    this.runners.set(key, runner);
    return runner;
  }

  /** @throws WorkbenchError model-unsupported if the engine wants another element type than the model. */
  private valuesOf({ name, dtype, data }: Feed): ArrayBufferView {
    const wanted = this.engine.io.find((tensor) => tensor.name === name)?.dataType ?? dtype;
    if (wanted === dtype) return data;
    throw new WorkbenchError(
      'model-unsupported',
      `Expected ${dtype} for input "${name}", which the model has, found ${wanted} in the engine`,
      { hint: 'Delete the engine; it is built again.' },
    );
  }
}

function outputOf(name: string, tensor: InferredTensor): OutputTensor {
  const integers = integersOf(tensor);
  return { name, dims: tensor.dims, data: floatsOf(tensor), ...(integers === null ? {} : { integers }) };
}

function integersOf({ dataType, bytes }: InferredTensor): Int32Array | null {
  switch (dataType) {
    case 'int32':
      return new Int32Array(bytes);
    case 'int64':
      return toInt32(new BigInt64Array(bytes));
    case 'int8':
      return toInt32(new Int8Array(bytes));
    case 'uint8':
    case 'bool':
      return toInt32(new Uint8Array(bytes));
    default:
      return null;
  }
}

/** null for an output that is not floating point. */
function floatsOf({ dataType, bytes }: InferredTensor): Float32Array | null {
  if (dataType === 'float32') return new Float32Array(bytes);
  return dataType === 'float16' ? Float32Array.from(new Uint16Array(bytes), float16ToFloat32) : null;
}
