import type { SearchLimits, SearchResult } from '../../../src-shared/domain/analysis/analysis';
import type { SearchSpec } from '../../../src-shared/contract/job-specs';
import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import { HISTOGRAM_METHODS, type VariantMethod } from '../../../src-shared/domain/project/methods';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { LayerWork } from '../../../src-shared/domain/runs/latency-model';
import { chooseImages } from '../../analysis/choose-images';
import type { ThresholdChoice } from '../../analysis/search';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { learnedInUse, thresholdsInUse } from '../../calibration/histograms/threshold-table';
import { graphFacts } from '../../quantization/rules/graph-facts';
import { layerWork } from '../../quantization/rules/layer-work';
import { loadSet, type Workspace } from '../projects/workspace';
import type { AnalysisSetup, UsedImages } from './analysis-setup';

/** Limits if neither the specification nor the gates of the project set any, in percentage points. */
export const DEFAULT_LIMITS = { maxDrop: 0.5, maxWorstGroupDrop: 1 } as const;
/** Normalized output error below which an INT8 model is considered sound; docs/analysis.md explains the value. */
export const DEFAULT_MAX_NMSE = 0.02;
/** Number of calibration images on which layers are ranked, if the model is small. */
const RANK_IMAGES = 128;
/** The smallest number of images for a ranking; with fewer, chance would decide. */
const MIN_RANK_IMAGES = 24;
/**
 * Multiply-accumulates that the ranking of layers, and the choice of the thresholds of method auto for a search, may
 * take: one or two minutes each on two cores of 2026. They decide how many images are used, instead of the time that
 * passes, so that a busy machine finds the same plans as an idle one.
 */
const RANK_MACS = 2e12;
const AUTO_MACS = 3.5e12;

/** Multiply-accumulates of one run of the model; at least 1. */
export function macsOf(works: readonly { readonly work: LayerWork }[]): number {
  return works.reduce((sum, { work }) => sum + work.macs, 1);
}

/** The number of calibration images on which layers are ranked. @param trials models that the ranking tries */
export function rankImages(trials: number, macs: number): number {
  return Math.max(MIN_RANK_IMAGES, Math.min(RANK_IMAGES, Math.floor(RANK_MACS / (trials * macs))));
}

/** Whether a search chooses the thresholds of method auto if that has not been done. @param passes runs of the model */
export function isAutoAffordable(passes: number, macs: number): boolean {
  return passes * macs <= AUTO_MACS;
}

/** The limits that a plan must meet: those of the specification, else of the project's gates, else the defaults. */
export function searchLimits(spec: SearchSpec, { gates }: Pick<ProjectFile, 'gates'>): SearchLimits {
  return {
    maxDrop: spec.maxDrop ?? gates.maxDrop ?? gates.maxTop1Drop ?? DEFAULT_LIMITS.maxDrop,
    maxWorstGroupDrop: spec.maxWorstGroupDrop ?? gates.maxWorstGroupDrop ?? DEFAULT_LIMITS.maxWorstGroupDrop,
    maxLayers: spec.maxLayers ?? null,
    maxNmse: spec.maxNmse ?? DEFAULT_MAX_NMSE,
  };
}

/** The images of a search. */
export interface SearchImages {
  /** Images on which layers are ranked. */
  readonly rank: UsedImages;
  /** Images on which plans are compared with the limits; the same object as `rank` if there are no others. */
  readonly judge: UsedImages;
  readonly judgedOn: SearchResult['judgedOn'];
}

/**
 * @param against images from the field, which take precedence over the sets of the project.
 * @param rankCount number of calibration images on which layers are ranked.
 */
export async function searchImages(
  spec: SearchSpec,
  workspace: Workspace,
  { against, rankCount }: { readonly against: ImageSet | null; readonly rankCount: number },
): Promise<SearchImages> {
  if (against) {
    // Names of folders in the field are not classes of the model.
    const entries = against.entries.map((entry) => ({ ...entry, label: null }));
    const field = { set: against, entries: spec.limit === undefined ? entries : chooseImages(entries, spec.limit) };
    return { rank: field, judge: field, judgedOn: 'against' };
  }
  const calibration = await loadSet(workspace, 'calibration', undefined);
  const rank = { set: calibration, entries: chooseImages(calibration.entries, rankCount) };
  if (!workspace.file.validationSet) return { rank, judge: rank, judgedOn: 'calibration' };
  const validation = await loadSet(workspace, 'validation', spec.limit);
  return { rank, judge: { set: validation, entries: validation.entries }, judgedOn: 'validation' };
}

/**
 * The methods whose thresholds a search compares; null stands for the thresholds in use, which come first.
 * @param hasAuto whether the thresholds of method auto are known, or chosen before the search
 */
export function consideredMethods(
  { method, againstPath }: SearchSpec,
  hasAuto: boolean,
): readonly (VariantMethod | null)[] {
  if (method !== undefined) return [method];
  const auto = hasAuto ? (['auto'] as const) : [];
  // Method auto was fitted to images like the calibration set's. For other images, any method may be better.
  return againstPath === undefined ? [null, ...auto] : [null, ...auto, ...HISTOGRAM_METHODS];
}

/** The thresholds of every method that the search compares. */
export function thresholdChoices(
  spec: SearchSpec,
  calibration: StoredCalibration,
  { file, hasAuto }: { readonly file: ProjectFile; readonly hasAuto: boolean },
): ThresholdChoice[] {
  return consideredMethods(spec, hasAuto).map((method) => ({
    method,
    thresholds: thresholdsInUse(calibration, { ...file, target: spec.target ?? file.target }, method ?? undefined),
    ...learnedInUse(calibration, file, method ?? undefined),
  }));
}

/** Operations and memory traffic of every layer that can leave INT8, for the latency model. */
export function layerWorks({
  model,
  layers,
  calibration,
}: Pick<AnalysisSetup, 'model' | 'calibration'> & { readonly layers: readonly { readonly layer: string }[] }): {
  readonly layer: string;
  readonly work: LayerWork;
}[] {
  const facts = graphFacts(model);
  const nodes = new Map(facts.nodes.map((node) => [node.name, node]));
  const { images, tensors } = calibration.index;
  const values = new Map(tensors.map(({ name, elements }) => [name, elements / Math.max(1, images)]));
  return layers.flatMap(({ layer }) => {
    const node = nodes.get(layer);
    return node ? [{ layer, work: layerWork(facts, node, (tensor) => values.get(tensor)) }] : [];
  });
}
