import type { FixPlan } from '../../../src-shared/domain/analysis/fix';

/**
 * A plan is judged if its output error predicts at most this many times the largest loss. On yolox_nano, the loss of a
 * plan was 0.44 times what the error of another one predicted.
 */
const UNCERTAINTY = 3;

/**
 * The loss of a plan that was judged, as a multiple of what the gate allows.
 * @returns null if no gate limits the loss of the whole set, or if nothing may be lost
 */
function lossToLimit({ gates, drop }: FixPlan): number | null {
  const limit = gates.find(({ name }) => name === 'maxDrop' || name === 'maxTop1Drop')?.limit ?? 0;
  return drop === undefined || limit <= 0 ? null : drop / limit;
}

/**
 * The loss that an output error lets one expect, as a multiple of what the gate allows. The loss of a measure grows
 * about as the output error (a mean square), so that the plan with the nearest error predicts it.
 * @param error of the worst group, on the images that choose
 * @param judged plans whose loss is known
 * @returns null if no judged plan tells
 */
export function expectedLoss(error: number, judged: readonly FixPlan[]): number | null {
  const distance = (plan: FixPlan): number => Math.abs(Math.log(plan.error / error));
  const [nearest] = judged
    .filter((plan) => plan.error > 0 && Number.isFinite(plan.error) && (lossToLimit(plan) ?? 0) > 0)
    .toSorted((a, b) => distance(a) - distance(b));
  if (nearest === undefined || !(error > 0)) return null;
  return ((lossToLimit(nearest) ?? 0) * error) / nearest.error;
}

/** Whether it is worth the time to judge a plan with this output error. It is if nothing tells. */
export function mayMeet(error: number, judged: readonly FixPlan[]): boolean {
  return (expectedLoss(error, judged) ?? 0) <= UNCERTAINTY;
}
