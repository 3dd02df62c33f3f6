import { throwIfAborted } from '../../../src-shared/base/errors';
import { summarizeEngine, type EngineLayer, type EngineType } from '../../../src-shared/domain/engines/engine-layers';
import { medianOfSorted } from '../../../src-shared/domain/statistics';
import { syntheticFeeds, type Feed } from '../feeds';
import type { LayerProfile, NamedLayer, ProfileTask } from '../layer-profile';
import type { OpenvinoVariant } from '../runnable-variant';
import { compileModel, type OpenvinoModel } from './openvino-model';
import { translatedAsync } from './runtime';

export interface InspectTask {
  readonly feeds: readonly Feed[];
  readonly threads: number;
  readonly runs: number;
  readonly onnxLayers: readonly NamedLayer[];
  readonly signal?: AbortSignal | undefined;
}

/** The layers of a variant as OpenVINO runs it; see `engineLayersOf`. */
export async function inspectCompiled(
  variant: OpenvinoVariant,
  { feeds, threads, runs, onnxLayers, signal }: InspectTask,
): Promise<EngineLayer[]> {
  throwIfAborted(signal);
  const model = await compileModel({ variant, threads, streams: 1, isProfiled: true, shapesOf: feeds });
  try {
    throwIfAborted(signal);
    return await layersOf(model, { feeds, runs, onnxLayers });
  } finally {
    model.native.close();
  }
}

const PROFILE_RUNS = 50;
const WARM_UP_RUNS = 5;

/** The layers of a variant and their share of the time of a run, as `profileLayers` gives them for ONNX Runtime. */
export async function profileOpenvino(
  variant: OpenvinoVariant,
  { threads, feeding, batch, onnxLayers }: Omit<ProfileTask, 'variant'>,
): Promise<LayerProfile> {
  const feeds = syntheticFeeds(feeding, batch);
  const model = await compileModel({ variant, threads, streams: 1, isProfiled: true, shapesOf: feeds });
  try {
    const timed = model.feedsOf(feeds);
    await translatedAsync(model.native.time(timed, 1, WARM_UP_RUNS));
    const { latenciesMs } = await translatedAsync(model.native.time(timed, 1, PROFILE_RUNS));
    const runMs = medianOfSorted(Array.from(latenciesMs).sort((a, b) => a - b));
    const layers = await layersOf(model, { feeds, runs: PROFILE_RUNS, onnxLayers });
    const kernelsMs = summarizeEngine(layers).totalMs ?? 0;
    return { layers, runMs, kernelShare: Math.min(1, kernelsMs / runMs), runs: PROFILE_RUNS };
  } finally {
    model.native.close();
  }
}

async function layersOf(
  model: OpenvinoModel,
  { feeds, runs, onnxLayers }: Pick<InspectTask, 'feeds' | 'runs' | 'onnxLayers'>,
): Promise<EngineLayer[]> {
  return engineLayersOf(await translatedAsync(model.native.profile(model.feedsOf(feeds), runs)), onnxLayers);
}

/** A node that OpenVINO ran, see `NativeOpenvinoModel.profile`. */
interface RunNode {
  readonly name: string;
  readonly kind: string;
  readonly kernel: string;
  readonly medianMs: number;
}

/** What OpenVINO appends to a layer's name when it takes the bias, and what follows from Q/DQ, out of its kernel. */
const ENDINGS = /(\/WithoutBiases)?(\/DequantizationMultiply)?$/;

/**
 * The nodes that OpenVINO ran, with the precision of their kernels and the layer that each computes. The C API names a
 * node by the layer that it was made from, but not the layers that were fused into it; nor does it tell the tensors
 * between nodes and the type that a node writes. A node that was made from a Q computes the layer in front of it, too,
 * if no other node does.
 */
export function engineLayersOf(nodes: readonly RunNode[], onnxLayers: readonly NamedLayer[]): EngineLayer[] {
  const layers = new Map(onnxLayers.flatMap(({ name, outputs }) => outputs.map((output) => [output, name] as const)));
  for (const { name } of onnxLayers) layers.set(name, name);
  const isReformat = (kind: string): boolean => kind === 'Reorder' || kind === 'Convert';
  const layerOf = ({ name, kind }: RunNode): string | undefined =>
    isReformat(kind) ? undefined : (layers.get(name) ?? layers.get(name.replace(ENDINGS, '')));
  const named = new Set(nodes.flatMap((node) => layerOf(node) ?? []));
  return nodes.map((node): EngineLayer => {
    const { name, kind, kernel, medianMs } = node;
    const quantized = kind === 'Subgraph' ? layers.get(name.replace(/_QuantizeLinear$/, '')) : undefined;
    const layer = layerOf(node) ?? (quantized === undefined || named.has(quantized) ? undefined : quantized);
    const type = kernelType(kernel);
    return {
      name,
      kind,
      onnxLayers: layer === undefined ? [] : [layer],
      type,
      outputType: type,
      isReformat: isReformat(kind),
      tactic: kernel,
      inputs: [],
      outputs: [],
      medianMs,
    };
  });
}

/** A kernel's name ends with the type of its first input: `brgconv_avx512_I8`, `jit_avx2_f32`. */
export function kernelType(kernel: string): EngineType {
  const type = /_([a-z]+\d+)$/i.exec(kernel)?.[1]?.toLowerCase();
  if (type === 'i8' || type === 'u8') return 'int8';
  if (type === 'f16' || type === 'fp16') return 'fp16';
  return type === 'f32' || type === 'fp32' ? 'fp32' : 'other';
}
