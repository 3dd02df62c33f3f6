import {
  groupValue,
  type SearchPlan,
  type SearchResult,
  type TrialQuality,
  worstNmse,
} from '../../src-shared/domain/analysis/analysis';
import { speedAgainst } from '../../src-shared/domain/runs/speed';

/**
 * The quality of a plan, larger is better: the measure of the worst group, the measure, or (without labels) the
 * negative output error.
 */
export function accuracyOf(quality: TrialQuality): number {
  const value = quality.worstGroup ? groupValue(quality.worstGroup) : (quality.measure?.value ?? quality.top1);
  if (value === null) return -worstNmse(quality);
  return quality.measure?.higherIsBetter === false ? -value : value;
}

interface Point {
  readonly latencyMs: number;
  readonly latencyKind: SearchPlan['latencyKind'];
  readonly accuracy: number;
}

const pointOf = ({
  latencyMs,
  latencyKind,
  quality,
}: Pick<SearchPlan, 'latencyMs' | 'latencyKind' | 'quality'>): Point => ({
  latencyMs,
  latencyKind,
  accuracy: accuracyOf(quality),
});

/** True if a plan is at least as good in both and better in one. Measured and modelled latencies are not comparable. */
function dominates(a: Point, b: Point): boolean {
  if (a.latencyKind !== b.latencyKind || a.latencyMs > b.latencyMs || a.accuracy < b.accuracy) return false;
  return a.latencyMs < b.latencyMs || a.accuracy > b.accuracy;
}

/** Marks the plans that are not dominated in latency and accuracy. */
export function markPareto(plans: readonly SearchPlan[]): SearchPlan[] {
  return plans.map((plan) => ({ ...plan, isPareto: !plans.some((other) => dominates(pointOf(other), pointOf(plan))) }));
}

/** Determines for every plan what dominates it: FP32 (which loses nothing), otherwise the fastest dominating plan. */
export function markDominated(
  plans: readonly SearchPlan[],
  { references }: Pick<SearchResult, 'references'>,
): SearchPlan[] {
  const reference = references.find(({ variant }) => variant === 'fp32');
  return plans.map((plan): SearchPlan => {
    const own = pointOf(plan);
    if (reference && speedAgainst(plan, reference)?.kind === 'slower') return { ...plan, dominatedBy: 'fp32' };
    const others = [...plans.keys()].filter((i) => dominates(pointOf(plans[i] ?? plan), own));
    const fastest = others.sort((a, b) => (plans[a]?.latencyMs ?? 0) - (plans[b]?.latencyMs ?? 0))[0];
    return fastest === undefined ? plan : { ...plan, dominatedBy: fastest };
  });
}

/**
 * The plan with the fewest layers, or the fastest plan that meets the limits and dominates it.
 */
export function undominated(plans: readonly SearchPlan[], chosen: number | null): number | null {
  const plan = chosen === null ? undefined : plans[chosen];
  if (plan === undefined) return chosen;
  const better = [...plans.entries()].filter(
    ([, other]) => other.meetsLimit && dominates(pointOf(other), pointOf(plan)),
  );
  return (
    better.reduce<number | null>(
      (best, [i, { latencyMs }]) => (latencyMs < (plans[best ?? -1]?.latencyMs ?? Number.POSITIVE_INFINITY) ? i : best),
      null,
    ) ?? chosen
  );
}
