import type { FixSpec } from '../../../src-shared/contract/job-specs';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { writeFileAtomic } from '../../base/atomic-file';
import type { FixAdvice, FixResult } from '../../../src-shared/domain/analysis/fix';
import { saveAnalysis } from '../analysis/analysis-store';
import { releaseRanking } from '../analysis/release-ranking';
import { ensureBestFor } from '../analysis/needed-decisions';
import { FixRun } from '../fix/fix-run';
import { judgeFp16, limitsOf } from '../fix/judging';
import { withLatencies, withPareto, type Latencies } from '../fix/latency';
import { adviceFor } from '../fix/advice';
import { trialOf } from '../fix/candidates';
import { fixSetup, type FixSetup } from '../fix/setup';
import { RELEASE_IMAGES } from '../fix/release-stages';
import { trainedLayers, trainingSnippet } from '../fix/training-snippet';
import { chosenPlan, concluded, type Ended } from '../fix/summary';
import type { JobContext } from '../job-context';
import { allowedMetricHash } from '../projects/metric-consent';
import { currentCalibration, loadSet } from '../projects/workspace';
import { variantOptions } from '../variants/options';
import { calibrateJob } from './calibrate-job';

/**
 * Looks for the shortest way from the project as it is to a plan that meets its gates: one stage after the other, until
 * the gates are met on the images that judge. The project does not change. The result is stored after every stage.
 */
export async function fixJob(spec: FixSpec, job: JobContext): Promise<FixResult> {
  const { workspace, services } = job;
  const startedAt = performance.now();
  await allowedMetricHash(workspace.file.task, services.userDataDir);
  const { target } = variantOptions(spec, workspace, []);
  const threads = spec.threads === undefined ? {} : { threads: spec.threads };
  if (currentCalibration(workspace) === null)
    await calibrateJob({ kind: 'calibrate', projectPath: workspace.path, target, ...threads }, job);
  await ensureBestFor({ variants: ['mixed'], target, threads: spec.threads }, job);
  const setup = await fixSetup({ ...spec, target }, job);
  const run = new FixRun(setup, job);
  const ended = ({ plans, references }: Latencies): Ended => ({
    target,
    backend: setup.options.backend,
    isFinished: false,
    judgedOn: setup.images.judgedOn,
    images: setup.images.judging.entries.length,
    choosingImages: setup.images.choosing.entries.length,
    fp32: run.fp32,
    limits: limitsOf(setup.judging.gates),
    stages: run.rows,
    plans,
    references,
    seconds: (performance.now() - startedAt) / 1000,
    createdAt: new Date().toISOString(),
  });
  await run.run(() => {
    const soFar = ended({ plans: withPareto(run.plans), references: [] });
    return saveAnalysis(workspace, 'fix', 'fix', concluded(soFar, { isFinished: false }));
  });
  const latencies = await withLatencies(run.plans, setup, job);
  const conclusion = { isFinished: true, ...(await fasterFp16(latencies)) };
  const found = concluded(ended(latencies), conclusion);
  const result = { ...found, advice: await adviceOf(found, { setup, ranking: run.ranking }, job) };
  if (spec.snippetPath !== undefined) await writeSnippet(spec.snippetPath, result, job);
  await saveAnalysis(workspace, 'fix', 'fix', result);
  return result;

  /** FP16, judged if it was timed and is faster than the chosen plan. */
  async function fasterFp16({ plans, references }: Latencies): Promise<Pick<Parameters<typeof concluded>[1], 'fp16'>> {
    const fp16 = references.find(({ variant, latencyKind }) => variant === 'fp16' && latencyKind === 'measured');
    const plan = plans[chosenPlan(plans) ?? -1];
    if (!fp16 || plan?.latencyMs === undefined || fp16.latencyMs >= plan.latencyMs) return {};
    return { fp16: await judgeFp16(setup.judging, job) };
  }
}

/** Of layers that were ranked for another plan, so many are tried for the advice; it names fewer. */
const ADVISED_LAYERS = 8;

/** Empty if a plan meets the gates. */
async function adviceOf(
  { plans, nearest }: FixResult,
  { setup, ranking }: { readonly setup: FixSetup; readonly ranking: FixRun['ranking'] },
  job: JobContext,
): Promise<readonly FixAdvice[]> {
  const plan = plans[nearest ?? -1];
  if (plan === undefined) return [];
  const { options, spec, images } = setup;
  const base = await trialOf(plan.decisions, { target: options.target, threads: spec.threads }, job);
  const { entries } = await loadSet(job.workspace, 'calibration', undefined);
  const likely = ranking
    ?.filter(({ layer }) => !plan.fp16Layers.includes(layer))
    .toSorted((a, b) => b.gain - a.gain)
    .slice(0, ADVISED_LAYERS)
    .map(({ layer }) => layer);
  const choosing = {
    images: images.choosing,
    count: RELEASE_IMAGES,
    ...(likely === undefined ? {} : { layers: likely }),
  };
  return adviceFor({
    plan,
    images: images.judging.entries.length,
    calibration: entries,
    groups: images.judging.groups,
    release: await releaseRanking(base.trial, base.setup, choosing, job),
  });
}

/** Writes a PyTorch module with the scales of the chosen plan, or of the nearest one. */
async function writeSnippet(
  path: string,
  { plans, chosen, nearest, target }: FixResult,
  job: JobContext,
): Promise<void> {
  const plan = plans[chosen ?? nearest ?? -1];
  if (plan === undefined) throw new WorkbenchError('not-found', 'No plan was judged whose scales could be written');
  const { trial, setup } = await trialOf(plan.decisions, { target, threads: undefined }, job);
  const quantized = new Set(setup.layers.map(({ layer }) => layer).filter((layer) => !plan.fp16Layers.includes(layer)));
  const layers = trainedLayers(setup.model, trial, quantized);
  await writeFileAtomic(path, trainingSnippet(job.workspace.file.name, layers));
}
