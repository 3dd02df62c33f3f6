import { releasedPlan } from '../../src-shared/domain/project/precision';
import { chooseFromGroups } from './choose-images';
import {
  inFp16,
  layerRuns,
  NO_WORK,
  sumOfWork,
  WHOLE_RUNS,
  wholeRuns,
  type ChangedPart,
  type ExpectedWork,
} from './expected-work';
import { choiceErrorOf, groupNames, type Trial, type Trials } from './trials';

/** The largest number of layers that are chosen together by measured gains. */
export const MEASURED_STEPS = 6;
/** The number of best layers that compete for each further release, and for each swap. */
const CANDIDATES = 8;
const SWAP_CANDIDATES = 3;
/** The number of layers that are ranked on all images; the others are ranked on few. */
const SHORT_LIST = 2 * CANDIDATES;
/** The number of images on which every layer is ranked first; at least this many of each group. */
const FEW_IMAGES = 8;
const FEW_A_GROUP = 4;

/** A set of released layers. */
type Released = readonly string[];

export interface ReleaseProblem {
  /** The model with all layers in INT8. */
  readonly base: Trial;
  /** Layers that can be released, with the latency cost of each in microseconds (above 0). */
  readonly layers: readonly { readonly layer: string; readonly costUs: number }[];
  /** Indices of the images that choose. */
  readonly images: readonly number[];
  /** Largest number of layers to release; null: all. */
  readonly maxLayers: number | null;
  /** Up to how many layers are chosen together; MEASURED_STEPS if absent. */
  readonly steps?: number;
}

export interface ReleaseOrder {
  /** The error with all layers in INT8. */
  readonly error: number;
  /** Layers by the gain of their release alone, the largest gain for its cost first. */
  readonly ranking: readonly { readonly layer: string; readonly gain: number }[];
  /**
   * The set to release for every number of layers from 0 to the largest one. Small sets were chosen together and need
   * not contain each other; larger ones follow the ranking.
   */
  readonly sets: readonly Released[];
}

/** The largest number of runs of the model that the ranking takes. @param images number of images that choose */
export function releasePasses(
  layers: number,
  maxLayers: number | null,
  images: number,
  measured = MEASURED_STEPS,
): number {
  const steps = Math.min(measured, layers, maxLayers ?? layers);
  const few = Math.min(images, 2 * FEW_IMAGES);
  const swaps = (steps * (steps - 1) * SWAP_CANDIDATES) / 2;
  return few * (layers + 1) + images * (1 + Math.min(layers, SHORT_LIST) + steps * CANDIDATES + swaps);
}

/** The number of images that releasePasses stands for with one image: how many models are compared on all of them. */
export function releaseTrials(layers: number, maxLayers: number | null): number {
  return releasePasses(layers, maxLayers, 1);
}

/** What the ranking is expected to compute, in the steps of releaseOrder. */
function releaseSteps(
  { layers, maxLayers, steps = MEASURED_STEPS }: Omit<ReleaseProblem, 'base' | 'images'>,
  { images, few, part }: { readonly images: number; readonly few: number; readonly part: ChangedPart },
): ExpectedWork[] {
  const names = layers.map(({ layer }) => layer);
  const each = names.reduce((sum, layer) => sum + part.ofLayers([layer]), 0) / Math.max(1, names.length);
  const some = (models: number): ExpectedWork =>
    inFp16({ ...NO_WORK, passes: models * images * each, trials: models, opens: models });
  const most = Math.min(steps, names.length, maxLayers ?? names.length);
  return [
    sumOfWork(wholeRuns(1, few), inFp16(layerRuns(names, few, part))),
    few === images ? some(0) : sumOfWork(wholeRuns(1, images), some(Math.min(names.length, SHORT_LIST))),
    ...Array.from({ length: most }, (_, size) => {
      const others = names.length - size;
      // About half of the sets of the swaps have been tried before.
      return some(Math.min(CANDIDATES, others) + (size * Math.min(SWAP_CANDIDATES, others - 1)) / 2);
    }),
  ];
}

/** What the ranking is expected to compute. @param images number of images that choose */
export function releaseWork(
  problem: Omit<ReleaseProblem, 'base' | 'images'>,
  images: number,
  part: ChangedPart,
): ExpectedWork {
  return sumOfWork(...releaseSteps(problem, { images, few: Math.min(images, FEW_IMAGES), part }));
}

/** The model with these layers in FP16. */
export function releasedTrial(base: Trial, released: Released): Trial {
  return { ...base, plan: releasedPlan(base.plan, released) };
}

export interface ReleaseSteps {
  readonly part?: ChangedPart;
  /** Called after each step with what the others are expected to compute. */
  readonly onStep?: (left: ExpectedWork) => void;
}

/**
 * Chooses which layers to release, for every number of them, by the output error of the worst group on a few images.
 *
 * Every layer's release is measured on few images, and the best ones again on all of them. Gains do not add up: if two
 * layers suffer from the same tensor, releasing one of them does not help. Sets of up to six layers are therefore grown
 * one layer at a time by measured gains, and each layer of a set may be swapped for another one that does better.
 */
export async function releaseOrder(
  trials: Trials,
  problem: ReleaseProblem,
  { part = WHOLE_RUNS, onStep }: ReleaseSteps = {},
): Promise<ReleaseOrder> {
  const { layers } = problem;
  const most = Math.min(layers.length, problem.maxLayers ?? layers.length);
  const few = fewImages(trials, problem.images).length;
  const steps = releaseSteps(problem, { images: problem.images.length, few, part });
  const ends = (count: number): void => onStep?.(sumOfWork(...steps.slice(count)));
  const ranking = await rankLayers(trials, problem, ends);
  const order = ranking.map(({ layer }) => layer);
  const sets: Released[] = [[]];
  let grown: Released = [];
  while (grown.length < Math.min(problem.steps ?? MEASURED_STEPS, most)) {
    const next = await grow(trials, problem, order, grown);
    if (next === null) break;
    grown = await swap(trials, problem, order, next);
    sets.push(grown);
    ends(2 + grown.length);
  }
  const rest = order.filter((layer) => !grown.includes(layer));
  for (let size = grown.length + 1; size <= most; size += 1)
    sets.push([...grown, ...rest.slice(0, size - grown.length)]);
  const [error = 0] = await errorsOf(trials, problem, [[]]);
  return { error, ranking, sets };
}

/**
 * The set without the layer whose return to INT8 harms least on the images that choose; null for an empty set.
 */
export async function withoutLeastUseful(
  trials: Trials,
  { base, images }: Pick<ReleaseProblem, 'base' | 'images'>,
  released: Released,
): Promise<Released | null> {
  if (released.length === 0) return null;
  const sets = released.map((layer) => released.filter((other) => other !== layer));
  const errors = await errorsOf(trials, { base, images }, sets);
  return sets[errors.indexOf(Math.min(...errors))] ?? null;
}

/** Orders layers by the decrease of the error for each microsecond if only this layer is released. */
async function rankLayers(
  trials: Trials,
  problem: ReleaseProblem,
  ends: (steps: number) => void,
): Promise<{ layer: string; gain: number }[]> {
  const names = problem.layers.map(({ layer }) => layer);
  const few = fewImages(trials, problem.images);
  const first = await gainsOf(trials, problem, names, few);
  ends(1);
  const byGain = byGainPerCost(problem, first);
  if (few.length === problem.images.length) return byGain;
  const short = byGain.slice(0, SHORT_LIST).map(({ layer }) => layer);
  const again = byGainPerCost(problem, await gainsOf(trials, problem, short, problem.images));
  ends(2);
  return [...again, ...byGain.slice(SHORT_LIST)];
}

/** Images for the first ranking, evenly from all groups. */
function fewImages(trials: Trials, at: readonly number[]): readonly number[] {
  const list = at.map((index) => ({ index, group: trials.images[index]?.group ?? null }));
  const groups = Math.max(1, groupNames(list).length);
  return chooseFromGroups(list, Math.max(FEW_A_GROUP, Math.ceil(FEW_IMAGES / groups))).map(({ index }) => index);
}

/** The models and images with which all layers are ranked first. They do not depend on the results of others. */
export function firstRanking(
  trials: Trials,
  { base, layers, images }: Pick<ReleaseProblem, 'base' | 'layers' | 'images'>,
): { readonly list: readonly Trial[]; readonly at: readonly number[] } {
  const names = layers.map(({ layer }) => layer);
  return { list: singleReleases(base, names), at: fewImages(trials, images) };
}

/** All layers in INT8, then one model per layer that is released. */
function singleReleases(base: Trial, layers: Released): Trial[] {
  return [[], ...layers.map((layer) => [layer])].map((released) => releasedTrial(base, released));
}

type Gains = readonly { readonly layer: string; readonly gain: number }[];

async function gainsOf(
  trials: Trials,
  { base }: ReleaseProblem,
  layers: Released,
  at: readonly number[],
): Promise<Gains> {
  const list = singleReleases(base, layers);
  const [before = 0, ...errors] = (await trials.run(list, at)).map((own) => choiceErrorOf(trials, at, own));
  return layers.map((layer, i) => ({ layer, gain: before - (errors[i] ?? before) }));
}

function byGainPerCost({ layers }: ReleaseProblem, gains: Gains): { layer: string; gain: number }[] {
  const costs = new Map(layers.map(({ layer, costUs }) => [layer, costUs]));
  return [...gains].sort((a, b) => b.gain / (costs.get(b.layer) ?? 1) - a.gain / (costs.get(a.layer) ?? 1));
}

/** The set with the layer whose additional release gains most for its cost; null if there is no other layer. */
async function grow(
  trials: Trials,
  problem: ReleaseProblem,
  order: Released,
  released: Released,
): Promise<Released | null> {
  const candidates = order.filter((layer) => !released.includes(layer)).slice(0, CANDIDATES);
  const [before, ...errors] = await errorsOf(trials, problem, [
    released,
    ...candidates.map((layer) => [...released, layer]),
  ]);
  const gains = candidates.map((layer, i) => ({
    layer,
    gain: (before ?? 0) - (errors[i] ?? Number.POSITIVE_INFINITY),
  }));
  const [best] = byGainPerCost(problem, gains);
  return best === undefined ? null : [...released, best.layer];
}

/** Exchanges each layer of a set, the first ones last, for another one if that is better for its cost. */
async function swap(trials: Trials, problem: ReleaseProblem, order: Released, released: Released): Promise<Released> {
  if (released.length < 2) return released;
  const costs = new Map(problem.layers.map(({ layer, costUs }) => [layer, costUs]));
  const costOf = (set: Released): number => set.reduce((sum, layer) => sum + (costs.get(layer) ?? 1), 0);
  let own = released;
  // The layer that was added last has just been chosen.
  for (const layer of released.slice(0, -1).toReversed()) {
    const others = order.filter((other) => !own.includes(other)).slice(0, SWAP_CANDIDATES);
    const sets = others.map((other) => own.map((each) => (each === layer ? other : each)));
    const [before = 0, ...errors] = await errorsOf(trials, problem, [own, ...sets]);
    const best = errors.indexOf(Math.min(...errors));
    const found = sets[best];
    if (found && (errors[best] ?? before) < before && costOf(found) <= costOf(own)) own = found;
  }
  return own;
}

async function errorsOf(
  trials: Trials,
  { base, images }: Pick<ReleaseProblem, 'base' | 'images'>,
  sets: readonly Released[],
): Promise<number[]> {
  const list = sets.map((set) => releasedTrial(base, set));
  return (await trials.run(list, images)).map((own) => choiceErrorOf(trials, images, own));
}
