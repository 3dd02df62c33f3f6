import { ownValue } from '../../../src-shared/base/records';
import { choiceError } from '../../../src-shared/domain/analysis/analysis';
import type { Target } from '../../../src-shared/domain/project/precision';
import { chooseImages } from '../../analysis/choose-images';
import { type Trial } from '../../analysis/trials';
import { canRound } from '../../quantization/learning/learnable-part';
import { weightOf } from '../../quantization/rules/compute-layers';
import { graphFacts } from '../../quantization/rules/graph-facts';
import type { JobContext } from '../job-context';
import { analysisSetup, type AnalysisSetup, type UsedImages } from './analysis-setup';
import { releaseRanking } from './release-ranking';

/**
 * Weights are rounded by learning in at most this many layers, whose weights alone cause this share of the error. Of
 * the layers whose weights lose most in INT8, so many are measured.
 */
const MOST_ROUNDED = 4;
const ROUNDED_SHARE = 0.05;
const MEASURED_LAYERS = 12;
const RANKING_IMAGES = 8;

/**
 * The layers whose weights are worth rounding by learning. Rounding takes back at most what the weights cause, so that
 * layers are measured by the error with quantized weights alone, and only if that is a part of the whole error that is
 * worth it.
 */
export async function layersToRound(
  trial: Trial,
  target: Target,
  images: UsedImages,
  job: JobContext,
): Promise<readonly string[]> {
  const setup = await analysisSetup({ target }, job);
  const layers = await noisiestLayers(trial, setup, job);
  if (layers.length === 0) return [];
  const { plan, thresholds } = trial;
  // Biases that were corrected or learned make up for quantized inputs.
  const ofWeights: Trial = { plan, thresholds, only: 'weights' };
  const [whole = 0, weights = 0] = await errorsOf([trial, ofWeights], setup, images, job);
  const worth = ROUNDED_SHARE * whole;
  if (whole === 0 || weights < worth) return [];
  const found = await releaseRanking(ofWeights, setup, { images, count: RANKING_IMAGES, layers }, job);
  return (found?.ranking ?? [])
    .filter(({ gain }) => gain >= worth)
    .toSorted((a, b) => b.gain - a.gain)
    .slice(0, MOST_ROUNDED)
    .map(({ layer }) => layer);
}

/** The INT8 layers that can be rounded whose weights have the largest error in relation to their size. */
async function noisiestLayers(
  { plan }: Trial,
  { model, layers }: AnalysisSetup,
  { services, workspace }: JobContext,
): Promise<string[]> {
  const facts = graphFacts(model);
  const nodes = new Map(facts.nodes.map((node) => [node.name, node]));
  const roundable = new Set(
    layers.flatMap(({ layer }) => {
      const node = nodes.get(layer);
      const weight = node && weightOf(facts, node);
      const dims = weight && facts.initializer(weight.initializer)?.dims;
      const isReleased = (ownValue(plan.layers, layer) ?? 'int8') !== 'int8';
      return dims && !isReleased && canRound(node.opType, dims) ? [layer] : [];
    }),
  );
  if (roundable.size === 0) return [];
  const weights = await services.compute.request('layer-weights', { preparedDir: workspace.preparedDir }, {});
  return weights
    .flatMap(({ layer, totalSqnrDb: { minmax } }) =>
      roundable.has(layer) && minmax !== null ? [{ layer, sqnrDb: minmax }] : [],
    )
    .toSorted((a, b) => a.sqnrDb - b.sqnrDb)
    .slice(0, MEASURED_LAYERS)
    .map(({ layer }) => layer);
}

async function errorsOf(
  list: readonly Trial[],
  setup: AnalysisSetup,
  { set, entries }: UsedImages,
  job: JobContext,
): Promise<number[]> {
  const trials = await setup.trials([{ set, entries: chooseImages(entries, RANKING_IMAGES) }]);
  const { qualities } = await job.services.compute.request(
    'evaluateCandidates',
    { phase: 'ranking layers', list, trials },
    job,
  );
  return qualities.map(choiceError);
}
