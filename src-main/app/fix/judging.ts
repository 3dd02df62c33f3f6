import { ownValue } from '../../../src-shared/base/records';
import type { FixDecisions, FixPlan, FixResult } from '../../../src-shared/domain/analysis/fix';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import { GATE_NAMES, type Gates } from '../../../src-shared/domain/project/gates';
import { worstGroup, type VariantReport } from '../../../src-shared/domain/runs/accuracy';
import { withoutCosts } from '../../../src-shared/domain/runs/gate-values';
import { evaluateGates } from '../../../src-shared/domain/runs/gates';
import type { GateResult } from '../../../src-shared/domain/runs/run-record';
import { buildTable, REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { DEFAULT_LIMITS, DEFAULT_MAX_NMSE } from '../analysis/search-setup';
import { ensureThresholds } from '../analysis/needed-decisions';
import { defaultThreads, type JobContext } from '../job-context';
import { buildVariants } from '../variants/builder';
import type { BuiltVariant } from '../variants/built-variant';
import { evaluateBuilt } from '../variants/evaluation';
import type { VariantOptions } from '../variants/options';
import { workspaceWith } from './candidates';

/** The name under which a plan is built and judged. */
const VARIANT = 'mixed';

/** The images that judge, and what a plan must reach on them. */
export interface Judging {
  readonly set: ImageSet;
  readonly judgedOn: FixResult['judgedOn'];
  readonly gates: Gates;
  readonly options: VariantOptions;
}

/** What the images that judge say about a plan. */
export type Verdict = Pick<
  FixPlan,
  'measure' | 'worstGroup' | 'difference' | 'drop' | 'worstGroupDrop' | 'outputSqnrDb' | 'gates' | 'met'
> & {
  readonly fp32: FixResult['fp32'];
};

/**
 * The gates of accuracy: those of the project, and 0.5 points in all and 1 point of the worst group where it has none.
 */
export function accuracyGates(gates: Gates, set: Pick<ImageSet, 'groups'>): Gates {
  const own = withoutCosts(gates);
  const isTotalSet = [own.maxDrop, own.maxTop1Drop, own.minMeasure, own.minTop1].some(
    (limit) => typeof limit === 'number',
  );
  return {
    ...own,
    ...(isTotalSet ? {} : { maxDrop: DEFAULT_LIMITS.maxDrop }),
    ...(own.maxWorstGroupDrop !== null || set.groups.length === 0
      ? {}
      : { maxWorstGroupDrop: DEFAULT_LIMITS.maxWorstGroupDrop }),
  };
}

/** The limits that are set, by the names of their gates. */
export function limitsOf(gates: Gates): Record<string, number> {
  return Object.fromEntries(
    GATE_NAMES.flatMap((name) => {
      const limit = gates[name];
      return typeof limit === 'number' ? [[name, limit] as const] : [];
    }),
  );
}

/** Builds the model of these decisions. */
export async function buildPlan(
  decisions: FixDecisions,
  options: VariantOptions,
  job: JobContext,
): Promise<readonly BuiltVariant[]> {
  const own: JobContext = { ...job, workspace: workspaceWith(job.workspace, decisions) };
  const wanted = { ...options, variants: [VARIANT] };
  await ensureThresholds(wanted, own);
  return buildVariants(wanted, own);
}

/** Judges a plan as `validate` and the gates of a run do. */
export async function judgePlan(decisions: FixDecisions, judging: Judging, job: JobContext): Promise<Verdict> {
  const built = await buildPlan(decisions, judging.options, job);
  return judgeBuilt(built, VARIANT, judging, job);
}

/** Judges FP16 in the same way. */
export async function judgeFp16(judging: Judging, job: JobContext): Promise<Verdict> {
  return judgeBuilt(await buildVariants({ ...judging.options, variants: ['fp16'] }, job), 'fp16', judging, job);
}

async function judgeBuilt(
  built: readonly BuiltVariant[],
  variant: string,
  { set, gates, options }: Judging,
  job: JobContext,
): Promise<Verdict> {
  const reference = await buildVariants({ ...options, variants: [REFERENCE_VARIANT] }, job);
  const evaluated = await evaluateBuilt(
    [...reference, ...built],
    { set, options, threads: options.threads ?? defaultThreads() },
    job,
  );
  const fp32 = evaluated.reports.find((report) => report.variant === REFERENCE_VARIANT);
  const own = evaluated.reports.find((report) => report.variant === variant);
  if (!fp32 || !own) throw new Error(`Assertion failed: ${variant} was not evaluated`);
  const results = evaluateGates(
    gates,
    buildTable({ validation: { variants: evaluated.reports }, benchmark: null }),
    [variant],
    evaluated,
  );
  return {
    ...accuracyOf(own),
    ...(own.difference === undefined ? {} : { difference: own.difference }),
    ...dropsOf(own, fp32),
    ...(own.outputSqnrDb === undefined || !Number.isFinite(own.outputSqnrDb) ? {} : { outputSqnrDb: own.outputSqnrDb }),
    gates: results,
    met: isMet(results, own, evaluated.labelled),
    fp32: accuracyOf(fp32),
  };
}

function accuracyOf(report: VariantReport): FixResult['fp32'] {
  const worst = worstGroup(report);
  return {
    ...(report.measure === undefined ? {} : { measure: report.measure }),
    ...(worst === null ? {} : { worstGroup: worst }),
  };
}

/** How much the measure, and the group that loses most, are below FP32. */
function dropsOf(own: VariantReport, fp32: VariantReport): Pick<FixPlan, 'drop' | 'worstGroupDrop'> {
  const { measure } = own;
  if (measure === undefined || fp32.measure === undefined) return {};
  const sign = measure.higherIsBetter ? 1 : -1;
  const groups = Object.entries(own.groups).flatMap(([name, group]) => {
    const reference = ownValue(fp32.groups, name)?.measure;
    return group.measure === undefined || reference === undefined ? [] : [sign * (reference - group.measure)];
  });
  return {
    drop: sign * (fp32.measure.value - measure.value),
    ...(groups.length === 0 ? {} : { worstGroupDrop: Math.max(...groups) }),
  };
}

/**
 * Without labels, gates that cannot be judged do not count, and the outputs must be close to FP32's as well: agreement
 * on few images says little.
 */
function isMet(results: readonly GateResult[], own: VariantReport, isLabelled: boolean): boolean {
  if (isLabelled) return results.every(({ met }) => met);
  const judged = results.filter(({ value }) => value !== null);
  const sqnrDb = own.outputs.length === 0 ? undefined : own.outputSqnrDb;
  const isClose = sqnrDb === undefined || sqnrDb >= -10 * Math.log10(DEFAULT_MAX_NMSE);
  return judged.every(({ met }) => met) && isClose && (judged.length > 0 || sqnrDb !== undefined);
}
