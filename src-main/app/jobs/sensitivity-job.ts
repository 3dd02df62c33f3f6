import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { SensitivitySpec } from '../../../src-shared/contract/job-specs';
import type { SensitivityMetric, SensitivityResult } from '../../../src-shared/domain/analysis/analysis';
import { matchGlob } from '../../../src-shared/domain/glob';
import { chooseImages } from '../../analysis/choose-images';
import type { SensitivityParams } from '../../compute/pool/protocol';
import type { Target } from '../../../src-shared/domain/project/precision';
import type { SensitiveLayer } from '../../analysis/sensitivity';
import { saveAnalysis } from '../analysis/analysis-store';
import { loadSet } from '../projects/workspace';
import { analysisSetup } from '../analysis/analysis-setup';
import type { JobContext } from '../job-context';
import { ensureBestFor } from '../analysis/needed-decisions';

/** Number of images if the specification does not say. */
export const DEFAULT_SENSITIVITY_IMAGES = 64;

/** The models and images of a sensitivity, and the set that the images are from. */
export async function sensitivityTask(
  spec: SensitivitySpec,
  job: JobContext,
): Promise<{
  readonly params: SensitivityParams;
  readonly which: 'calibration' | 'validation';
  readonly target: Target;
}> {
  const { workspace } = job;
  const kind = spec.question ?? 'release';
  const metric = spec.metric ?? 'sqnr';
  const which = sensitivitySet(spec);
  if (kind === 'visible' && metric !== 'sqnr')
    throw new WorkbenchError(
      'usage',
      `Kind visible looks at the output of each layer, where there is no ${metric}; its metric is sqnr`,
    );
  await ensureBestFor(
    { variants: ['mixed'], target: spec.target ?? workspace.file.target, threads: spec.threads },
    job,
  );
  const setup = await analysisSetup(spec, job);
  const set = await loadSet(workspace, which, undefined);
  // A user's own metric may do without labels.
  if (needsLabels(metric) && set.labelSource === 'none' && workspace.file.task?.kind !== 'custom') {
    throw new WorkbenchError('labels-invalid', `Metric ${metric} needs labels, and ${set.root} has none`, {
      hint: 'Use the metric sqnr or agreement.',
    });
  }
  const entries = chooseImages(set.entries, spec.limit ?? DEFAULT_SENSITIVITY_IMAGES);
  const params = {
    kind,
    metric,
    base: setup.base(),
    layers: matchingLayers(setup.layers, spec.layers),
    trials: await setup.trials([{ set, entries }]),
  };
  return { params, which, target: setup.target };
}

/**
 * Measures which layers matter for accuracy. Kinds `release` and `cause` evaluate one model per layer; kind
 * `visible` evaluates one model and compares the output of every layer.
 * @param before seconds of work whose answers are in the journal of the trials already.
 */
export async function sensitivityJob(
  spec: SensitivitySpec,
  job: JobContext,
  before = { seconds: 0, passes: 0 },
): Promise<SensitivityResult> {
  const { workspace, services } = job;
  const startedAt = performance.now();
  const { params, which, target } = await sensitivityTask(spec, job);
  const { kind, metric } = params;
  const { images, baseline, layers, passes, work } = await services.compute.request('sensitivity', params, job);
  const result: SensitivityResult = {
    kind,
    // Where no output can be compared by its values, the layers were ranked by agreement.
    metric: layers[0]?.metric ?? metric,
    target,
    set: which,
    images,
    baseline,
    layers,
    passes: passes + before.passes,
    work,
    seconds: before.seconds + (performance.now() - startedAt) / 1000,
    createdAt: new Date().toISOString(),
  };
  await saveAnalysis(workspace, 'sensitivity', `sensitivity-${kind}`, result);
  return result;
}

/** The set to measure on; metrics that need labels use the validation set. */
export function sensitivitySet({ set, metric }: Pick<SensitivitySpec, 'set' | 'metric'>): 'calibration' | 'validation' {
  return set ?? (needsLabels(metric ?? 'sqnr') ? 'validation' : 'calibration');
}

function needsLabels(metric: SensitivityMetric): boolean {
  return metric === 'measure' || metric === 'top1' || metric === 'worst-group';
}

/** @throws WorkbenchError not-found */
export function matchingLayers(
  layers: readonly SensitiveLayer[],
  pattern: string | undefined,
): readonly SensitiveLayer[] {
  if (pattern === undefined) return layers;
  const found = layers.filter(({ layer }) => matchGlob(pattern, layer));
  if (found.length > 0) return found;
  throw new WorkbenchError('not-found', `No layer that reads quantized values matches "${pattern}"`, {
    hint: advise('list-layers-of-project'),
  });
}
