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
import { isSamePlan } from '../../../src-shared/domain/project/precision';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { TuningChoices } from '../../analysis/tuning/choices';
import { fastestCandidate, isFirstPlan } from '../../analysis/tuning/fastest';
import { learnTimes } from '../../analysis/tuning/learn';
import { isWorthBuilding, proposePlan, type MeasuredEngine } from '../../analysis/tuning/propose';
import { saveAnalysis } from '../analysis/analysis-store';
import { ensureThresholds } from '../analysis/needed-decisions';
import type { JobContext } from '../job-context';
import { prepared, projectFeeding } from '../projects/workspace';
import {
  buildCandidate,
  nextName,
  foundAlternatives,
  placementsOf,
  timeCandidates,
  withChosenEngine,
  type Candidate,
  type Wish,
} from '../tuning/candidates';
import { canChooseKernels, proposeKernels } from '../tuning/kernel-choice';
import { engineWork, kernelKeys, modelFacts, ratioIn, tunedModel, tuningChoices } from '../tuning/tuning-setup';
import { builtWarnings } from '../variants/built-variant';
import { importKernelTimes, loadKernelTimes, rememberKernelTimes, saveKernelTimes } from '../variants/kernel-times';
import { variantOptions, withFixedBatch } from '../variants/options';
import { gpuKind } from '../variants/tensorrt-builder';

/**
 * Finds the fastest engine on this GPU by measurement: builds an FP16 engine and an INT8 engine by the rules, joins the
 * times of their kernels by the layers of the model, and builds the plan in which every part has its faster precision,
 * if it promises more than its uncertainty; what this engine shows is taken into account once more. Builds that are
 * left then go to the fastest plan with other kernels, see kernels.ts. The fastest of these engines is the result. It
 * is kept whenever engines were timed, and engines are kept too, so that an interrupted tuning continues with the
 * engine that it was building.
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
  const refusals: Warning[] = [];
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
    const isPlacing = placements.length === candidates.length;
    const proposal = proposePlan(tuned, engines, choices, candidates.length < MAX_TUNING_BUILDS - 1);
    const isNew = !placements.some(({ layers }) => isSamePlan(layers, proposal.layers));
    const plan: Wish | null =
      buildsLeft > 0 && isPlacing && isNew && isWorthBuilding(proposal)
        ? {
            name: nextName('tuned', candidates),
            layers: proposal.layers,
            expectedMs: proposal.expectedMs,
          }
        : null;
    const fastest = placements[fastestCandidate(timed.slice(0, placements.length))];
    const mayChoose = choosesKernels && buildsLeft > 0 && fastest !== undefined;
    if (mayChoose && plan === null && isPlacing) {
      // Those of an earlier tuning count as builds.
      const found = (await foundAlternatives(fastest, options, job)).slice(0, buildsLeft);
      candidates.push(...found);
      if (found.length > 0) continue;
    }
    const proposed = mayChoose ? proposeKernels({ dir: fastest.built.dir, workOf, buildsLeft }, workspace) : null;
    const kernels: Wish | null =
      proposed !== null && fastest !== undefined
        ? {
            name: nextName('kernels', candidates),
            layers: fastest.layers,
            kernelsOf: fastest.name,
            kernels: proposed.kernels,
          }
        : null;
    // The last build is for what promises more.
    const kernelsMs = proposal.bestMs * (1 - (proposed?.savedShare ?? 0));
    const next = plan !== null && (buildsLeft > 1 || proposal.expectedMs <= kernelsMs) ? plan : kernels;
    // What is not built is not tried either.
    const { reasons } = next === plan && next !== null ? proposal : proposePlan(tuned, engines, choices, false);
    const chosen = fastestCandidate(timed);
    const result: TuningResult = {
      target: 'tensorrt',
      ...kind,
      batches: [...options.tensorrt.batches],
      variant,
      candidates: next === null ? await withChosenEngine(candidates, { timed, chosen }, job) : timed,
      chosen,
      fixed: choices.fixed,
      layers: withChosenPrecisions(reasons, timed[chosen], choices.float),
      summary: summaryOf(timed, chosen),
      seconds: (performance.now() - startedAt) / 1000,
      createdAt: new Date().toISOString(),
    };
    await saveAnalysis(workspace, 'tuning', 'tuning', result);
    if (next === null) {
      const ofBuilds = builtWarnings(candidates.map(({ built }) => built));
      return { ...result, warnings: [...ofBuilds, ...refusals, ...warnings] };
    }
    try {
      await add(next);
    } catch (error) {
      if (next !== kernels || !(error instanceof WorkbenchError && error.code === 'model-unsupported')) throw error;
      choosesKernels = false;
      refusals.push({
        code: 'kernels-refused',
        message: `${next.name} was not built with the kernels that were asked for: ${error.message}`,
      });
    }
  }
}

/** Whether the rules or the plan have a layer in INT8; without one, the engine int8 would be the engine fp16. */
function hasInt8({ layers, fixed }: TuningChoices): boolean {
  return layers.some(({ isRefusedForSpeed }) => !isRefusedForSpeed) || Object.values(fixed).includes('int8');
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
