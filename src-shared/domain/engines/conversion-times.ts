import { ownValue } from '../../base/records';
import type { Precision } from '../project/precision';
import type { ConversionTime } from './conversion-model';
import type { EngineLayer } from './engine-layers';
import { engineByLayer, type ModelLayer, type Reformat } from './engine-view';

/**
 * The conversions of an engine at borders between INT8 and floating point. Those of the inputs of the graph are left
 * out: an image of 3 channels is padded to 32, which no other tensor is. A copy of what an INT8 kernel wrote in
 * floating point counts as a conversion, because FP16 kernels read another memory layout.
 */
export function conversionTimes(
  engineLayers: readonly EngineLayer[],
  {
    model,
    asked,
    valuesOf,
  }: {
    readonly model: readonly ModelLayer[];
    readonly asked: Readonly<Record<string, Precision>>;
    /** Values of a tensor in one inference; 0 if they are not known. */
    readonly valuesOf: (tensor: string) => number;
  },
): ConversionTime[] {
  const producers = new Map(model.flatMap(({ layer, outputs }) => outputs.map((name) => [name, layer] as const)));
  return engineByLayer(engineLayers, model, asked).reformats.flatMap(({ engineLayer, tensor, cause }) => {
    const producer = producers.get(tensor ?? '');
    const ms = engineLayer.medianMs ?? 0;
    const values = valuesOf(tensor ?? '');
    if (producer === undefined || ms === 0 || values === 0) return [];
    const direction = directionOf(cause, ownValue(asked, producer) === 'int8');
    return direction === null ? [] : [{ direction, values, ms }];
  });
}

function directionOf(cause: Reformat['cause'], isWrittenByInt8: boolean): ConversionTime['direction'] | null {
  if (cause === 'quantize') return 'to-int8';
  return cause === 'dequantize' || (cause === 'layout' && isWrittenByInt8) ? 'to-float' : null;
}
