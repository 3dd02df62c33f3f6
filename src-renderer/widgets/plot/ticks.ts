import { formatFixed } from '../../../src-shared/base/units';

/** Positions and labels of the marks of an axis: digits between 0.001 and 1000, SI prefixes beyond (`10 k`, `20 µ`). */
export interface AxisTicks {
  readonly values: readonly number[];
  readonly texts: readonly string[];
}

const THIN_SPACE = '\u202f';
const PREFIXES = [
  { factor: 1e12, prefix: 'T' },
  { factor: 1e9, prefix: 'G' },
  { factor: 1e6, prefix: 'M' },
  { factor: 1e3, prefix: 'k' },
] as const;
const SMALL_PREFIXES = [
  { factor: 1e-6, prefix: 'µ' },
  { factor: 1e-9, prefix: 'n' },
  { factor: 1e-12, prefix: 'p' },
  { factor: 1e-15, prefix: 'f' },
] as const;
const PLAIN = { factor: 1, prefix: '' };
/** Axis values are sums of steps, so that a value slightly below a power of ten is treated as that power. */
const HAIR = 1 + 1e-9;

/**
 * Round values between `low` and `high` (both above 0), at most about `most` of them: every decade, or every second or
 * third one if there are many, and 1, 2, 5 of each if there are few.
 */
export function logTicks(low: number, high: number, most: number): AxisTicks {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const decades = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const inside = (value: number): boolean => value >= low && value <= high;
  const fine = decades.flatMap((exponent) => [1, 2, 5].map((digit) => digit * 10 ** exponent)).filter(inside);
  const whole = decades.map((exponent) => 10 ** exponent).filter(inside);
  const stride = Math.max(1, Math.ceil(whole.length / Math.max(1, most)));
  const values =
    fine.length <= most || whole.length < 2
      ? fine.slice(0, Math.max(most, 2))
      : whole.filter((value) => Math.round(Math.log10(value)) % stride === 0);
  // Every mark of a log axis is one digit times a power of ten.
  return {
    values,
    texts: values.map((value) => tickText(value, 10 ** Math.floor(Math.log10(value * HAIR)), prefixOf(value))),
  };
}

/**
 * Multiples of 1, 2 or 5 times a power of ten between `low` and `high`: about `most` of them, at least two, and all
 * with the same prefix.
 */
export function linearTicks(low: number, high: number, most: number): AxisTicks {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return { values: [], texts: [] };
  const roomy = roundStep(span / Math.max(2, most));
  // If the step is wide compared to the range, the range may contain only one multiple of it.
  const step = multiplesWithin(low, high, roomy).length >= 2 ? roomy : roundStep(span / (2.5 * Math.max(2, most)));
  const values = multiplesWithin(low, high, step);
  const unit = prefixOf(Math.max(Math.abs(low), Math.abs(high)));
  return { values, texts: values.map((value) => tickText(value, step, unit)) };
}

function multiplesWithin(low: number, high: number, step: number): readonly number[] {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
}

/** The smallest of 1, 2, 5 times a power of ten that is at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((digit) => digit * power * HAIR >= least) ?? 10) * power;
}

interface Prefix {
  readonly factor: number;
  readonly prefix: string;
}

function prefixOf(magnitude: number): Prefix {
  if (magnitude === 0 || (magnitude * HAIR >= 1e-3 && magnitude * HAIR < 1e3)) return PLAIN;
  if (magnitude >= 1) return PREFIXES.find(({ factor }) => magnitude * HAIR >= factor) ?? PLAIN;
  return SMALL_PREFIXES.find(({ factor }) => magnitude * HAIR >= factor) ?? { factor: 1e-15, prefix: 'f' };
}

/** The value with as many decimals as are needed to distinguish marks that are `step` apart. */
function tickText(value: number, step: number, { factor, prefix }: Prefix): string {
  if (value === 0) return '0';
  const decimals = Math.min(15, Math.max(0, -Math.floor(Math.log10((step / factor) * HAIR))));
  return `${formatFixed(value / factor, decimals)}${prefix === '' ? '' : THIN_SPACE}${prefix}`;
}
