import { formatAccuracy, formatCountOf, formatSignificant } from '../../../src-shared/base/units';
import type { SearchSpec } from '../../../src-shared/contract/job-specs';
import type {
  ReferenceLatency,
  SearchLimits,
  SearchPlan,
  SearchResult,
} from '../../../src-shared/domain/analysis/analysis';
import {
  modelledMs,
  modelledVariantMs,
  releaseCostUs,
  type LayerWork,
} from '../../../src-shared/domain/runs/latency-model';
import { HISTOGRAM_METHODS, type VariantMethod } from '../../../src-shared/domain/project/methods';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import { chooseImages } from '../../analysis/choose-images';
import { formatSpeed, slowerThan } from '../../../src-shared/domain/runs/speed';
import { markDominated, markPareto, undominated } from '../../analysis/pareto';
import type { SearchOutcome, ThresholdChoice } from '../../analysis/search';
import { worstNmse } from '../../analysis/trials';
import { loadImageSet } from '../../calibration/images/image-set';
import { thresholdsInUse } from '../../calibration/histograms/threshold-table';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { graphFacts } from '../../quantization/rules/graph-facts';
import { layerWork } from '../../quantization/rules/layer-work';
import { saveAnalysis } from '../analysis/analysis-store';
import { loadSet, type Workspace } from '../projects/workspace';
import { analysisSetup, type AnalysisSetup, type UsedImages } from '../analysis/analysis-setup';
import { canMeasure, measurePlans } from '../analysis/measure-plans';
import type { JobContext } from '../job-context';
import { ensureAuto } from '../analysis/auto-thresholds';
import { ensureBestFor } from '../analysis/needed-decisions';
import { variantOptions } from '../variants/options';

/** Limits when neither the job nor the project's gates name any, percentage points. */
const DEFAULT_LIMITS = { maxDrop: 0.5, maxWorstGroupDrop: 1 } as const;
/** Output error that a sound INT8 model has on groups that its calibration knows: see docs/analysis.md. */
const DEFAULT_MAX_NMSE = 0.02;
/** Calibration images that layers are ranked on. */
export const RANK_IMAGES = 128;

/** The plan with the fewest FP16 layers that meets the limits, and what else was tried on the way. */
export async function searchJob(asked: SearchSpec, job: JobContext): Promise<SearchResult> {
  const { workspace, services } = job;
  const startedAt = performance.now();
  // What is ranked and judged must be placed as what is measured: the backend has a say in the target.
  const spec: SearchSpec = { ...asked, target: variantOptions(asked, workspace, []).target };
  const { file } = workspace;
  // Layers are ranked on what will be judged: the field's images where there are some, else the calibration set's.
  const against = spec.againstPath === undefined ? null : await loadImageSet({ path: spec.againstPath });
  const autoPasses = spec.method === undefined || spec.method === 'auto' ? (await ensureAuto(spec, job)).passes : 0;
  await ensureBestFor(
    {
      variants: [spec.method === undefined ? 'mixed' : `mixed-${spec.method}`],
      target: spec.target ?? file.target,
      threads: spec.threads,
    },
    job,
  );
  const setup = await analysisSetup(spec, job);
  const { rank, judge, judgedOn } = await imagesOf(spec, workspace, against);
  const works = workOf(setup);
  const limits: SearchLimits = {
    maxDrop: spec.maxDrop ?? file.gates.maxTop1Drop ?? DEFAULT_LIMITS.maxDrop,
    maxWorstGroupDrop: spec.maxWorstGroupDrop ?? file.gates.maxWorstGroupDrop ?? DEFAULT_LIMITS.maxWorstGroupDrop,
    maxLayers: spec.maxLayers ?? null,
    maxNmse: spec.maxNmse ?? DEFAULT_MAX_NMSE,
  };
  const outcome = await services.compute.request(
    'search',
    {
      plan: setup.plan,
      alternatives: alternatives(spec, setup.calibration, workspace),
      layers: works.map(({ layer, work }) => ({ layer, costUs: releaseCostUs(work) })),
      limits,
      labelled: judgedOn === 'validation' && judge.set.labelSource !== 'none',
      trials: await setup.trials(rank === judge ? [judge] : [rank, judge]),
      rankCount: rank.entries.length,
    },
    job,
  );
  const modelled = markPareto(
    outcome.plans.map((plan): SearchPlan => {
      const { quality } = plan;
      return {
        ...plan,
        ...(quality.top1 === null ? {} : { top1: quality.top1 }),
        ...(quality.worstGroup === null ? {} : { worstGroupTop1: quality.worstGroup.top1 }),
        latencyMs: modelledMs(works, new Set(plan.fp16Layers)),
        latencyKind: 'modelled',
        isPareto: false,
      };
    }),
  );
  const measured = canMeasure(spec.backend, setup.target)
    ? await measurePlans({ plans: modelled, chosen: outcome.chosen, method: outcome.method, spec }, job)
    : null;
  const references =
    measured?.references ??
    (['fp32', 'fp16'] as const).map((variant): ReferenceLatency => ({
      variant,
      latencyMs: modelledVariantMs(works, variant),
      latencyKind: 'modelled',
    }));
  const plans = markDominated(measured ? withMeasured(measured.plans) : modelled, { references });
  const chosen = undominated(plans, outcome.chosen);
  const result: SearchResult = {
    target: setup.target,
    method: outcome.method,
    judgedOn,
    images: outcome.images,
    fp32: outcome.fp32,
    limits,
    ranking: outcome.ranking,
    plans,
    references,
    chosen,
    summary: summarize(outcome, plans, { chosen, judgedOn, references }),
    passes: outcome.passes + autoPasses,
    seconds: (performance.now() - startedAt) / 1000,
    createdAt: new Date().toISOString(),
  };
  await saveAnalysis(workspace, 'search', 'search', result);
  return result;
}

/** Measured and modelled milliseconds do not compare: where some plans were measured, the front is theirs. */
function withMeasured(plans: readonly SearchPlan[]): SearchPlan[] {
  const front = new Set(
    markPareto(plans.filter(({ latencyKind }) => latencyKind === 'measured')).flatMap((plan) =>
      plan.isPareto ? [plan.fp16Layers] : [],
    ),
  );
  return plans.map((plan) => ({ ...plan, isPareto: front.has(plan.fp16Layers) }));
}

interface SearchImages {
  readonly rank: UsedImages;
  readonly judge: UsedImages;
  readonly judgedOn: SearchResult['judgedOn'];
}

async function imagesOf(spec: SearchSpec, workspace: Workspace, against: ImageSet | null): Promise<SearchImages> {
  if (against) {
    // What stands for a label in a folder's name is none of the model's classes.
    const entries = against.entries.map((entry) => ({ ...entry, label: null }));
    const field = { set: against, entries: spec.limit === undefined ? entries : chooseImages(entries, spec.limit) };
    return { rank: field, judge: field, judgedOn: 'against' };
  }
  const calibration = await loadSet(workspace, 'calibration', undefined);
  const rank = { set: calibration, entries: chooseImages(calibration.entries, RANK_IMAGES) };
  if (!workspace.file.validationSet) return { rank, judge: rank, judgedOn: 'calibration' };
  const validation = await loadSet(workspace, 'validation', spec.limit);
  return { rank, judge: { set: validation, entries: validation.entries }, judgedOn: 'validation' };
}

/** Whose thresholds a search considers; null: those in use, which come first. */
export function consideredMethods({ method, againstPath }: SearchSpec): readonly (VariantMethod | null)[] {
  if (method !== undefined) return [method];
  // Auto is the best there is for images like the calibration set's; for others any method may be better.
  return againstPath === undefined ? [null, 'auto'] : [null, 'auto', ...HISTOGRAM_METHODS];
}

function alternatives(spec: SearchSpec, calibration: StoredCalibration, { file }: Workspace): ThresholdChoice[] {
  return consideredMethods(spec).map((method) => ({
    method,
    thresholds: thresholdsInUse(calibration, { ...file, target: spec.target ?? file.target }, method ?? undefined),
  }));
}

function workOf({ model, layers, calibration }: AnalysisSetup): { readonly layer: string; readonly work: LayerWork }[] {
  const facts = graphFacts(model);
  const nodes = new Map(facts.nodes.map((node) => [node.name, node]));
  const { images, tensors } = calibration.index;
  const values = new Map(tensors.map(({ name, elements }) => [name, elements / Math.max(1, images)]));
  return layers.flatMap(({ layer }) => {
    const node = nodes.get(layer);
    return node ? [{ layer, work: layerWork(facts, node, (tensor) => values.get(tensor)) }] : [];
  });
}

function summarize(
  { method, images }: SearchOutcome & { readonly images: number },
  plans: readonly SearchPlan[],
  { chosen, judgedOn, references }: Pick<SearchResult, 'chosen' | 'judgedOn' | 'references'>,
): string {
  // Top-1 of images that thresholds were chosen on is no accuracy.
  const where = judgedOn === 'calibration' ? ` on ${formatCountOf(images, 'calibration image')}` : '';
  const thresholds = method === null ? 'the thresholds in use' : `the thresholds of ${method}`;
  const plan = chosen === null ? undefined : plans[chosen];
  if (plan) {
    const released =
      plan.fp16Layers.length === 0
        ? 'No layer has to leave INT8'
        : `${formatCountOf(plan.fp16Layers.length, 'layer')} in FP16`;
    return `${released} with ${thresholds}: ${answersOf(plan)}${where}.${slownessOf(plan, references)}`;
  }
  const best = plans.reduce<SearchPlan | null>(
    (found, own) => (found !== null && worstNmse(found.quality) <= worstNmse(own.quality) ? found : own),
    null,
  );
  if (!best) return 'Nothing was tried.';
  return `No plan meets the limits with ${thresholds}; the nearest has ${formatCountOf(best.fp16Layers.length, 'layer')} in FP16: ${answersOf(best)}${where}.`;
}

/** Where FP32 or FP16 is faster, and what that means. */
function slownessOf(plan: SearchPlan, references: readonly ReferenceLatency[]): string {
  const slower = slowerThan(plan, references);
  if (slower.length === 0) return '';
  const said = slower.map(({ variant, speed }) => `${formatSpeed(speed)} than ${variant.toUpperCase()}`).join(' and ');
  const kind = plan.latencyKind === 'modelled' ? ' by the model of the layers' : '';
  return ` It is ${said}${kind}: ${plan.dominatedBy === 'fp32' ? 'ship FP32' : 'compare before you ship it'}.`;
}

function answersOf({ quality }: SearchPlan): string {
  const parts = [
    ...(quality.top1 === null ? [] : [`top-1 ${formatAccuracy(quality.top1)}`]),
    ...(quality.worstGroup === null ? [] : [`${quality.worstGroup.name} ${formatAccuracy(quality.worstGroup.top1)}`]),
    ...(quality.top1 !== null || quality.agreement === null
      ? []
      : [`${formatAccuracy(quality.agreement)} answered as by FP32`]),
    `output error ${formatSignificant(worstNmse(quality))}`,
  ];
  return parts.join(', ');
}
