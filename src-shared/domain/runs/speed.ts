import { formatSignificant } from '../../base/units';
import type { PairedRatio } from './latency';

/** The speed compared with a reference, for a sentence. `same`: the rounds show no difference between the two. */
export interface Speed {
  readonly kind: 'faster' | 'slower' | 'same';
  /** At least 1: by which factor it is faster or slower than the reference. */
  readonly factor: number;
}

/**
 * Factors below this count as equal, because the difference disappears when the factor is written with three digits.
 */
const SAME = 1.005;

/** @param ratio latency divided by the reference's latency; below 1 is faster. */
export function speedOfRatio(ratio: number): Speed {
  const factor = ratio < 1 ? 1 / ratio : ratio;
  if (!(factor >= SAME)) return { kind: 'same', factor: 1 };
  return { kind: ratio < 1 ? 'faster' : 'slower', factor };
}

/** The speed from rounds: `same` if their 10th to 90th percentile includes 1. */
export function speedOf({ median, p10, p90 }: PairedRatio): Speed {
  const isUnclear = p10 !== undefined && p90 !== undefined && p10 <= 1 && p90 >= 1;
  return isUnclear ? { kind: 'same', factor: 1 } : speedOfRatio(median);
}

/** `1.15`, `3.2`, `12`: three digits below two, because small differences matter there. */
export function formatFactor(factor: number): string {
  return formatSignificant(factor, factor < 2 ? 3 : 2);
}

/** `1.15x slower`, `3.2x faster`, `equally fast`. */
export function formatSpeed({ kind, factor }: Speed): string {
  return kind === 'same' ? 'equally fast' : `${formatFactor(factor)}x ${kind}`;
}

/** The spread of the rounds in words, `1.02x faster to 1.05x slower`; empty if there were too few rounds. */
export function formatSpeedSpread({ p10, p90 }: PairedRatio): string {
  return p10 === undefined || p90 === undefined
    ? ''
    : `${formatSpeed(speedOfRatio(p10))} to ${formatSpeed(speedOfRatio(p90))}`;
}

/**
 * A latency with its kind, because only latencies of one kind can be compared; `ratioToFp32` is present if rounds of
 * both were measured in turns.
 */
export interface Timed {
  readonly latencyMs: number;
  readonly latencyKind: 'measured' | 'modelled';
  readonly ratioToFp32?: PairedRatio;
}

interface TimedReference {
  readonly variant: 'fp32' | 'fp16';
  readonly latencyMs: number;
  readonly latencyKind: 'measured' | 'modelled';
}

/**
 * The speed compared with a reference, by single rounds if they were recorded; null if the two latencies are of
 * different kinds.
 */
export function speedAgainst(timed: Timed, reference: TimedReference): Speed | null {
  if (reference.latencyKind !== timed.latencyKind) return null;
  const isPaired = reference.variant === 'fp32' && timed.ratioToFp32 !== undefined;
  return isPaired ? speedOf(timed.ratioToFp32) : speedOfRatio(timed.latencyMs / reference.latencyMs);
}

/** The references that are faster, with the factor by which the plan is slower. */
export function slowerThan<T extends TimedReference>(
  plan: Timed,
  references: readonly T[],
): readonly (T & { readonly speed: Speed })[] {
  return references.flatMap((reference) => {
    const speed = speedAgainst(plan, reference);
    return speed?.kind === 'slower' ? [{ ...reference, speed }] : [];
  });
}
