import type { EngineLayer, EngineType } from './engine-layers';
import { ownValue } from '../../base/records';
import type { Precision } from '../project/precision';

/** A layer of the model with its tensors. */
export interface ModelLayer {
  readonly layer: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A conversion of type or memory layout that TensorRT inserted in front of a layer. */
export interface Reformat {
  readonly engineLayer: EngineLayer;
  /** Tensor of the model that is converted; null if it cannot be determined from the name or the position. */
  readonly tensor: string | null;
  /**
   * `quantize`, `dequantize`: a Q or DQ of the model that is not fused; `cast`: between FP16 and FP32; `layout`: only
   * the memory layout changes.
   */
  readonly cause: 'quantize' | 'dequantize' | 'cast' | 'layout';
}

/** The reason why a layer computes in another type than the requested one. */
export type MismatchCode = 'wider-fused' | 'wider' | 'narrower';

/** How an engine computes one layer of the model. */
export interface LayerInEngine {
  /** Kernels that compute the layer, in order of execution; usually one. */
  readonly kernels: readonly EngineLayer[];
  /** Type of the kernel that takes longest. */
  readonly runsIn: EngineType;
  /** Total time of its kernels; null if the engine was not profiled. Layers that share a kernel share its time. */
  readonly medianMs: number | null;
  /** Share of the time of all layers of the engine, 0..1. */
  readonly share: number | null;
  /** Other layers of the model that run in the same kernels. */
  readonly sharedWith: readonly string[];
  readonly asked: Precision | null;
  readonly mismatch: MismatchCode | null;
  /** Conversions of its inputs, see Reformat. */
  readonly reformats: readonly Reformat[];
}

export interface EngineByLayer {
  /** Layers of the model that run in the engine; layers that TensorRT folded or removed are missing. */
  readonly layers: ReadonlyMap<string, LayerInEngine>;
  /** All conversions, in order of execution. */
  readonly reformats: readonly Reformat[];
}

const BITS: Readonly<Record<EngineType, number>> = { int8: 8, fp16: 16, fp32: 32, other: 0 };

/**
 * Groups the layers of an engine by the layers of the model.
 * @param asked layer of the model -> the precision that was requested when the engine was built.
 */
export function engineByLayer(
  engineLayers: readonly EngineLayer[],
  model: readonly ModelLayer[],
  asked: Readonly<Record<string, Precision>>,
): EngineByLayer {
  const totalMs = engineLayers.reduce((sum, { medianMs }) => sum + (medianMs ?? 0), 0);
  const reformats = findReformats(engineLayers, model);
  const kernelsOf = new Map<string, EngineLayer[]>();
  for (const kernel of engineLayers)
    for (const layer of kernel.onnxLayers) kernelsOf.set(layer, [...(kernelsOf.get(layer) ?? []), kernel]);
  const layers = new Map<string, LayerInEngine>();
  for (const { layer, inputs } of model) {
    const kernels = kernelsOf.get(layer) ?? [];
    const longest = kernels.reduce<EngineLayer | null>(
      (best, kernel) => (best === null || (kernel.medianMs ?? 0) > (best.medianMs ?? 0) ? kernel : best),
      null,
    );
    if (longest === null) continue;
    const times = kernels.flatMap(({ medianMs }) => (medianMs === null ? [] : [medianMs]));
    const medianMs = times.length === 0 ? null : times.reduce((sum, ms) => sum + ms, 0);
    const wanted = ownValue(asked, layer) ?? null;
    layers.set(layer, {
      kernels,
      runsIn: longest.type,
      medianMs,
      share: medianMs === null || totalMs === 0 ? null : medianMs / totalMs,
      sharedWith: [...new Set(kernels.flatMap(({ onnxLayers }) => onnxLayers))].filter((name) => name !== layer),
      asked: wanted,
      mismatch: wanted === null ? null : mismatchOf(wanted, longest, layer, asked),
      reformats: reformats.filter(({ tensor }) => tensor !== null && inputs.includes(tensor)),
    });
  }
  return { layers, reformats };
}

/**
 * wider: more bits than requested, which costs time; wider-fused: the same because of another layer in the same kernel
 * for which this type was requested. narrower: fewer bits, which may cost accuracy. It is no mismatch if a layer is
 * fused into the kernel of a layer for which the narrower type was requested (a Relu in an INT8 convolution).
 */
function mismatchOf(
  asked: Precision,
  kernel: EngineLayer,
  layer: string,
  all: Readonly<Record<string, Precision>>,
): MismatchCode | null {
  const { type } = kernel;
  if (type === 'other' || type === asked) return null;
  const isSharedWithType = kernel.onnxLayers.some((other) => other !== layer && ownValue(all, other) === type);
  if (BITS[type] > BITS[asked]) return isSharedWithType ? 'wider-fused' : 'wider';
  return isSharedWithType ? null : 'narrower';
}

function findReformats(engineLayers: readonly EngineLayer[], model: readonly ModelLayer[]): Reformat[] {
  const tensors = new Set(model.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]));
  const byLayer = new Map(model.map((layer) => [layer.layer, layer]));
  return engineLayers.flatMap((engineLayer, i): Reformat[] => {
    if (!engineLayer.isReformat) return [];
    const tensor =
      convertedTensor(engineLayer, tensors, byLayer) ?? inputOfNext(engineLayer, engineLayers.slice(i + 1), model);
    return [{ engineLayer, tensor, cause: causeOf(engineLayer) }];
  });
}

function causeOf({ type, outputType }: EngineLayer): Reformat['cause'] {
  if (type === outputType) return 'layout';
  if (outputType === 'int8') return 'quantize';
  return type === 'int8' ? 'dequantize' : 'cast';
}

/**
 * The names of Q, DQ and casts begin with the name of their tensor (`x_QuantizeLinear`, `x_fp16_Cast`), as do the names
 * of the tensors that they produce. A copy is named after the layer that it serves (`Reformatting CopyNode for Input
 * Tensor 0 to a + b`).
 */
function convertedTensor(
  { name, inputs, outputs }: EngineLayer,
  tensors: ReadonlySet<string>,
  layers: ReadonlyMap<string, ModelLayer>,
): string | null {
  for (const text of [name, ...inputs, ...outputs]) {
    const found = longestBeginning(text, tensors);
    if (found !== null) return found;
  }
  const [, side = '', index = '', target = ''] =
    /^Reformatting CopyNode for (Input|Output) Tensor (\d+) to (.*)$/.exec(name) ?? [];
  const named = target
    .split(' + ')
    .flatMap((part) => layers.get(part.replace(/^\{ForeignNode\[([^\]]*?)\.\.\..*$/, '$1')) ?? []);
  return (side === 'Output' ? named.at(-1)?.outputs : named[0]?.inputs)?.[Number(index)] ?? null;
}

/**
 * A copy for a part of the engine without the name of a layer (`{ForeignNode[weight...cast]}`) belongs to the kernel
 * that follows it.
 */
function inputOfNext({ name }: EngineLayer, rest: readonly EngineLayer[], model: readonly ModelLayer[]): string | null {
  const index = /^Reformatting CopyNode for Input Tensor (\d+) to /.exec(name)?.[1];
  const next = rest.find(({ onnxLayers }) => onnxLayers.length > 0);
  if (index === undefined || next === undefined) return null;
  return model.find(({ layer }) => next.onnxLayers.includes(layer))?.inputs[Number(index)] ?? null;
}

/** The longest tensor name that the text begins with; endings such as `_fp16_Cast` may follow it. */
function longestBeginning(text: string, tensors: ReadonlySet<string>): string | null {
  for (let rest = text; rest !== ''; rest = rest.slice(0, Math.max(0, rest.lastIndexOf('_'))))
    if (tensors.has(rest)) return rest;
  return null;
}
