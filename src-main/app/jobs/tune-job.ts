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
import type { TuningChoices } from '../../analysis/tuning/choices';
import { fastestCandidate, isFirstPlan } from '../../analysis/tuning/fastest';
import type { ChosenKernel } from '../../analysis/tuning/kernels';
import { learnTimes } from '../../analysis/tuning/learn';
import type { ProfiledEngine } from '../../analysis/tuning/parts';
import { isWorthBuilding, proposePlan, type MeasuredEngine } from '../../analysis/tuning/propose';
import { saveAnalysis } from '../analysis/analysis-store';
import { ensureThresholds } from '../analysis/needed-decisions';
import { defaultThreads, type JobContext } from '../job-context';
import { prepared, projectFeeding } from '../projects/workspace';
import { canChooseKernels, proposeKernels } from '../tuning/kernel-choice';
import { engineWork, kernelKeys, modelFacts, ratioIn, tunedModel, tuningChoices, withLayers } from '../tuning/tuning-setup';
import { buildVariants } from '../variants/builder';
import { builtWarnings, type BuiltVariant } from '../variants/built-variant';
import { readEngineLayers, readEngineRecord } from '../variants/engine-record';
import { alternativesOf, exchangeEngines, useEngines } from '../variants/engine-store';
import { atUsualSize, projectImageSizes } from '../variants/image-sizes';
import { importKernelTimes, loadKernelTimes, rememberKernelTimes, saveKernelTimes } from '../variants/kernel-times';
import { variantOptions, withFixedBatch, type VariantOptions } from '../variants/options';
import { gpuKind, storedEngine } from '../variants/tensorrt-builder';

const ROUNDS = 20;

/** An engine to build. */
interface Wish {
  readonly name: string;
  readonly layers: Readonly<Record<string, Precision>>;
  /** Latency that its proposal promised at the first batch size. */
  readonly expectedMs?: number;
  /** Candidate of the same plan, and the kernels that this one should have instead of those of the builder. */
  readonly kernelsOf?: string;
  readonly kernels?: readonly ChosenKernel[];
}

/** A candidate with what its profile says. */
interface Candidate extends Wish {
  readonly built: BuiltVariant;
  readonly profile: ProfiledEngine;
}

/**
 * Finds the fastest engine on this GPU by measurement: builds an FP16 engine and an INT8 engine by the rules, joins the
 * times of their kernels by the layers of the model, and builds the plan in which every part has its faster precision,
 * if it promises more than its uncertainty; what this engine shows is taken into account once more. Builds that are left
 * then go to the fastest plan with other kernels, see kernels.ts. The fastest of these engines is the result. It is kept
 * whenever engines were timed, and engines are kept too, so that an interrupted tuning continues with the engine that it
 * was building.
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
  const workOf = engineWork(facts, keyOf);
  const choices = await tuningChoices(
    { model, options, ratioOf: (layer) => ratioIn(table, keyOf(layer)), mayTry: spec.mayTry ?? true },
    job,
  );
  const maxBuilds = Math.min(spec.maxBuilds ?? MAX_TUNING_BUILDS, MAX_TUNING_BUILDS);
  const candidates: Candidate[] = [];
  let choosesKernels = canChooseKernels(status.version, options);
  const failures: Warning[] = [];
  const add = async (wish: Wish): Promise<void> => {
    if (candidates.length === maxBuilds) return;
    const kernels = choosesKernels ? (wish.kernels ?? []) : undefined;
    candidates.push(await buildCandidate(wish, kernels === undefined ? options : { ...options, kernels }, job));
    const learnt = learnTimes(
      tuned,
      placementsOf(candidates).map(({ profile }) => profile),
      { computeLayers: choices.layers.map(({ layer }) => layer), keyOf },
    );
    const known = await rememberKernelTimes(userDataDir, kind, learnt);
    if (spec.exportTablePath !== undefined) await saveKernelTimes(spec.exportTablePath, known);
  };
  await add({
    name: 'fp16',
    layers: Object.fromEntries(model.graph.node.map(({ name }) => [name, choices.float])),
  });
  if (hasInt8(choices)) await add({ name: 'int8', layers: choices.fixed });
  const timing = { spec, options, feeding };
  for (;;) {
    const { timed, warnings } = await timeCandidates(candidates, timing, job);
    const placements = placementsOf(candidates);
    const latencies = new Map(
      timed.map(({ name, latencyMs }) => [name, ownValue(latencyMs, String(batch)) ?? Number.POSITIVE_INFINITY]),
    );
    const engines = placements.map(({ name, profile, expectedMs }): MeasuredEngine => ({
      ...profile,
      latencyMs: latencies.get(name) ?? Number.POSITIVE_INFINITY,
      ...(expectedMs === undefined ? {} : { expectedMs }),
    }));
    const buildsLeft = maxBuilds - candidates.length;
    const proposal = proposePlan(tuned, engines, choices, candidates.length < MAX_TUNING_BUILDS - 1);
    const isPlanWorthIt =
      buildsLeft > 0 &&
      placements.length === candidates.length &&
      isWorthBuilding(proposal) &&
      !placements.some(({ layers }) => isSamePlan(layers, proposal.layers));
    const fastest = placements[fastestCandidate(timed.slice(0, placements.length))];
    const mayChoose = choosesKernels && buildsLeft > 0 && fastest !== undefined;
    if (mayChoose && !isPlanWorthIt && placements.length === candidates.length) {
      // Those of an earlier tuning count as builds.
      const found = (await foundAlternatives(fastest, options, job)).slice(0, buildsLeft);
      candidates.push(...found);
      if (found.length > 0) continue;
    }
    const kernels = mayChoose ? proposeKernels({ dir: fastest.built.dir, workOf, buildsLeft }, workspace) : null;
    // The last build is for what promises more.
    const isPlanNext =
      isPlanWorthIt && (buildsLeft > 1 || proposal.expectedMs <= proposal.bestMs * (1 - (kernels?.savedShare ?? 0)));
    const isDone = !isPlanNext && kernels === null;
    // What is not built is not tried either.
    const { reasons } = isPlanNext ? proposal : proposePlan(tuned, engines, choices, false);
    const chosen = fastestCandidate(timed);
    const kept = isDone ? await withChosenEngine(candidates, timed, chosen) : timed;
    const result: TuningResult = {
      target: 'tensorrt',
      ...kind,
      batches: [...options.tensorrt.batches],
      variant,
      candidates: kept,
      chosen,
      fixed: choices.fixed,
      layers: withChosenPrecisions(reasons, timed[chosen], choices.float),
      summary: summaryOf(timed, chosen),
      seconds: (performance.now() - startedAt) / 1000,
      createdAt: new Date().toISOString(),
    };
    await saveAnalysis(workspace, 'tuning', 'tuning', result);
    if (isDone) {
      const ofBuilds = builtWarnings(candidates.map(({ built }) => built));
      return { ...result, warnings: [...ofBuilds, ...failures, ...warnings] };
    }
    if (isPlanNext) {
      const { layers, expectedMs } = proposal;
      await add({ name: `tuned-${countOf(candidates, 'tuned') + 1}`, layers, expectedMs });
    } else if (kernels !== null && fastest !== undefined) {
      const { layers, name: kernelsOf } = fastest;
      const name = `kernels-${countOf(candidates, 'kernels') + 1}`;
      try {
        await add({ name, layers, kernelsOf, kernels: kernels.kernels });
      } catch (error) {
        if (!(error instanceof WorkbenchError && error.code === 'model-unsupported')) throw error;
        choosesKernels = false;
        failures.push({
          code: 'kernels-refused',
          message: `TensorRT built no engine of ${kernelsOf} with other kernels, so that none is compared: ${error.message}`,
        });
      }
    }
  }
}

/** The engines that an earlier tuning made of a plan with other kernels. */
async function foundAlternatives(
  { name: kernelsOf, layers, built: { dir, runnable } }: Candidate,
  { tensorrt: { device } }: VariantOptions,
  job: JobContext,
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const alternative of alternativesOf(dir)) {
    const built = await storedEngine(alternative, { name: parseVariant(runnable.variant), device }, job);
    const profile = profileIn(alternative);
    if (built === null || profile === null) continue;
    found.push({ name: `kernels-${found.length + 1}`, layers, kernelsOf, built, profile });
  }
  await useEngines(found.map(({ built }) => built.dir), job);
  return found;
}

/** The candidates whose kernels TensorRT's builder chose. They come first. */
function placementsOf(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(({ kernelsOf }) => kernelsOf === undefined);
}

const countOf = (candidates: readonly Candidate[], kind: string): number =>
  candidates.filter(({ name }) => name.startsWith(`${kind}-`)).length;

/** Whether the rules or the plan have a layer in INT8; without one, the engine int8 would be the engine fp16. */
function hasInt8({ layers, fixed }: TuningChoices): boolean {
  return layers.some(({ isRefusedForSpeed }) => !isRefusedForSpeed) || Object.values(fixed).includes('int8');
}

/**
 * If the chosen engine has other kernels, it takes the place of the engine of its plan, so that other commands that
 * build the plan find it. Returns the candidates with the paths that their engines have then.
 */
async function withChosenEngine(
  candidates: readonly Candidate[],
  timed: readonly TuningCandidate[],
  chosen: number,
): Promise<readonly TuningCandidate[]> {
  const own = timed[chosen];
  const other = timed.findIndex(({ name }) => name === own?.kernelsOf);
  const [dir, ofPlan] = [candidates[chosen]?.built.dir, candidates[other]?.built.dir];
  if (own === undefined || dir === undefined || ofPlan === undefined) return timed;
  await exchangeEngines(ofPlan, dir);
  const pathAt = (index: number): string => timed[index]?.enginePath ?? '';
  return timed.map((candidate, i) =>
    i === chosen
      ? { ...candidate, enginePath: pathAt(other) }
      : i === other
        ? { ...candidate, enginePath: pathAt(chosen) }
        : candidate,
  );
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
  const timed = candidates.map(({ name, layers, built, expectedMs, kernelsOf }): TuningCandidate => ({
    name,
    layers,
    ...(kernelsOf === undefined ? {} : { kernelsOf }),
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

async function buildCandidate(wish: Wish, options: VariantOptions, job: JobContext): Promise<Candidate> {
  const [built] = await buildVariants(options, withLayers(job, wish.layers));
  const profile = built === undefined ? null : profileIn(built.dir);
  if (!built || profile === null) throw new WorkbenchError('internal', `The engine ${wish.name} has no profile`);
  return { ...wish, built, profile };
}

function profileIn(dir: string): ProfiledEngine | null {
  const [record, layers] = [readEngineRecord(dir), readEngineLayers(dir)];
  return record?.backend === 'tensorrt' && layers !== null ? { layers, asked: record.asked } : null;
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
  const name = best?.name ?? '';
  const kernels = best?.kernelsOf === undefined ? '' : `, which is ${best.kernelsOf} with other kernels`;
  const verdict = isFirstPlan(candidates, chosen)
    ? `Ship FP16${kernels === '' ? '' : `, as the engine ${name} with other kernels`}: no placement of INT8 is faster on this GPU.`
    : `The fastest engine is ${name}${kernels}.`;
  return `${verdict} Measured: ${times.join(', ')}.`;
}
