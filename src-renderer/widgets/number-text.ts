import type { PairedRatio } from '../../src-shared/domain/runs/latency';
import { formatFactor, type Speed, speedOfRatio } from '../../src-shared/domain/runs/speed';
import { t } from '../i18n';

/**
 * Parses a number as the user types it: decimal point or comma, a real minus sign, an exponent, a fraction like
 * `1/255`, spaces around it. Null if the text is not a number or not finite.
 */
export function parseNumber(text: string): number | null {
  const plain = text
    .trim()
    .replaceAll('\u2212', '-')
    .replace(/[\s\u202f]/g, '')
    .replace(',', '.');
  const [numerator = '', denominator, ...rest] = plain.split('/');
  if (rest.length > 0) return null;
  const top = parsePlain(numerator);
  if (denominator === undefined || top === null) return top;
  const bottom = parsePlain(denominator);
  return bottom === null || bottom === 0 ? null : top / bottom;
}

function parsePlain(text: string): number | null {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/**
 * Parses numbers separated by commas, semicolons or spaces, such as `0.485, 0.456, 0.406` or `1/255`; null if one is
 * not a number.
 */
export function parseNumberList(text: string): readonly number[] | null {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  const numbers = parts.map(parseNumber);
  return numbers.length > 0 && numbers.every((value) => value !== null) ? numbers : null;
}

export function formatNumberList(values: readonly number[]): string {
  return values.map(formatScale).join(', ');
}

/** The largest divisor that is used to write a scale as a fraction. */
const MAX_DIVISOR = 65_535;

/** The number as a user would type it: `1/255` if that is exact, else all its digits. */
export function formatScale(value: number): string {
  const divisor = Math.round(1 / value);
  return divisor > 10 && divisor <= MAX_DIVISOR && 1 / divisor === value && String(value).length > 8
    ? `1/${divisor}`
    : String(value);
}

/** `1.15x slower`, `3.2x faster`, `equally fast`. The direction is always named, because a bare ratio is ambiguous. */
export function speedText({ kind, factor }: Speed): string {
  return kind === 'same' ? t('widgets.speed.same') : t(`widgets.speed.${kind}`, { factor: formatFactor(factor) });
}

/** The 10th to the 90th percentile of the rounds in words; empty if there were too few rounds. */
export function speedSpreadText({ p10, p90 }: PairedRatio): string {
  if (p10 === undefined || p90 === undefined) return '';
  const [low, high] = [speedOfRatio(p10), speedOfRatio(p90)];
  if (low.kind !== high.kind || low.kind === 'same')
    return t('widgets.speed.spread', { low: speedText(low), high: speedText(high) });
  const [least, most] = low.factor < high.factor ? [low, high] : [high, low];
  return t('widgets.speed.spread', { low: `${formatFactor(least.factor)}x`, high: `${formatFactor(most.factor)}x` });
}
