import { DataType } from '../graph/model';

/** What scale and zero point of a QuantizeLinear say about the range of its tensor. */
export interface QuantizedRange {
  readonly scales: readonly number[];
  /** One per scale; empty: 0. */
  readonly zeroPoints: readonly number[];
  /** Equal for equal scales and zero points. */
  readonly key: string;
  /** Every zero point is the middle of the integer range. */
  readonly isSymmetric: boolean;
  /** Every zero point is the smallest integer: values below 0 become 0. */
  readonly isNonNegative: boolean;
  /** The largest value, in real units. */
  readonly highest: number;
  /**
   * The symmetric threshold, in real units. A symmetric range has the same scale as before: 127 scales for INT8. An
   * asymmetric range is covered as a whole: the larger of its two ends. Of several channels, the largest.
   */
  readonly threshold: number;
  /** The threshold if the integers are clipped to these bounds; undefined: to the bound of the type. */
  readonly clipped: (low: number | undefined, high: number | undefined) => number;
}

/** Smallest and largest integer by element type (onnx.proto); INT4 and UINT4 as in opset 21. */
const LIMITS: ReadonlyMap<number, readonly [number, number]> = new Map([
  [DataType.INT8, [-128, 127]],
  [DataType.UINT8, [0, 255]],
  [DataType.INT16, [-32768, 32767]],
  [DataType.UINT16, [0, 65535]],
  [21, [0, 15]],
  [22, [-8, 7]],
  // The 8-bit float types: the largest values of E4M3FN, E4M3FNUZ, E5M2 and E5M2FNUZ.
  [17, [-448, 448]],
  [18, [-240, 240]],
  [19, [-57344, 57344]],
  [20, [-57344, 57344]],
]);

/** @returns null for a type that has no range of its own, such as INT32. */
export function quantizedThreshold(
  scales: readonly number[],
  zeroPoints: readonly number[],
  dataType: number,
): QuantizedRange | null {
  const limits = LIMITS.get(dataType);
  if (limits === undefined || scales.length === 0) return null;
  const [lowest, highest] = limits;
  const middle = lowest < 0 ? 0 : Math.ceil((lowest + highest) / 2);
  const zeroPointOf = (i: number): number => zeroPoints[zeroPoints.length === 1 ? 0 : i] ?? 0;
  const isSymmetric = scales.every((_, i) => zeroPointOf(i) === middle);
  const clipped = (low = lowest, high = highest): number =>
    scales.reduce((most, scale, i) => {
      const zeroPoint = zeroPointOf(i);
      const steps =
        zeroPoint === middle ? high - zeroPoint : Math.max(Math.abs(low - zeroPoint), Math.abs(high - zeroPoint));
      return Math.max(most, Number.isFinite(scale) ? steps * scale : 0);
    }, 0);
  return {
    scales,
    zeroPoints,
    key: JSON.stringify([scales, scales.map((_, i) => zeroPointOf(i))]),
    isSymmetric,
    isNonNegative: scales.every((_, i) => zeroPointOf(i) === lowest),
    highest: scales.reduce((most, scale, i) => Math.max(most, (highest - zeroPointOf(i)) * scale), 0),
    threshold: clipped(),
    clipped,
  };
}
