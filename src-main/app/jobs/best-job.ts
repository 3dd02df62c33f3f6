import { WorkbenchError, type ErrorCode } from '../../../src-shared/base/errors';
import { formatCountOf } from '../../../src-shared/base/units';
import type { BestSpec } from '../../../src-shared/contract/job-specs';
import type { BestDecision, OutputCost } from '../../../src-shared/domain/analysis/best-method';
import { imageId, type ImageEntry, type ImageSet } from '../../../src-shared/domain/project/image-set';
import {
  HISTOGRAM_METHODS,
  isHistogramMethod,
  UNDECIDED_METHOD,
  type HistogramMethod,
} from '../../../src-shared/domain/project/methods';
import type { Target } from '../../../src-shared/domain/project/precision';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { budgetSeconds, rankSingles, wantedPerGroup } from '../../analysis/best-method';
import { chooseFromGroups } from '../../analysis/choose-images';
import {
  addBestDecision,
  findBest,
  findMeasured,
  thresholdsHash,
  type BestChoices,
} from '../../calibration/histograms/best-decisions';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { thresholdsInUse } from '../../calibration/histograms/threshold-table';
import type { Model } from '../../onnx/graph/model';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import {
  currentCalibration,
  imageInput,
  loadSet,
  openCalibration,
  prepared,
  type Workspace,
} from '../projects/workspace';
import { analysisSetup, type AnalysisSetup } from '../analysis/analysis-setup';
import type { JobContext } from '../job-context';

/** What keeps a model or a set from being measured; it does not keep the project from being used. */
const UNMEASURABLE: readonly ErrorCode[] = [
  'model-unsupported',
  'images-empty',
  'image-invalid',
  'not-found',
  'labels-invalid',
  'usage',
];

export interface BestOptions {
  readonly target?: Target | undefined;
  readonly threads?: number | undefined;
  /** Decide although a decision is there. */
  readonly fresh?: boolean;
}

/** Decides what method best is for the project as it is, also where that is known. */
export async function bestJob(spec: BestSpec, job: JobContext): Promise<BestDecision> {
  return ensureBest({ ...spec, fresh: true }, job);
}

/**
 * The decision for the project's plan and this target, made now unless it is there; and, where the project's own thresholds are
 * not those of a single method, what these cost. What cannot be measured is decided for minmax, with the reason.
 * @throws WorkbenchError calibration-missing, cancelled
 */
export async function ensureBest(options: BestOptions, job: JobContext): Promise<BestDecision> {
  const { workspace, services } = job;
  const calibration = await openCalibration(workspace);
  const target = options.target ?? workspace.file.target;
  const choices: BestChoices & Workspace['file'] = { ...workspace.file, target };
  const known = calibration.bestDecisions();
  const view = findBest(known, choices);
  const decided = view?.isCurrent === true && options.fresh !== true ? view.decision : null;
  const own = ownThresholds(calibration, choices);
  const isMeasured = own === null || findMeasured(known, choices, own) !== undefined;
  if (decided && (isMeasured || decided.singles.length === 0)) return decided;

  const startedAt = performance.now();
  const singles = decided
    ? []
    : HISTOGRAM_METHODS.map((method) => ({ method, thresholds: thresholdsInUse(calibration, choices, method) }));
  const others = own === null || isMeasured ? [] : [own];
  const { index } = calibration;
  const images = await imagesOf(workspace, calibration);
  const groups = new Set(images?.entries.map(({ group }) => group));
  const perGroup = wantedPerGroup(groups.size, bytesPerImage(await prepared(workspace, services.compute, job)));
  const budget = { perGroup, collectionSeconds: index.seconds };
  const { costs, used, wasCut, problem } = await measure(
    {
      thresholds: [...singles.map(({ thresholds }) => thresholds), ...others],
      images,
      budget,
      target,
      threads: options.threads,
    },
    job,
  );
  const dir = workspace.paths.calibrationDir(index.key);
  const cost = others.length === 0 ? undefined : costs[singles.length];
  const measured = cost && own ? { measured: { thresholds: thresholdsHash(own), cost } } : {};
  if (decided) {
    await addBestDecision(dir, choices, measured);
    return decided;
  }
  const ranked = rankSingles(singles.flatMap(({ method }, i) => (costs[i] ? [{ method, ...costs[i] }] : [])));
  const decision: BestDecision = {
    ...chosen(ranked),
    target,
    singles: ranked,
    images: used,
    wantedImages: chooseFromGroups(images?.entries ?? [], perGroup).length,
    groups: index.groups,
    limitedByTime: wasCut,
    seconds: (performance.now() - startedAt) / 1000,
    budgetSeconds: budgetSeconds(index.seconds),
    ...(problem === undefined ? {} : { problem }),
    createdAt: new Date().toISOString(),
  };
  await addBestDecision(dir, choices, { decision, ...measured });
  return decision;
}

/**
 * Decides when one of these variants uses method best and its decision is not of the project as it is now. Nothing is done
 * without a calibration: the step that needs one says so.
 */
export async function ensureBestFor(
  options: { readonly variants: readonly string[]; readonly target: Target; readonly threads?: number | undefined },
  job: JobContext,
): Promise<void> {
  const { workspace } = job;
  if (currentCalibration(workspace) === null || !options.variants.some((variant) => usesBest(variant, workspace)))
    return;
  await ensureBest({ target: options.target, threads: options.threads }, job);
}

/** The same for a variant that is to leave the project; and thresholds chosen by hand are measured, where a decision says against what. */
export async function ensureCosts(
  { variant, target }: { readonly variant: string; readonly target: Target },
  job: JobContext,
): Promise<void> {
  const { workspace } = job;
  const { kind, method } = parseVariant(variant);
  if (currentCalibration(workspace) === null || (kind !== 'int8' && kind !== 'mixed')) return;
  const choices = { ...workspace.file, target };
  const calibration = await openCalibration(workspace);
  const isDecided = findBest(calibration.bestDecisions(), choices)?.isCurrent === true;
  const isByHand = method === null && ownThresholds(calibration, choices) !== null;
  if (usesBest(variant, workspace) || (isByHand && isDecided)) await ensureBest({ target }, job);
}

function usesBest(variant: string, { file }: Workspace): boolean {
  const { kind, method } = parseVariant(variant);
  if (kind !== 'int8' && kind !== 'mixed') return false;
  return (
    method === 'best' ||
    (method === null && (file.method === 'best' || Object.values(file.tensorMethods).includes('best')))
  );
}

function chosen(ranked: BestDecision['singles']): { readonly chosenMethod: HistogramMethod } {
  const [first] = ranked;
  return { chosenMethod: first === undefined || first.nmse === null ? UNDECIDED_METHOD : first.method };
}

/** The project's thresholds where they are not those of one histogram method for all tensors; null where they are. */
export function ownThresholds(calibration: StoredCalibration, file: Workspace['file']): Record<string, number> | null {
  const isSingle = file.method === 'best' || isHistogramMethod(file.method);
  if (isSingle && Object.keys(file.tensorMethods).length === 0) return null;
  try {
    return thresholdsInUse(calibration, file);
  } catch (error) {
    // A tensor lacks its threshold: whoever needs it says so.
    if (error instanceof WorkbenchError && error.code === 'calibration-missing') return null;
    throw error;
  }
}

interface Images {
  readonly set: ImageSet;
  readonly entries: readonly ImageEntry[];
}

/** The images that were collected, in the groups that the histograms have; null where they cannot be read any more. */
async function imagesOf(workspace: Workspace, calibration: StoredCalibration): Promise<Images | null> {
  try {
    const set = await loadSet(workspace, 'calibration', currentCalibration(workspace)?.limit ?? undefined);
    const skipped = new Set(calibration.index.skipped.map(({ file }) => file));
    const isSplit = calibration.index.groups.length > 0;
    const counted = set.entries.filter((entry) => !skipped.has(imageId(entry)));
    return { set, entries: counted.map((entry) => (isSplit ? entry : { ...entry, group: null })) };
  } catch (error) {
    if (error instanceof WorkbenchError && UNMEASURABLE.includes(error.code)) return null;
    throw error;
  }
}

/** Input and outputs of one image in float32; sizes that the model leaves open count as 1. */
function bytesPerImage(model: Model): number {
  const { channels, height, width } = imageInput(model);
  const outputs = model.graph.output.map(({ tensorType }) =>
    (tensorType?.shape ?? [])
      .slice(1)
      .reduce((product, dim) => product * (dim.kind === 'value' ? Math.max(1, dim.value) : 1), 1),
  );
  return 4 * outputs.reduce((sum, size) => sum + size, channels * height * width);
}

interface Measurement {
  readonly thresholds: readonly Readonly<Record<string, number>>[];
  readonly images: Images | null;
  readonly budget: { readonly perGroup: number; readonly collectionSeconds: number };
  readonly target: Target;
  readonly threads: number | undefined;
}

interface Measured {
  readonly costs: readonly OutputCost[];
  readonly used: number;
  /** Fewer images than foreseen, because the machine was slower than that. */
  readonly wasCut: boolean;
  readonly problem?: string;
}

async function measure(
  { thresholds, images, budget, target, threads }: Measurement,
  job: JobContext,
): Promise<Measured> {
  const { workspace, services } = job;
  if (images === null)
    return {
      costs: [],
      used: 0,
      wasCut: false,
      problem: `the calibration images of ${workspace.file.calibrationSet.path} cannot be read`,
    };
  const { plan } = workspace.file;
  try {
    const setup: AnalysisSetup = await analysisSetup({ target, ...(threads === undefined ? {} : { threads }) }, job);
    if (quantizedParts(setup.model, plan, target).tensors.length === 0) return { costs: [], used: 0, wasCut: false };
    const entries = chooseFromGroups(images.entries, budget.perGroup);
    const trials = await setup.trials([{ set: images.set, entries }], { asShipped: true });
    const found = await services.compute.request(
      'best',
      { candidates: thresholds.map((own) => ({ plan, thresholds: own })), trials, ...budget },
      job,
    );
    const allFailed = found.costs.every(({ nmse }) => nmse === null);
    return {
      costs: found.costs,
      used: found.images,
      wasCut: found.wasCut,
      ...(allFailed
        ? {
            problem: `every method makes outputs that are no numbers (NaN or infinite) on ${formatCountOf(found.images, 'image')}`,
          }
        : {}),
    };
  } catch (error) {
    if (error instanceof WorkbenchError && UNMEASURABLE.includes(error.code))
      return { costs: [], used: 0, wasCut: false, problem: error.message };
    throw error;
  }
}
