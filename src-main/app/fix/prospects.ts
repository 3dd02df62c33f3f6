import type { FixPlan } from '../../../src-shared/domain/analysis/fix';

/**
 * A plan is judged if its output error predicts at most this many times the largest loss. On yolox_nano, the loss of a
 * plan was 0.44 times what the error of another one predicted.
 */
const UNCERTAINTY = 3;

/** Of the loss, repairs that help take at least this part. */
const HELPFUL = 0.5;
/** A trend needs this many plans, whose errors differ at least by this factor. */
const TREND_PLANS = 3;
const TREND_SPAN = 1.25;

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
  return predicted(error, judged, lossToLimit);
}

/** @param lossOf the loss of a plan in some unit; those without one tell nothing */
function predicted(error: number, judged: readonly FixPlan[], lossOf: (plan: FixPlan) => number | null): number | null {
  const distance = (plan: FixPlan): number => Math.abs(Math.log(plan.error / error));
  const [nearest] = judged
    .filter((plan) => plan.error > 0 && Number.isFinite(plan.error) && (lossOf(plan) ?? 0) > 0)
    .toSorted((a, b) => distance(a) - distance(b));
  if (nearest === undefined || !(error > 0)) return null;
  return ((lossOf(nearest) ?? 0) * error) / nearest.error;
}

/** Whether it is worth the time to judge a plan with this output error. It is if nothing tells. */
export function mayMeet(error: number, judged: readonly FixPlan[]): boolean {
  return (expectedLoss(error, judged) ?? 0) <= UNCERTAINTY;
}

/**
 * Whether a smaller output error keeps more than half of the loss: then it moves the measure by chance, and simpler
 * plans are as good. False if no judged plan tells.
 * @param before and after: output errors of the worst group
 */
export function keepsLoss(before: number, after: number, judged: readonly FixPlan[]): boolean {
  const dropAt = (error: number): number | null => predicted(error, judged, ({ drop }) => drop ?? null);
  const [lossBefore, lossAfter] = [dropAt(before), dropAt(after)];
  return lossBefore !== null && lossAfter !== null && lossAfter > HELPFUL * lossBefore;
}

/**
 * The loss, as a multiple of the limit, on the straight line of least squares through the judged plans with all layers
 * in INT8: above that of a loss in proportion to the error if part of the loss does not follow the error.
 * @returns null with fewer than three plans, or if their errors differ little
 */
export function trendOfLoss(error: number, judged: readonly FixPlan[]): number | null {
  const points = judged.flatMap((plan) => {
    const loss = lossToLimit(plan);
    return loss === null || plan.fp16Layers.length > 0 || !Number.isFinite(plan.error)
      ? []
      : [[plan.error, loss] as const];
  });
  const errors = points.map(([x]) => x);
  if (points.length < TREND_PLANS || Math.max(...errors) < TREND_SPAN * Math.min(...errors)) return null;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanError, meanLoss] = [mean(errors), mean(points.map(([, y]) => y))];
  const slope =
    mean(points.map(([x, y]) => (x - meanError) * (y - meanLoss))) / mean(errors.map((x) => (x - meanError) ** 2));
  return meanLoss + slope * (error - meanError);
}
