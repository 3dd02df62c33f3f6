import type { SearchSpec } from '../../../src-shared/contract/job-specs';
import type { ReferenceLatency, SearchPlan, SearchResult } from '../../../src-shared/domain/analysis/analysis';
import { formatCount } from '../../../src-shared/base/units';
import { allInt8, releasedPlan, type Target } from '../../../src-shared/domain/project/precision';
import { modelledMs, modelledVariantMs, releaseCostUs } from '../../../src-shared/domain/runs/latency-model';
import { markDominated, markPareto, undominated } from '../../analysis/pareto';
import { searchTrials } from '../../analysis/search';
import { loadImageSet } from '../../calibration/images/image-set';
import { setArrays } from '../../calibration/inputs/set-arrays';
import type { SearchParams } from '../../compute/pool/protocol';
import { analysisSetup } from '../analysis/analysis-setup';
import { saveAnalysis } from '../analysis/analysis-store';
import { autoPassesOf, ensureAuto, hasCurrentAuto } from '../analysis/auto-thresholds';
import { canMeasure, measurePlans, measuringSeconds, withMeasuredFront } from '../analysis/measure-plans';
import { ensureBestFor } from '../analysis/needed-decisions';
import {
  isAutoAffordable,
  layerWorks,
  macsOf,
  rankImages,
  searchImages,
  searchLimits,
  thresholdChoices,
} from '../analysis/search-setup';
import { summarizeSearch } from '../analysis/search-summary';
import type { JobContext } from '../job-context';
import type { Workspace } from '../projects/workspace';
import { variantOptions } from '../variants/options';
import { analysisCost } from './analysis-cost';
import { joinTrials } from './joined-progress';
import { requireTunable, withTunedPlan } from './tuned-plan';

/**
 * The models and images of a search, and what its result needs of them.
 * @param autoJob the context in which thresholds of method auto are chosen
 */
export async function searchTask(requested: SearchSpec, job: JobContext, autoJob = job) {
  const { workspace } = job;
  // The backend may imply the target. Plans must be ranked and judged for the target that is measured.
  const { target } = variantOptions(requested, workspace, []);
  const spec = { ...requested, target };
  // If there are images from the field, layers are ranked on them, else on calibration images.
  const against =
    spec.againstPath === undefined
      ? null
      : await loadImageSet({ path: spec.againstPath, ...setArrays(workspace.file.inputs) });
  const { passes: autoPasses, work: autoWork = 0, leftOut } = await chooseAutoIfAffordable(spec, autoJob);
  await ensureBestFor(
    {
      variants: [spec.method === undefined ? 'mixed' : `mixed-${spec.method}`],
      target,
      threads: spec.threads,
    },
    job,
  );
  const setup = await analysisSetup(spec, job);
  const works = layerWorks(setup);
  const limits = searchLimits(spec, workspace.file);
  const alternatives = thresholdChoices(spec, setup.calibration, {
    file: workspace.file,
    hasAuto: leftOut === null,
  });
  const ranking = searchTrials(works.length, limits.maxLayers, alternatives.length).ranking;
  const { rank, judge, judgedOn } = await searchImages(spec, workspace, {
    against,
    rankCount: rankImages(ranking, macsOf(works)),
  });
  const params: SearchParams = {
    plan: setup.plan,
    alternatives,
    layers: works.map(({ layer, work }) => ({ layer, costUs: releaseCostUs(work) })),
    limits,
    // Thresholds were chosen on calibration images, which therefore do not show what is lost on others.
    labelled: judgedOn === 'validation' && (workspace.file.task?.kind === 'custom' || judge.set.labelSource !== 'none'),
    trials: await setup.trials(rank === judge ? [judge] : [rank, judge]),
    rankCount: rank.entries.length,
  };
  return { params, spec, works, limits, judgedOn, autoPasses, autoWork, leftOut };
}

/**
 * Searches the plan with the fewest FP16 layers that meets the limits; the result lists all plans that were evaluated.
 */
export async function searchJob(requested: SearchSpec, job: JobContext): Promise<SearchResult> {
  const { workspace, services } = job;
  const startedAt = performance.now();
  requireTunable(requested, { what: 'A search', variants: ['mixed'] });
  const secondsAfter = measuringSeconds(variantOptions(requested, workspace, []));
  const trials = joinTrials(job, await analysisCost(requested, job), secondsAfter);
  const { params, spec, works, limits, judgedOn, autoPasses, autoWork, leftOut } = await searchTask(
    requested,
    job,
    trials.first,
  );
  const outcome = await services.compute.request('search', params, trials.last);
  const modelled = markPareto(
    outcome.plans.map((plan): SearchPlan => {
      const { quality } = plan;
      return {
        ...plan,
        ...(quality.top1 === null ? {} : { top1: quality.top1 }),
        ...(quality.worstGroup?.top1 === undefined ? {} : { worstGroupTop1: quality.worstGroup.top1 }),
        ...(quality.measure === undefined ? {} : { measure: quality.measure }),
        ...(quality.worstGroup === null ? {} : { worstGroup: quality.worstGroup }),
        latencyMs: modelledMs(works, new Set(plan.fp16Layers)),
        latencyKind: 'modelled',
        isPareto: false,
      };
    }),
  );
  const measured = canMeasure(spec.backend, spec.target)
    ? await measurePlans({ plans: modelled, chosen: outcome.chosen, method: outcome.method, spec }, job)
    : null;
  const references =
    measured?.references ??
    (['fp32', 'fp16'] as const).map((variant): ReferenceLatency => ({
      variant,
      latencyMs: modelledVariantMs(works, variant),
      latencyKind: 'modelled',
    }));
  const plans = markDominated(measured ? withMeasuredFront(measured.plans) : modelled, { references });
  const chosen = undominated(plans, outcome.chosen);
  const plan = chosen === null ? undefined : plans[chosen];
  const { tuning } =
    plan === undefined
      ? {}
      : await withTunedPlan(
          // What the limits were met with stays: only layers in INT8 may change.
          { spec: requested, variants: ['mixed'], mayTry: false },
          { ...job, workspace: withFoundPlan(workspace, plan, outcome.method) },
        );
  const result: SearchResult = {
    target: spec.target,
    method: outcome.method,
    judgedOn,
    images: outcome.images,
    fp32: outcome.fp32,
    limits,
    ranking: outcome.ranking,
    plans,
    references,
    chosen,
    ...(outcome.chance === undefined ? {} : { chance: outcome.chance }),
    ...(tuning === undefined ? {} : { tuning }),
    summary: [
      summarizeSearch(outcome, plans, { chosen, judgedOn, references }),
      ...(leftOut === null ? [] : [leftOut]),
    ].join(' '),
    passes: outcome.passes + autoPasses,
    work: outcome.work + autoWork,
    seconds: (performance.now() - startedAt) / 1000,
    createdAt: new Date().toISOString(),
  };
  await saveAnalysis(workspace, 'search', 'search', result);
  return result;
}

/** The project with a plan of a search, and with the method that it was found with. */
function withFoundPlan(
  workspace: Workspace,
  { fp16Layers }: Pick<SearchPlan, 'fp16Layers'>,
  method: SearchResult['method'],
): Workspace {
  const { file } = workspace;
  return {
    ...workspace,
    file: {
      ...file,
      ...(method === null ? {} : { method, tensorMethods: {} }),
      plan: releasedPlan(allInt8(file.plan), fp16Layers),
    },
  };
}

/**
 * Chooses the thresholds of method auto, so that the search can compare them with those in use, unless this would take
 * much longer than the search itself.
 * @returns `leftOut`: a sentence that says why they are not compared; null if they are
 */
async function chooseAutoIfAffordable(
  spec: SearchSpec & { readonly target: Target },
  job: JobContext,
): Promise<{ readonly passes: number; readonly work?: number | undefined; readonly leftOut: string | null }> {
  const { workspace } = job;
  if (spec.method === 'auto') return { ...(await ensureAuto(spec, job)), leftOut: null };
  if (spec.method !== undefined || (await hasCurrentAuto(spec.target, workspace))) return { passes: 0, leftOut: null };
  const setup = await analysisSetup(spec, job);
  const { passes } = await autoPassesOf({}, workspace, setup.tensors);
  if (isAutoAffordable(passes, macsOf(layerWorks(setup)))) return { ...(await ensureAuto(spec, job)), leftOut: null };
  return {
    passes: 0,
    leftOut:
      `The thresholds of method auto were not compared, because choosing them takes up to ${formatCount(passes)} runs ` +
      'of this model; choose them first if they are to be compared.',
  };
}
