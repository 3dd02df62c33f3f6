import { cheapestLabels, type PairCost, type UnaryCost } from '../../base/min-cut';

/** Time of a part of a model in floating point and in INT8, in milliseconds; Infinity excludes one. */
export interface PartCost {
  readonly floatMs: number;
  readonly int8Ms: number;
}

/** A tensor that one part computes and others read. It is converted once, whatever the number of its readers. */
export interface BorderTensor {
  /** Index of the part that computes it. */
  readonly from: number;
  /** Indices of the parts that read it. */
  readonly to: readonly number[];
  /** Time of a conversion if it is computed in floating point and read in INT8. */
  readonly toInt8Ms: number;
  /** Time of a conversion if it is computed in INT8 and read in floating point. */
  readonly toFloatMs: number;
}

/**
 * For each part whether INT8 is cheaper, so that the sum of the times of parts and of conversions at borders is
 * smallest; floating point where both are equal.
 */
export function cheapestPlacement(parts: readonly PartCost[], tensors: readonly BorderTensor[]): boolean[] {
  const unary: UnaryCost[] = parts.map(({ floatMs, int8Ms }) => ({ whenFalse: floatMs, whenTrue: int8Ms }));
  const pairs: PairCost[] = [];
  for (const { from, to, toInt8Ms, toFloatMs } of tensors) {
    // Two further labels per tensor: it exists in INT8, and it exists in INT8 only. Readers imply the one or exclude
    // the other.
    const inInt8 = unary.push({ whenFalse: 0, whenTrue: 0 }) - 1;
    const onlyInt8 = unary.push({ whenFalse: 0, whenTrue: 0 }) - 1;
    for (const reader of to) {
      pairs.push({ a: reader, b: inInt8, trueFalse: Number.POSITIVE_INFINITY, falseTrue: 0 });
      pairs.push({ a: reader, b: onlyInt8, trueFalse: 0, falseTrue: Number.POSITIVE_INFINITY });
    }
    pairs.push({ a: from, b: inInt8, trueFalse: 0, falseTrue: toInt8Ms });
    pairs.push({ a: from, b: onlyInt8, trueFalse: toFloatMs, falseTrue: 0 });
  }
  return cheapestLabels(unary, pairs).slice(0, parts.length);
}

/** What conversions of a tensor take in a placement. */
export function conversionMs({ from, to, toInt8Ms, toFloatMs }: BorderTensor, isInt8: readonly boolean[]): number {
  if (isInt8[from] === true) return to.some((reader) => isInt8[reader] !== true) ? toFloatMs : 0;
  return to.some((reader) => isInt8[reader] === true) ? toInt8Ms : 0;
}

/** The time of a placement: the sum that `cheapestPlacement` makes smallest. */
export function placementMs(
  parts: readonly PartCost[],
  tensors: readonly BorderTensor[],
  isInt8: readonly boolean[],
): number {
  const own = parts.reduce((sum, { floatMs, int8Ms }, i) => sum + (isInt8[i] === true ? int8Ms : floatMs), 0);
  return tensors.reduce((sum, tensor) => sum + conversionMs(tensor, isInt8), own);
}
