import type { EngineLayer } from './engine-layers';
import { engineByLayer, type ModelLayer, type Reformat } from './engine-view';
import type { Precision } from '../project/precision';
import { ownValue } from '../../base/records';
import { measured, object, type InferOutput } from '../../base/schema';

/** A conversion between INT8 and floating point that was measured. */
export interface ConversionTime {
  readonly direction: 'to-int8' | 'to-float';
  /** Values of the tensor in one inference. */
  readonly values: number;
  readonly ms: number;
}

export const conversionModelSchema = object({
  /** Time of a conversion of few values. */
  launchMs: measured,
  toInt8MsPerValue: measured,
  toFloatMsPerValue: measured,
});
/** Estimates the time of a conversion from the number of values. */
export type ConversionModel = InferOutput<typeof conversionModelSchema>;

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

/**
 * Of an H200 with TensorRT 10.6 (test/evidence/h200-kernels.json): a kernel takes 3 microseconds at least; 6.4 million
 * values are quantized in 31 microseconds, dequantized in 12, and copied to another layout in 13.
 */
const LAUNCH_MS = 0.003;
const MS_PER_VALUE = { 'to-int8': 4.3e-9, 'to-float': 1.5e-9 } as const;

/** The median of what was measured above the time of few values; the numbers of an H200 for a direction without one. */
export function conversionModel(times: readonly ConversionTime[]): ConversionModel {
  const launchMs = Math.min(LAUNCH_MS, ...times.map(({ ms }) => ms));
  const slope = (direction: ConversionTime['direction']): number => {
    const slopes = times
      .filter((one) => one.direction === direction)
      .map(({ values, ms }) => (ms - launchMs) / values)
      .sort((a, b) => a - b);
    return slopes[Math.floor(slopes.length / 2)] ?? MS_PER_VALUE[direction];
  };
  return { launchMs, toInt8MsPerValue: slope('to-int8'), toFloatMsPerValue: slope('to-float') };
}

export function toInt8Ms({ launchMs, toInt8MsPerValue }: ConversionModel, values: number): number {
  return launchMs + values * toInt8MsPerValue;
}

export function toFloatMs({ launchMs, toFloatMsPerValue }: ConversionModel, values: number): number {
  return launchMs + values * toFloatMsPerValue;
}
