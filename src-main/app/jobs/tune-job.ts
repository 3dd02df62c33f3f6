import type { TuneResult, Warning } from '../../../src-shared/contract/job-results';
import type { TuneSpec } from '../../../src-shared/contract/job-specs';
import { ownValue } from '../../../src-shared/base/records';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatMs } from '../../../src-shared/base/units';
import {
  MAX_TUNING_BUILDS,
  type TunedLayer,
  type TuningCandidate,
  type TuningResult,
} from '../../../src-shared/domain/analysis/tuning';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import { isSamePlan, type Precision } from '../../../src-shared/domain/project/precision';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { fastestCandidate } from '../../analysis/tuning/fastest';
import { learnTimes } from '../../analysis/tuning/learn';
import type { ProfiledEngine } from '../../analysis/tuning/parts';
import { isWorthBuilding, proposePlan, type MeasuredEngine } from '../../analysis/tuning/propose';
import { saveAnalysis } from '../analysis/analysis-store';
import { ensureThresholds } from '../analysis/needed-decisions';
import { defaultThreads, type JobContext } from '../job-context';
import { prepared, projectFeeding } from '../projects/workspace';
import { kernelKeys, modelFacts, ratioIn, tunedModel, tuningChoices, withLayers } from '../tuning/tuning-setup';
import { buildVariants } from '../variants/builder';
import { builtWarnings, type BuiltVariant } from '../variants/built-variant';
import { readEngineLayers, readEngineRecord } from '../variants/engine-record';
import { atUsualSize, projectImageSizes } from '../variants/image-sizes';
import { importKernelTimes, loadKernelTimes, rememberKernelTimes, saveKernelTimes } from '../variants/kernel-times';
import { variantOptions, withFixedBatch, type VariantOptions } from '../variants/options';
import { gpuKind } from '../variants/tensorrt-builder';

const ROUNDS = 20;

/** A candidate with what its profile says. */
interface Candidate {
  readonly name: string;
  readonly layers: Readonly<Record<string, Precision>>;
  readonly built: BuiltVariant;
  readonly profile: ProfiledEngine;
  /** Latency that its proposal promised at the first batch size. */
  readonly expectedMs?: number;
}

/**
 * Finds the fastest placement on this GPU by measurement: builds an FP16 engine and an INT8 engine by the rules, joins
 * the times of their kernels by the layers of the model, and builds the plan in which every part has its faster
 * precision, if it promises more than its uncertainty; what this engine shows is taken into account once more. The
 * fastest of these engines is the result. It is kept whenever engines were timed, and engines are kept too, so that an
 * interrupted tuning continues with the engine that it was building.
 */
export async function tuneJob(spec: TuneSpec & { readonly mayTry?: boolean }, job: JobContext): Promise<TuneResult> {
  const startedAt = performance.now();
  const { workspace, services } = job;
  const { userDataDir } = services;
  const model = await prepared(workspace, services.compute, job);
  const feeding = projectFeeding(workspace, model);
  const variant = spec.variant ?? 'mixed';
  if (parseVariant(variant).kind !== 'mixed')
    throw new WorkbenchError('usage', `Tuning changes the plan of variant mixed, found ${variant}`);
  if ((spec.backend ?? 'tensorrt') !== 'tensorrt')
    throw new WorkbenchError('usage', `Only the backend tensorrt can be tuned, found ${spec.backend ?? ''}`);
  const options = withFixedBatch(
    variantOptions({ ...spec, backend: 'tensorrt', variants: [variant] }, workspace, []),
    spec,
    feeding,
  );
  const status = await services.compute.request('tensorrt-status', {}, job);
  await ensureThresholds(options, job);
  const batch = feeding.fixedBatch ?? options.tensorrt.batches[0] ?? 1;
  const facts = modelFacts(model);
  const tuned = tunedModel(facts, feeding.fixedBatch === null ? batch : 1);
  const kind = { gpu: gpuKind(status, options.tensorrt.device), tensorrt: status.version };
  if (spec.importTablePath !== undefined) await importKernelTimes(userDataDir, [spec.importTablePath]);
  const table = loadKernelTimes(userDataDir, kind);
  const keyOf = kernelKeys(facts, batch);
  const choices = await tuningChoices(
    { model, options, ratioOf: (layer) => ratioIn(table, keyOf(layer)), mayTry: spec.mayTry ?? true },
    job,
  );
  const maxBuilds = Math.min(spec.maxBuilds ?? MAX_TUNING_BUILDS, MAX_TUNING_BUILDS);
  const candidates: Candidate[] = [];
  const add = async (plan: Omit<Candidate, 'built' | 'profile'>): Promise<void> => {
    if (candidates.length === maxBuilds) return;
    candidates.push(await buildCandidate(plan, options, job));
    const learnt = learnTimes(
      tuned,
      candidates.map(({ profile }) => profile),
      { computeLayers: choices.layers.map(({ layer }) => layer), keyOf },
    );
    const known = await rememberKernelTimes(userDataDir, kind, learnt);
    if (spec.exportTablePath !== undefined) await saveKernelTimes(spec.exportTablePath, known);
  };
  await add({
    name: 'fp16',
    layers: Object.fromEntries(model.graph.node.map(({ name }) => [name, choices.float])),
  });
  await add({ name: 'int8', layers: choices.fixed });
  const timing = { spec, options, feeding };
  for (;;) {
    const { timed, warnings } = await timeCandidates(candidates, timing, job);
    const engines = candidates.map(({ profile, expectedMs }, i): MeasuredEngine => ({
      ...profile,
      latencyMs: ownValue(timed[i]?.latencyMs, String(batch)) ?? Number.POSITIVE_INFINITY,
      ...(expectedMs === undefined ? {} : { expectedMs }),
    }));
    const proposal = proposePlan(tuned, engines, choices, candidates.length < MAX_TUNING_BUILDS - 1);
    const isDone =
      candidates.length >= maxBuilds ||
      !isWorthBuilding(proposal) ||
      candidates.some(({ layers }) => isSamePlan(layers, proposal.layers));
    // What is not built is not tried either.
    const { reasons } = isDone ? proposePlan(tuned, engines, choices, false) : proposal;
    const chosen = fastestCandidate(timed);
    const result: TuningResult = {
      target: 'tensorrt',
      ...kind,
      batches: [...options.tensorrt.batches],
      variant,
      candidates: timed,
      chosen,
      fixed: choices.fixed,
      layers: withChosenPrecisions(reasons, timed[chosen], choices.float),
      summary: summaryOf(timed, chosen),
      seconds: (performance.now() - startedAt) / 1000,
      createdAt: new Date().toISOString(),
    };
    await saveAnalysis(workspace, 'tuning', 'tuning', result);
    if (isDone) return { ...result, warnings: [...builtWarnings(candidates.map(({ built }) => built)), ...warnings] };
    const { layers, expectedMs } = proposal;
    await add({ name: `tuned-${candidates.length - 1}`, layers, expectedMs });
  }
}

interface Timing {
  readonly spec: TuneSpec;
  readonly options: VariantOptions;
  readonly feeding: Feeding;
}

/** Times all candidates in turns, so that they see the same clocks. */
async function timeCandidates(
  candidates: readonly Candidate[],
  { spec, options, feeding }: Timing,
  job: JobContext,
): Promise<{ readonly timed: readonly TuningCandidate[]; readonly warnings: readonly Warning[] }> {
  const { workspace, services } = job;
  const bench = await services.compute.request(
    'bench',
    {
      variants: candidates.map(({ name, built }) => ({ ...built.runnable, variant: name })),
      sizesMb: Object.fromEntries(candidates.map(({ name, built }) => [name, built.sizeBytes / 1e6])),
      feeding: atUsualSize(feeding, await projectImageSizes(workspace, feeding, options.tensorrt)),
      batches: options.tensorrt.batches,
      tensorrt: options.tensorrt,
      threads: spec.threads ?? defaultThreads(),
      rounds: spec.rounds ?? ROUNDS,
    },
    job,
  );
  const timed = candidates.map(({ name, layers, built, expectedMs }): TuningCandidate => ({
    name,
    layers,
    latencyMs: Object.fromEntries(
      bench.variants
        .filter((record) => record.variant === name)
        .map(({ batch: size, latencyMs }) => [String(size), latencyMs.median]),
    ),
    ...(expectedMs === undefined ? {} : { expectedMs }),
    enginePath: built.runnable.kind === 'engine' ? built.runnable.enginePath : '',
    buildSeconds: built.seconds,
  }));
  return { timed, warnings: bench.warnings };
}

async function buildCandidate(
  plan: Omit<Candidate, 'built' | 'profile'>,
  options: VariantOptions,
  job: JobContext,
): Promise<Candidate> {
  const [built] = await buildVariants(options, withLayers(job, plan.layers));
  const record = built && readEngineRecord(built.dir);
  const engineLayers = built && readEngineLayers(built.dir);
  if (!built || record?.backend !== 'tensorrt' || !engineLayers)
    throw new WorkbenchError('internal', `The engine ${plan.name} has no profile`);
  return { ...plan, built, profile: { layers: engineLayers, asked: record.asked } };
}

/** The reasons, with the precisions of the engine that was chosen. */
function withChosenPrecisions(
  reasons: readonly TunedLayer[],
  chosen: TuningCandidate | undefined,
  float: 'fp16' | 'fp32',
): TunedLayer[] {
  if (chosen === undefined) return [...reasons];
  const layers = new Map(Object.entries(chosen.layers));
  return reasons.map((layer) => {
    const asked = layers.get(layer.layer);
    const precision = asked ?? (layer.code === 'not-measured' ? float : 'int8');
    return precision === layer.precision
      ? layer
      : { ...layer, precision, reason: `${layer.reason}; the engine ${chosen.name} as a whole is fastest` };
  });
}

function summaryOf(candidates: readonly TuningCandidate[], chosen: number): string {
  const best = candidates[chosen];
  const times = candidates.map(
    ({ name, latencyMs }) => `${name} ${Object.values(latencyMs).map(formatMs).join(' and ')}`,
  );
  const verdict =
    best?.name === 'fp16'
      ? 'Ship FP16: no placement of INT8 is faster on this GPU.'
      : `The fastest engine is ${best?.name ?? ''}.`;
  return `${verdict} Measured: ${times.join(', ')}.`;
}
