import type { Precision } from '../project/precision';
import { ownValue } from '../../base/records';
import type { EngineLayer, EngineType } from './engine-layers';
import { engineByLayer, type ModelLayer, type Reformat } from './engine-view';

/** The time of an engine that one layer of the model is charged with, in milliseconds of the profile. */
export interface LayerCharge {
  /** Its share of the kernels that compute it; layers that run in one kernel have equal shares. */
  readonly kernelMs: number;
  /** Its share of the conversions that serve it. */
  readonly conversionMs: number;
  readonly conversions: number;
  /** Tensors of the model that they convert. */
  readonly converted: readonly string[];
  readonly runsIn: EngineType;
  /** Names of its kernels and of what TensorRT calls their implementation, in order of execution. */
  readonly kernels: readonly EngineLayer[];
}

export interface EngineCharges {
  /** Layers of the model that run in the engine. */
  readonly layers: ReadonlyMap<string, LayerCharge>;
  /** Conversions with a known tensor, in order of execution. */
  readonly conversions: readonly Reformat[];
  readonly totalMs: number;
}

/**
 * Charges the whole time of a profiled engine to the layers of the model.
 *
 * - A kernel is charged in equal parts to the layers that it contains. A kernel without a layer of the model, such as a
 *   Q or DQ inside a part that TensorRT compiles as a whole, is charged to the next kernel with one, because it
 *   prepares its input, and the last ones to the one before.
 * - A conversion to INT8 serves the readers of its tensor that were asked for in INT8; a conversion from INT8 serves
 *   those too if there are any (Q/DQ in front of a layer without an INT8 kernel), and otherwise the layer that computed
 *   the tensor, whose INT8 made it necessary. Any other conversion serves the readers.
 */
export function chargeLayers(
  engineLayers: readonly EngineLayer[],
  model: readonly ModelLayer[],
  asked: Readonly<Record<string, Precision>>,
): EngineCharges {
  const { layers, reformats } = engineByLayer(engineLayers, model, asked);
  const kernelMs = new Map<string, number>();
  const conversionMs = new Map<string, number>();
  const conversionCounts = new Map<string, number>();
  const converted = new Map<string, string[]>();
  const add = (to: Map<string, number>, names: readonly string[], ms: number): void => {
    for (const name of names) to.set(name, (to.get(name) ?? 0) + ms / names.length);
  };
  const readersOf = new Map<string, string[]>();
  const producerOf = new Map<string, string>();
  for (const { layer, inputs, outputs } of model) {
    for (const name of inputs) readersOf.set(name, [...(readersOf.get(name) ?? []), layer]);
    for (const name of outputs) producerOf.set(name, layer);
  }
  const conversionOf = new Map(reformats.map((reformat) => [reformat.engineLayer, reformat]));
  // Kernels without a layer of the model wait for the next kernel with one.
  let waitingMs = 0;
  let latest: readonly string[] = [];
  for (const engineLayer of engineLayers) {
    const ms = engineLayer.medianMs ?? 0;
    const conversion = conversionOf.get(engineLayer);
    const served = servedBy(conversion, { readersOf, producerOf, asked, layers });
    if (served.length > 0) {
      add(conversionMs, served, ms);
      for (const name of served) {
        conversionCounts.set(name, (conversionCounts.get(name) ?? 0) + 1);
        converted.set(name, [
          ...(converted.get(name) ?? []),
          ...(conversion === undefined || conversion.tensor === null ? [] : [conversion.tensor]),
        ]);
      }
    } else if (engineLayer.onnxLayers.length > 0) {
      latest = engineLayer.onnxLayers;
      add(kernelMs, latest, ms);
      add(conversionMs, latest, waitingMs);
      waitingMs = 0;
    } else waitingMs += ms;
  }
  add(conversionMs, latest, waitingMs);
  return {
    layers: new Map(
      [...layers].map(([layer, { runsIn, kernels }]) => [
        layer,
        {
          kernelMs: kernelMs.get(layer) ?? 0,
          conversionMs: conversionMs.get(layer) ?? 0,
          conversions: conversionCounts.get(layer) ?? 0,
          converted: converted.get(layer) ?? [],
          runsIn,
          kernels,
        },
      ]),
    ),
    conversions: reformats.filter(({ tensor }) => tensor !== null),
    totalMs: engineLayers.reduce((sum, { medianMs }) => sum + (medianMs ?? 0), 0),
  };
}

interface Surroundings {
  readonly readersOf: ReadonlyMap<string, readonly string[]>;
  readonly producerOf: ReadonlyMap<string, string>;
  readonly asked: Readonly<Record<string, Precision>>;
  /** Layers that run in the engine; a layer that TensorRT removed cannot be charged. */
  readonly layers: ReadonlyMap<string, unknown>;
}

/** The layers that a conversion serves; empty if its tensor is unknown. */
function servedBy(
  conversion: Reformat | undefined,
  { readersOf, producerOf, asked, layers }: Surroundings,
): readonly string[] {
  const tensor = conversion?.tensor;
  if (conversion === undefined || tensor === undefined || tensor === null) return [];
  const readers = (readersOf.get(tensor) ?? []).filter((layer) => layers.has(layer));
  if (conversion.cause === 'layout' || conversion.cause === 'cast') return readers;
  const inInt8 = readers.filter((layer) => ownValue(asked, layer) === 'int8');
  if (inInt8.length > 0) return inInt8;
  const producer = producerOf.get(tensor);
  return conversion.cause === 'dequantize' && producer !== undefined && layers.has(producer) ? [producer] : readers;
}
