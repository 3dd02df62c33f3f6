import { throwIfAborted } from '../../../src-shared/base/errors';
import type { EngineLayer, EngineType } from '../../../src-shared/domain/engines/engine-layers';
import type { Feed } from '../feeds';
import type { OpenvinoVariant } from '../runnable-variant';
import { compileModel } from './openvino-model';
import { translatedAsync } from './runtime';

export interface InspectTask {
  readonly feeds: readonly Feed[];
  readonly threads: number;
  readonly runs: number;
  /** Layers of the model, with the names of the tensors that they compute. */
  readonly onnxLayers: readonly { readonly name: string; readonly outputs: readonly string[] }[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * The nodes that OpenVINO runs, with the precision of their kernels and the median time of each over `runs` runs, in
 * milliseconds. The C API names a node by the layer that it was made from, but not the layers that were fused into it;
 * nor does it tell the tensors between nodes and the type that a node writes.
 */
export async function inspectCompiled(
  variant: OpenvinoVariant,
  { feeds, threads, runs, onnxLayers, signal }: InspectTask,
): Promise<EngineLayer[]> {
  throwIfAborted(signal);
  const model = await compileModel({ variant, threads, streams: 1, isProfiled: true, shapesOf: feeds });
  try {
    const layers = new Map(onnxLayers.flatMap(({ name, outputs }) => outputs.map((output) => [output, name] as const)));
    for (const { name } of onnxLayers) layers.set(name, name);
    throwIfAborted(signal);
    const nodes = await translatedAsync(model.native.profile(model.feedsOf(feeds), runs));
    return nodes.map(({ name, kind, kernel, medianMs }): EngineLayer => {
      const isReformat = kind === 'Reorder' || kind === 'Convert';
      // A convolution whose bias was taken apart has this ending.
      const layer = layers.get(name) ?? layers.get(name.replace(/\/WithoutBiases$/, ''));
      const type = kernelType(kernel);
      return {
        name,
        kind,
        onnxLayers: isReformat || layer === undefined ? [] : [layer],
        type,
        outputType: type,
        isReformat,
        tactic: kernel,
        inputs: [],
        outputs: [],
        medianMs,
      };
    });
  } finally {
    model.native.close();
  }
}

/** A kernel's name ends with the type of its first input: `brgconv_avx512_I8`, `jit_avx2_f32`. */
export function kernelType(kernel: string): EngineType {
  const type = /_([a-z]+\d+)$/i.exec(kernel)?.[1]?.toLowerCase();
  if (type === 'i8' || type === 'u8') return 'int8';
  if (type === 'f16' || type === 'fp16') return 'fp16';
  return type === 'f32' || type === 'fp32' ? 'fp32' : 'other';
}
