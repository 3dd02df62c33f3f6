import type { SearchPlan, TrialQuality } from '../../src-shared/domain/analysis';
import { worstNmse } from './trials';

/** What a plan is drawn by, larger is better: the worst group's top-1, top-1, or, without labels, minus the output error. */
export function accuracyOf(quality: TrialQuality): number {
  return quality.worstGroup?.top1 ?? quality.top1 ?? -worstNmse(quality);
}

/** Marks the plans that no other plan beats in both latency and accuracy. */
export function markPareto(plans: readonly SearchPlan[]): SearchPlan[] {
  const isBeaten = (plan: SearchPlan): boolean =>
    plans.some((other) => {
      const better = accuracyOf(other.quality) - accuracyOf(plan.quality);
      return other.latencyMs <= plan.latencyMs && better >= 0 && (other.latencyMs < plan.latencyMs || better > 0);
    });
  return plans.map((plan) => ({ ...plan, isPareto: !isBeaten(plan) }));
}
