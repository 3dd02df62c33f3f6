import { WorkbenchError } from '../../../src-shared/base/errors';
import type { SensitivityLayer, SensitivityMetric, TrialQuality } from '../../../src-shared/domain/analysis/analysis';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { Task } from '../../../src-shared/domain/tasks/task';
import {
  LAYERS_AT_ONCE,
  operandTrials,
  rankableDb,
  scoreOf,
  sensitivityTrial,
  sensitivityWork,
  sorted,
  type SensitivityProblem,
} from '../../analysis/sensitivity';
import {
  hasOutputs,
  outputError,
  qualitiesOf,
  qualityOf,
  referenceQuality,
  type OnAnswers,
} from '../../analysis/trials';
import type { SensitivityComputed, SensitivityParams } from '../pool/protocol';
import { withTrials, type TrialPool } from '../trials/trial-pool';
import { partialSensitivity } from './partial-results';

/** Measures which layers matter; see SensitivityKind. */
export async function sensitivity(
  { trials: params, ...problem }: SensitivityParams,
  context: TaskContext,
): Promise<SensitivityComputed> {
  return withTrials(params, context, async (trials) => {
    const all = trials.part(0, params.entries.length);
    const reference = await referenceQuality(trials, all);
    checkMetric(problem.metric, trials.task, reference);
    trials.expect('measuring layers', sensitivityWork(problem, all.length, trials.changed));
    const measure = problem.kind === 'visible' ? visibleErrors : changedModels;
    const found = await measure(trials, problem, { all, reference });
    return {
      images: all.length,
      skipped: trials.skipped,
      baseline: found.baseline,
      layers: sorted(found.layers),
      passes: trials.passes,
      work: trials.work,
    };
  });
}

type Measured = Pick<SensitivityComputed, 'baseline' | 'layers'>;

interface Images {
  readonly all: readonly number[];
  readonly reference: TrialQuality;
}

/** Compares the outputs of all layers in one model. */
async function visibleErrors(
  trials: TrialPool,
  { metric, layers, base }: SensitivityProblem,
  { all, reference }: Images,
): Promise<Measured> {
  const [baseline = reference] = await qualitiesOf(trials, [base], all);
  const report = partialSensitivity('visible', layers.length);
  const found: SensitivityLayer[] = [];
  for (let i = 0; i < layers.length; i += LAYERS_AT_ONCE) {
    const part = layers.slice(i, i + LAYERS_AT_ONCE);
    const outputs = part.map(({ output }) => output);
    const errors = await trials.layers(base, outputs, all);
    for (const { layer, op, output } of part) {
      const error = errors.get(output);
      if (!error) continue;
      const sqnrDb = error.noise > 0 ? 10 * Math.log10(error.signal / error.noise) : null;
      found.push({ layer, op, metric, quality: null, sqnrDb, score: -rankableDb(sqnrDb) });
    }
    trials.found(report(found));
  }
  return { baseline, layers: found };
}

/** Compares one model per layer, and two more for its operands if their shares are asked for. */
async function changedModels(
  trials: TrialPool,
  problem: SensitivityProblem,
  { all, reference }: Images,
): Promise<Measured> {
  const { kind, metric, layers, base } = problem;
  const list = [base, ...layers.map(({ layer }) => sensitivityTrial(problem, layer))];
  const [quantized = [], ...answers] = await trials.run(list, all, partialReports(trials, problem, all));
  const weighted = kind === 'cause' ? layers.filter(({ hasWeights }) => hasWeights) : [];
  const operandList = weighted.flatMap(({ layer }) => operandTrials(problem, layer));
  const parts = await qualitiesOf(trials, operandList, all);
  const baseline = kind === 'release' ? await qualityOf(trials, all, quantized) : reference;
  // Without an output error, layers are ranked by what the answers of the task lose.
  const used = metric === 'sqnr' && !hasOutputs(trials) ? 'agreement' : metric;
  if (used !== metric) checkMetric(used, trials.task, reference);
  const found: SensitivityLayer[] = [];
  for (const [i, { layer, op }] of layers.entries()) {
    const quality = await qualityOf(trials, all, answers[i] ?? []);
    const score = scoreOf(kind, used, quality, baseline);
    const at = 2 * weighted.findIndex((each) => each.layer === layer);
    const [weights, input] = at < 0 ? [] : [parts[at], parts[at + 1]];
    const operands = weights && input && { weights: weights.sqnrDb, input: input.sqnrDb };
    const own = { layer, op, metric: used, quality, sqnrDb: quality.sqnrDb, score };
    found.push({ ...own, ...(operands ? { operands } : {}) });
  }
  return { baseline, layers: found };
}

/** Reports each layer when its model has run on all images, if layers are ranked by the output error. */
function partialReports(
  trials: TrialPool,
  { kind, metric, layers }: SensitivityProblem,
  all: readonly number[],
): OnAnswers {
  const report = partialSensitivity(kind, layers.length);
  const found: SensitivityLayer[] = [];
  const left = new Set(layers);
  let baseDb: number | null = null;
  return (index, answers) => {
    const layer = layers[index - 1];
    if (layer) left.delete(layer);
    const work = sensitivityWork({ kind, layers: [...left] }, all.length, trials.changed);
    if (metric !== 'sqnr' || !hasOutputs(trials)) return trials.found(undefined, work);
    const nmse = outputError(trials, all, answers);
    const sqnrDb = nmse > 0 ? -10 * Math.log10(nmse) : null;
    if (layer === undefined) baseDb = rankableDb(sqnrDb);
    if (layer === undefined || (kind === 'release' && baseDb === null)) return;
    const score = kind === 'release' ? rankableDb(sqnrDb) - (baseDb ?? 0) : -rankableDb(sqnrDb);
    found.push({ layer: layer.layer, op: layer.op, metric, quality: null, sqnrDb, score });
    trials.found(report(found), work);
  };
}

/** @throws WorkbenchError usage when the task or the images have no such metric */
function checkMetric(metric: SensitivityMetric, task: Task | null, reference: TrialQuality): void {
  if (metric === 'sqnr') return;
  const isKnown =
    metric === 'agreement'
      ? reference.agreement !== null
      : reference.measure !== undefined && (metric !== 'top1' || reference.top1 !== null);
  if (isKnown) return;
  if (task === null && reference.agreement === null) {
    throw new WorkbenchError(
      'usage',
      `Metric ${metric} needs an output of shape [batch, classes], which the model does not have, or a task of the ` +
        'project that says what its outputs are',
      { hint: 'Decide the task of the project, or use the metric sqnr.' },
    );
  }
  if (metric === 'top1' && reference.measure !== undefined) {
    throw new WorkbenchError(
      'usage',
      `Metric top1 is for classifications; this model is judged by ${reference.measure.name}`,
      {
        hint: 'Use the metric measure.',
      },
    );
  }
  throw new WorkbenchError('usage', `Metric ${metric} needs labels, which the images do not have`, {
    hint: 'Use the metric sqnr or agreement.',
  });
}
