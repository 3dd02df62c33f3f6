import { formatSignificant } from '../../base/units';
import type { PairedRatio } from './latency';

/** The speed compared with a reference, for a sentence. `same`: the rounds show no difference between the two. */
export interface Speed {
  readonly kind: 'faster' | 'slower' | 'same';
  /** At least 1: how many times as fast, or as slow, as the reference. */
  readonly factor: number;
}

/** A difference that disappears when the factor is written with three digits. */
const SAME = 1.005;

/** @param ratio latency over the reference's latency: below 1 is faster. */
export function speedOfRatio(ratio: number): Speed {
  const factor = ratio < 1 ? 1 / ratio : ratio;
  if (!(factor >= SAME)) return { kind: 'same', factor: 1 };
  return { kind: ratio < 1 ? 'faster' : 'slower', factor };
}

/** Of rounds: `same` where their 10th to 90th percentile includes equality. */
export function speedOf({ median, p10, p90 }: PairedRatio): Speed {
  const isUnclear = p10 !== undefined && p90 !== undefined && p10 <= 1 && p90 >= 1;
  return isUnclear ? { kind: 'same', factor: 1 } : speedOfRatio(median);
}

/** `1.15`, `3.2`, `12`: three digits below two, where a tenth matters. */
export function formatFactor(factor: number): string {
  return formatSignificant(factor, factor < 2 ? 3 : 2);
}

/** `1.15x slower`, `3.2x faster`, `equally fast`. */
export function formatSpeed({ kind, factor }: Speed): string {
  return kind === 'same' ? 'equally fast' : `${formatFactor(factor)}x ${kind}`;
}

/** The rounds' spread in words, `1.02x faster to 1.05x slower`; empty where there were too few rounds. */
export function formatSpeedSpread({ p10, p90 }: PairedRatio): string {
  return p10 === undefined || p90 === undefined
    ? ''
    : `${formatSpeed(speedOfRatio(p10))} to ${formatSpeed(speedOfRatio(p90))}`;
}

/** A latency that compares with others of its kind; `ratioToFp32` where rounds of both were measured in turns. */
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

/** The references that are faster, with how much slower the plan is. */
export function slowerThan<T extends TimedReference>(
  plan: Timed,
  references: readonly T[],
): readonly (T & { readonly speed: Speed })[] {
  return references.flatMap((reference) => {
    const speed = speedAgainst(plan, reference);
    return speed?.kind === 'slower' ? [{ ...reference, speed }] : [];
  });
}
