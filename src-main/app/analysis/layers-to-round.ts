import type { Target } from '../../../src-shared/domain/project/precision';
import { chooseImages } from '../../analysis/choose-images';
import { choiceError, type Trial } from '../../analysis/trials';
import { canRound } from '../../quantization/learning/learnable-part';
import { weightOf } from '../../quantization/rules/compute-layers';
import { graphFacts } from '../../quantization/rules/graph-facts';
import type { JobContext } from '../job-context';
import { analysisSetup, type AnalysisSetup, type UsedImages } from './analysis-setup';
import { releaseRanking } from './release-ranking';

/**
 * Weights are rounded by learning in at most this many layers, whose release alone wins this share of the error back.
 */
const MOST_ROUNDED = 4;
const ROUNDED_SHARE = 0.05;
const RANKING_IMAGES = 8;

/**
 * The layers whose weights are worth rounding by learning: those that hold most of the error. Rounding takes back at most
 * what the weights alone cause, so that layers are ranked, which takes a trial each, only if that is worth it.
 */
export async function layersToRound(
  trial: Trial,
  target: Target,
  images: UsedImages,
  job: JobContext,
): Promise<readonly string[]> {
  const setup = await analysisSetup({ target }, job);
  const layers = roundableLayers(setup);
  if (layers.length === 0 || (await weightsShare(trial, setup, images, job)) < ROUNDED_SHARE) return [];
  const found = await releaseRanking(trial, setup, { images, count: RANKING_IMAGES, layers }, job);
  if (found === null) return [];
  return found.ranking
    .filter(({ gain }) => gain >= ROUNDED_SHARE * found.error)
    .toSorted((a, b) => b.gain - a.gain)
    .slice(0, MOST_ROUNDED)
    .map(({ layer }) => layer);
}

function roundableLayers({ model, layers }: AnalysisSetup): string[] {
  const facts = graphFacts(model);
  const nodes = new Map(facts.nodes.map((node) => [node.name, node]));
  return layers.flatMap(({ layer }) => {
    const node = nodes.get(layer);
    const weight = node && weightOf(facts, node);
    const dims = weight && facts.initializer(weight.initializer)?.dims;
    return dims && canRound(node.opType, dims) ? [layer] : [];
  });
}

/** The error with quantized weights alone, as a part of that of the quantized model. */
async function weightsShare(
  trial: Trial,
  setup: AnalysisSetup,
  { set, entries }: UsedImages,
  job: JobContext,
): Promise<number> {
  const { plan, thresholds } = trial;
  const { qualities } = await job.services.compute.request(
    'evaluateCandidates',
    {
      phase: 'ranking layers',
      // Biases that were corrected or learned make up for quantized inputs.
      list: [trial, { plan, thresholds, only: 'weights' }],
      trials: await setup.trials([{ set, entries: chooseImages(entries, RANKING_IMAGES) }]),
    },
    job,
  );
  const [whole = 0, ofWeights = 0] = qualities.map(choiceError);
  return whole > 0 ? ofWeights / whole : 0;
}
