import { parseNumber } from './number-text';

/** Numbers separated by commas, semicolons or spaces, as `0.485, 0.456, 0.406` or `1/255`; null when one is not a number. */
export function parseNumberList(text: string): readonly number[] | null {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  const numbers = parts.map(parseNumber);
  return numbers.length > 0 && numbers.every((value) => value !== null) ? numbers : null;
}

export function formatNumberList(values: readonly number[]): string {
  return values.map(formatScale).join(', ');
}

/** Largest divisor that a scale is written with. */
const MAX_DIVISOR = 65_535;

/** The number as a person would type it: `1/255` where it is exactly that, else all its digits. */
export function formatScale(value: number): string {
  const divisor = Math.round(1 / value);
  return divisor > 10 && divisor <= MAX_DIVISOR && 1 / divisor === value && String(value).length > 8
    ? `1/${divisor}`
    : String(value);
}
