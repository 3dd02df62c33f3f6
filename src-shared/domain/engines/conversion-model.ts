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
