import type { TuneResult, Warning } from '../../../src-shared/contract/job-results';
import type { TuneSpec } from '../../../src-shared/contract/job-specs';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatMs } from '../../../src-shared/base/units';
import type { TunedLayer, TuningCandidate, TuningResult } from '../../../src-shared/domain/analysis/tuning';
import {
  fallbackPrecisionOf,
  isSamePlan,
  type Precision,
  type PrecisionPlan,
} from '../../../src-shared/domain/project/precision';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { fastestCandidate } from '../../analysis/tuning/fastest';
import type { ProfiledEngine, TunedModel } from '../../analysis/tuning/parts';
import { isWorthBuilding, proposePlan, type TunableLayer, type TuningChoices } from '../../analysis/tuning/propose';
import type { Model } from '../../onnx/graph/model';
import { staticShapes } from '../../onnx/graph/static-shapes';
import { graphFacts, type GraphFacts } from '../../quantization/rules/graph-facts';
import { COMPUTE_OPS } from '../../quantization/rules/op-classes';
import { findPartitions, type Partitions } from '../../quantization/rules/partitions';
import { isAboutSpeed } from '../../quantization/rules/refusals';
import { learnTimes } from '../../analysis/tuning/learn';
import type { KernelTimes } from '../../../src-shared/domain/engines/kernel-times';
import { ownValue } from '../../../src-shared/base/records';
import {
  kernelKey,
  loadKernelTimes,
  readKernelTimes,
  rememberKernelTimes,
  saveKernelTimes,
} from '../variants/kernel-times';
import { loadTuning, saveAnalysis } from '../analysis/analysis-store';
import { ensureThresholds } from '../analysis/needed-decisions';
import { defaultThreads, type JobContext } from '../job-context';
import { openCalibration, prepared, projectFeeding } from '../projects/workspace';
import { buildVariants } from '../variants/builder';
import { builtWarnings, type BuiltVariant } from '../variants/built-variant';
import { readEngineLayers, readEngineRecord } from '../variants/engine-record';
import { atUsualSize, projectImageSizes } from '../variants/image-sizes';
import { variantOptions, withFixedBatch, type VariantOptions } from '../variants/options';
import { variantRecipe } from '../variants/recipe';
import { gpuKind } from '../variants/tensorrt-builder';

/** Engines that a tuning builds at most: FP16, INT8 by the rules, and two plans from their times. */
const MAX_BUILDS = 4;
const ROUNDS = 20;

/**
 * The rules of speed that tuning questions. The others say that TensorRT has no INT8 kernel, or that its FP16 kernel
 * computes the neighbours too.
 */
const TRIED_CODES: ReadonlySet<string> = new Set(['few-channels', 'small-matrix', 'isolated']);

/** A candidate with what its profile says. */
interface Candidate {
  readonly name: string;
  readonly layers: Readonly<Record<string, Precision>>;
  readonly built: BuiltVariant;
  readonly profile: ProfiledEngine;
}

/**
 * Finds the fastest placement on this GPU by measurement: builds an FP16 engine and an INT8 engine by the rules, joins
 * the times of their kernels by the layers of the model, and builds the plan in which every part has its faster
 * precision; what this engine shows is taken into account once more. The fastest of these engines is the result.
 * Engines are kept, so that an interrupted tuning continues with the engine that it was building.
 */
export async function tuneJob(spec: TuneSpec, job: JobContext): Promise<TuneResult> {
  const startedAt = performance.now();
  const { workspace, services } = job;
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
  const gpu = gpuKind(status, options.tensorrt.device);
  let table = loadKernelTimes(services.userDataDir, gpu, status.version);
  if (spec.importTablePath !== undefined) {
    const { times } = readKernelTimes(spec.importTablePath, table);
    table = await rememberKernelTimes(services.userDataDir, table, times);
  }
  const keyOf = kernelKeys(facts, batch);
  const choices = await choicesOf({ model, options, ratioOf: (layer) => ratioIn(table, keyOf(layer)) }, job);
  const candidates: Candidate[] = [];
  const add = async (name: string, layers: Readonly<Record<string, Precision>>): Promise<void> => {
    candidates.push(await buildCandidate({ name, layers, options }, job));
  };
  await add('fp16', Object.fromEntries(model.graph.node.map(({ name }) => [name, choices.float])));
  await add('int8', choices.fixed);
  let reasons: readonly TunedLayer[] = [];
  while (candidates.length < MAX_BUILDS) {
    const proposal = proposePlan(
      tuned,
      candidates.map(({ profile }) => profile),
      choices,
      candidates.length < MAX_BUILDS - 1,
    );
    reasons = proposal.reasons;
    if (!isWorthBuilding(proposal) || candidates.some(({ layers }) => isSamePlan(layers, proposal.layers))) break;
    await add(`tuned-${candidates.length - 1}`, proposal.layers);
  }
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
  const timed = candidates.map(({ name, layers, built }): TuningCandidate => ({
    name,
    layers,
    latencyMs: Object.fromEntries(
      bench.variants
        .filter((record) => record.variant === name)
        .map(({ batch: size, latencyMs }) => [String(size), latencyMs.median]),
    ),
    enginePath: built.runnable.kind === 'engine' ? built.runnable.enginePath : '',
    buildSeconds: built.seconds,
  }));
  const chosen = fastestCandidate(timed);
  const result: TuningResult = {
    target: 'tensorrt',
    gpu,
    tensorrt: status.version,
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
  table = await rememberKernelTimes(
    services.userDataDir,
    table,
    learnTimes(
      tuned,
      candidates.map(({ profile }) => profile),
      { computeLayers: choices.layers.map(({ layer }) => layer), keyOf },
    ),
  );
  if (spec.exportTablePath !== undefined) await saveKernelTimes(spec.exportTablePath, table);
  const warnings: readonly Warning[] = [...builtWarnings(candidates.map(({ built }) => built)), ...bench.warnings];
  return { ...result, warnings };
}

interface ModelFacts {
  readonly graph: Model['graph'];
  readonly facts: GraphFacts;
  readonly partitions: Partitions;
}

function modelFacts(model: Model): ModelFacts {
  const facts = graphFacts(model);
  return { graph: model.graph, facts, partitions: findPartitions(facts) };
}

/** The model as tuning sees it. @param batch images in one inference, for sizes that the model gives for one image */
function tunedModel({ graph, facts, partitions }: ModelFacts, batch: number): TunedModel {
  const shapes = staticShapes(graph);
  return {
    layers: facts.nodes.map(({ name, input, output }) => ({ layer: name, inputs: input, outputs: output })),
    partitions: partitions.list.map(({ root, members }) => [root, ...members].map(({ name }) => name)),
    elements: (tensor) => batch * (shapes.get(tensor)?.reduce((product, dim) => product * dim, 1) ?? 0),
  };
}

/** Compute layer -> its key in the table of kernel times. */
function kernelKeys({ facts, partitions }: ModelFacts, batch: number): (layer: string) => string | null {
  const nodes = new Map(facts.nodes.map((node) => [node.name, node]));
  return (layer) => {
    const node = nodes.get(layer);
    return node === undefined ? null : kernelKey(facts, node, { partition: partitions.of(node), batch });
  };
}

function ratioIn({ times }: KernelTimes, key: string | null): number | undefined {
  const { floatMs, int8Ms } = (key === null ? undefined : ownValue(times, key)) ?? {};
  return floatMs === undefined || int8Ms === undefined || floatMs === 0 ? undefined : int8Ms / floatMs;
}

/** Which layers tuning may change. Precisions that a tuning chose earlier are not decisions about accuracy. */
async function choicesOf(
  {
    model,
    options,
    ratioOf,
  }: {
    readonly model: Model;
    readonly options: VariantOptions;
    readonly ratioOf: (layer: string) => number | undefined;
  },
  job: JobContext,
): Promise<TuningChoices> {
  const { workspace } = job;
  const { plan } = workspace.file;
  const earlier = (await loadTuning(workspace))?.result;
  const isFromTuning =
    earlier !== undefined && isSamePlan(earlier.candidates[earlier.chosen]?.layers ?? {}, plan.layers);
  const fixed = isFromTuning ? earlier.fixed : plan.layers;
  const own = withLayers(job, fixed);
  const calibration = await openCalibration(workspace);
  const [variant = 'mixed'] = options.variants;
  const recipe = variantRecipe(parseVariant(variant), { options, workspace: own.workspace, model, calibration });
  const { decisions } = await job.services.compute.request('explain', recipe, job);
  return {
    fixed,
    float: fallbackPrecisionOf(plan, 'tensorrt'),
    layers: decisions.flatMap(({ layer, op, precision, code, reason, tensor }): TunableLayer[] => {
      if (tensor !== undefined || !COMPUTE_OPS.has(op)) return [];
      const ratio = ratioOf(layer);
      const isRefusedForSpeed = precision !== 'int8' && isAboutSpeed({ code, reason });
      return precision === 'int8' || (isRefusedForSpeed && TRIED_CODES.has(code))
        ? [{ layer, op, isRefusedForSpeed, reason, ...(ratio === undefined ? {} : { knownRatio: ratio }) }]
        : [];
    }),
  };
}

/** The context with other precisions of layers in the plan of the project. */
export function withLayers(job: JobContext, layers: PrecisionPlan['layers']): JobContext {
  const { workspace } = job;
  const { file } = workspace;
  return { ...job, workspace: { ...workspace, file: { ...file, plan: { ...file.plan, layers } } } };
}

async function buildCandidate(
  {
    name,
    layers,
    options,
  }: {
    readonly name: string;
    readonly layers: Readonly<Record<string, Precision>>;
    readonly options: VariantOptions;
  },
  job: JobContext,
): Promise<Candidate> {
  const own = withLayers(job, layers);
  const [built] = await buildVariants(options, own);
  const record = built && readEngineRecord(built.dir);
  const engineLayers = built && readEngineLayers(built.dir);
  if (!built || record?.backend !== 'tensorrt' || !engineLayers)
    throw new WorkbenchError('internal', `The engine ${name} has no profile`);
  return { name, layers, built, profile: { layers: engineLayers, asked: record.asked } };
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
