import type { ReferenceLatency } from '../../../src-shared/domain/analysis/analysis';
import type { FixPlan } from '../../../src-shared/domain/analysis/fix';
import { modelledVariantMs } from '../../../src-shared/domain/runs/latency-model';
import { canMeasure, referenceLatencies, referenceVariants, timeEngines } from '../analysis/measure-plans';
import type { JobContext } from '../job-context';
import { buildVariants } from '../variants/builder';
import { buildPlan } from './judging';
import type { FixSetup } from './setup';

/** Number of plans whose engines are timed. */
const TIMED_PLANS = 6;

/** Plans with their latencies, and what they are compared with. */
export interface Latencies {
  readonly plans: readonly FixPlan[];
  readonly references: readonly ReferenceLatency[];
}

/**
 * Times the plans of the modelled Pareto front in turns if the backend runs models of the target; otherwise latencies
 * stay modelled.
 */
export async function withLatencies(
  plans: readonly FixPlan[],
  { options, spec, works }: FixSetup,
  job: JobContext,
): Promise<Latencies> {
  if (!canMeasure(spec.backend, options.target)) {
    const references = (['fp32', 'fp16'] as const).map((variant): ReferenceLatency => ({
      variant,
      latencyMs: modelledVariantMs(works, variant),
      latencyKind: 'modelled',
    }));
    return { plans: withPareto(plans), references };
  }
  const picked = withPareto(plans)
    .flatMap((plan, i) => (plan.isPareto || plan.met ? [i] : []))
    .slice(0, TIMED_PLANS);
  const named = [];
  for (const i of picked) {
    const plan = plans[i];
    for (const engine of plan ? await buildPlan(plan.decisions, options, job) : [])
      named.push({ name: `plan ${i}`, engine });
  }
  const references = await buildVariants({ ...options, variants: referenceVariants(options.backend) }, job);
  const variants = await timeEngines({ references, named, options, threads: spec.threads }, job);
  const timed = plans.map((plan, i): FixPlan => {
    const own = variants.find(({ variant }) => variant === `plan ${i}`);
    return own === undefined ? plan : { ...plan, latencyMs: own.latencyMs.median, latencyKind: 'measured' };
  });
  return { plans: withPareto(timed), references: referenceLatencies(variants) };
}

/** Larger is better: the loss of the measure, or the output error where there is none. */
function accuracyOf({ drop, worstGroupDrop, error }: FixPlan): number {
  return drop === undefined ? -error : -Math.max(drop, worstGroupDrop ?? drop);
}

/** Marks the plans that no other one beats in accuracy and latency. Latencies of different kinds are not compared. */
export function withPareto(plans: readonly FixPlan[]): FixPlan[] {
  const latencyOf = (plan: FixPlan): number => plan.latencyMs ?? plan.fp16Layers.length;
  const beats = (a: FixPlan, b: FixPlan): boolean =>
    a.latencyKind === b.latencyKind &&
    latencyOf(a) <= latencyOf(b) &&
    accuracyOf(a) >= accuracyOf(b) &&
    (latencyOf(a) < latencyOf(b) || accuracyOf(a) > accuracyOf(b));
  const isMeasured = plans.some(({ latencyKind }) => latencyKind === 'measured');
  return plans.map((plan) => ({
    ...plan,
    isPareto: (plan.latencyKind === 'measured' || !isMeasured) && !plans.some((other) => beats(other, plan)),
  }));
}
