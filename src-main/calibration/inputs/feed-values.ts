import type { FeedType } from '../../../src-shared/domain/project/feed-types';
import { zeros, type FeedData } from '../../backends/feeds';
import { float32ToFloat16 } from '../../onnx/graph/fp16';

/** Numbers of any kind. */
export type Numbers = ArrayLike<number> | BigInt64Array | BigUint64Array;

/**
 * Numbers as the element type of an input: fractions are rounded for whole-number types, float16 holds bits, and bool
 * is 0 or 1. Arrays that have the type already are used as they are.
 */
export function feedData(dtype: FeedType, values: Numbers): FeedData {
  if (dtype === 'float32' && values instanceof Float32Array) return values;
  const data = zeros(dtype, values.length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < data.length; i++) {
      const value = values[i] ?? 0;
      data[i] = typeof value === 'bigint' ? value : BigInt(Number.isFinite(value) ? Math.round(value) : 0);
    }
    return data;
  }
  const convert = conversionTo(dtype);
  for (let i = 0; i < data.length; i++) data[i] = convert(Number(values[i] ?? 0));
  return data;
}

function conversionTo(dtype: FeedType): (value: number) => number {
  if (dtype === 'float16') return float32ToFloat16;
  if (dtype === 'bool') return (value) => Number(value !== 0);
  return dtype.startsWith('float') ? (value) => value : Math.round;
}
