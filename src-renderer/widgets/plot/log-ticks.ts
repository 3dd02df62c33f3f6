import { formatCount, formatSignificant } from '../../../src-shared/base/units';

export interface AxisTicks {
  readonly values: readonly number[];
  readonly texts: readonly string[];
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/**
 * Round values between `low` and `high` (both above 0), at most about `most` of them: whole decades, every second or third
 * one of them when there are many, and 1, 2, 5 of each when there are few.
 */
export function logTicks(low: number, high: number, most: number): AxisTicks {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const decades = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const inside = (value: number): boolean => value >= low && value <= high;
  const fine = decades.flatMap((exponent) => [1, 2, 5].map((digit) => digit * 10 ** exponent)).filter(inside);
  const whole = decades.map((exponent) => 10 ** exponent).filter(inside);
  const stride = Math.max(1, Math.ceil(whole.length / Math.max(1, most)));
  const values = fine.length <= most || whole.length < 2 ? fine.slice(0, Math.max(most, 2)) : whole.filter((value) => Math.round(Math.log10(value)) % stride === 0);
  return { values, texts: values.map(tickText) };
}

function tickText(value: number): string {
  if (value >= 1) return formatCount(Math.round(value));
  if (value >= 0.001) return formatSignificant(value, 1);
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  const digit = Math.round(value / 10 ** exponent);
  const power = `10⁻${String(-exponent).replace(/\d/g, (figure) => SUPERSCRIPTS[Number(figure)] ?? '')}`;
  return digit === 1 ? power : `${digit}·${power}`;
}
