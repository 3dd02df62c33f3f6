import { ensureThresholds } from '../analysis/needed-decisions';
import { advise } from '../../../src-shared/base/advice';
import type { BenchResult, BuildResult, DeviceBench } from '../../../src-shared/contract/job-results';
import type { BenchSpec, BuildSpec } from '../../../src-shared/contract/job-specs';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import { int8TimePercent, summarizeEngine } from '../../../src-shared/domain/engines/engine-layers';
import type { BenchmarkVariantRecord, DeviceRecord } from '../../../src-shared/domain/runs/run-record';
import type { RefusedVariant } from '../../../src-shared/domain/runs/questions';
import type { Measure } from '../../../src-shared/domain/tasks/measure';
import type { VariantProfile } from '../../backends/benchmark';
import type { NamedLayer } from '../../backends/layer-profile';
import { variantPath } from '../../backends/runnable-variant';
import type { Model } from '../../onnx/graph/model';
import { COMPUTE_OPS } from '../../quantization/rules/op-classes';
import type { BenchOutcome, TensorrtStatus } from '../../compute/pool/protocol';
import { projectFeeding, prepared } from '../projects/workspace';
import { rethrowAsProviderCrash, ortGpuWarnings } from '../variants/ort-gpu';
import { answersOfBench, measuresOf, withSparseCopies } from './bench-answers';
import { defaultThreads, type JobContext, type JobServices } from '../job-context';
import { type BuiltVariant, builtWarnings, distinctEngines, withRepetitions } from '../variants/built-variant';
import { readEngineLayers } from '../variants/engine-record';
import { saveLayerProfiles } from '../variants/layer-profiles';
import { type DeviceEngines, buildOnDevices, devicesOf, forEachDevice } from '../variants/devices';
import { atUsualSize, projectImageSizes } from '../variants/image-sizes';
import { type VariantOptions, variantOptions, withFixedBatch } from '../variants/options';
import { type Asked, buildAsked, withoutRefused } from '../variants/questions';
import { requireTunable, withTunedPlan } from './tuned-plan';

const DEFAULT_VARIANTS = ['fp32', 'int8', 'mixed'];
const DEFAULT_ROUNDS = 20;

/** Builds the engines of variants, for one device or for several GPUs. */
export async function buildJob(spec: BuildSpec, given: JobContext): Promise<BuildResult> {
  const { services } = given;
  const variants = spec.variants ?? DEFAULT_VARIANTS;
  requireTunable(spec, { what: 'A build', variants });
  if (spec.tunes && spec.devices !== undefined)
    throw new WorkbenchError('usage', 'A placement is tuned on one GPU, found several', {
      hint: 'Choose one GPU, and build on the others afterwards.',
    });
  const { workspace, tuning } = await withTunedPlan({ spec, variants }, given);
  const job: JobContext = { ...given, workspace };
  const asked = await withoutRefused(variantOptions(spec, workspace, DEFAULT_VARIANTS), 'judge', job);
  const options = withFixedBatch(
    asked.options,
    spec,
    projectFeeding(workspace, await prepared(workspace, services.compute, job)),
  );
  const { engines, refused } = await enginesOf({ spec, asked: { ...asked, options } }, job);
  return {
    backend: options.backend,
    engines: engines.flatMap(({ device, built }) =>
      built.map((engine) => ({ ...engineResult(engine), ...(device === null ? {} : { device }) })),
    ),
    ...(refused.length === 0 ? {} : { refused }),
    ...(tuning === undefined ? {} : { tuning }),
    warnings: builtWarnings(engines.flatMap(({ built }) => built)),
  };
}

function engineResult({ runnable, sizeBytes, seconds, built, engine }: BuiltVariant): BuildResult['engines'][number] {
  return {
    variant: runnable.variant,
    path: variantPath(runnable),
    sizeMb: sizeBytes / 1e6,
    seconds,
    built,
    ...(engine ? { summary: engine.summary, layersPath: engine.layersPath } : {}),
  };
}

type Engines = Omit<DeviceEngines, 'device'> & {
  /** null if the specification lists no devices: the options select one. */
  readonly device: DeviceRecord | null;
};

interface EnginesTask {
  readonly spec: BuildSpec | BenchSpec;
  readonly asked: Asked;
}

async function enginesOf(
  { spec, asked }: EnginesTask,
  job: JobContext,
): Promise<{ readonly engines: readonly Engines[]; readonly refused: readonly RefusedVariant[] }> {
  const { services } = job;
  const { options } = asked;
  const status =
    spec.devices === undefined || options.backend !== 'tensorrt'
      ? NO_GPUS
      : await services.compute.request('tensorrt-status', {}, job);
  const devices = devicesOf(spec, options, status);
  await ensureThresholds(options, job);
  if (devices === null) {
    const { built, refused } = await buildAsked(asked, job);
    return { engines: [{ device: null, options, built }], refused };
  }
  const engines = await buildOnDevices({ devices, isParallel: spec.isParallel ?? false, options, status }, job);
  return { engines, refused: asked.refused };
}

const NO_GPUS: TensorrtStatus = { version: '', libraryPath: '', devices: [] };

/**
 * Benchmarks variants. Their runs are interleaved, so that all of them see the same load of the machine. fp32 always
 * comes first, since the ratios of the others refer to it.
 * @throws WorkbenchError usage if the backend only simulates the target
 */
export async function benchJob(spec: BenchSpec, job: JobContext): Promise<BenchResult> {
  const { workspace, services } = job;
  const requested = variantOptions(spec, workspace, DEFAULT_VARIANTS);
  if (requested.target !== 'onnxruntime' && requested.backend === 'ort-cpu') {
    throw new WorkbenchError(
      'usage',
      `Backend ${requested.backend} only simulates the ${requested.target} layout; ` +
        'the time of a simulation says nothing about an engine',
      { hint: advise('choose-onnxruntime') },
    );
  }
  if (spec.isSparse && requested.backend !== 'tensorrt') {
    throw new WorkbenchError('usage', `Sparse kernels exist in TensorRT, found the backend ${requested.backend}`, {
      hint: 'Choose the backend tensorrt. What pruning costs is judged anywhere: validate fp16 beside fp16-sparse.',
    });
  }
  const model = await prepared(workspace, services.compute, job);
  const feeding = projectFeeding(workspace, model);
  const wanted = spec.isSparse ? withSparseCopies(requested.variants) : requested.variants;
  const possible = await withoutRefused({ ...requested, variants: wanted }, 'time', job);
  const options = withFixedBatch(
    { ...possible.options, variants: ['fp32', ...possible.options.variants.filter((variant) => variant !== 'fp32')] },
    spec,
    feeding,
  );
  const { engines, refused } = await enginesOf({ spec, asked: { options, refused: possible.refused } }, job);
  const threads = spec.threads ?? defaultThreads();
  const rounds = spec.rounds ?? DEFAULT_ROUNDS;
  const timedFeeding = atUsualSize(feeding, await projectImageSizes(workspace, feeding, options.tensorrt));
  const timed = await forEachDevice(engines, spec.isParallel ?? false, job, (own, ownContext) =>
    timeEngines(
      own,
      { feeding: timedFeeding, threads, rounds, computeLayers: computeLayers(model), ...layerNames(spec, model) },
      services,
      ownContext,
    ),
  );
  for (const [i, { outcome }] of timed.entries()) {
    if (outcome.profiles === undefined || outcome.profiles.length === 0) continue;
    await saveLayerProfiles(
      outcome.profiles,
      engines[i]?.built ?? [],
      {
        backend: options.backend,
        target: options.target,
        activationType: options.activationType,
        device: outcome.device,
        threads,
        ...(await runtimeVersion(options, services)),
      },
      job,
    );
  }
  const { warnings, ...result } = resultOf(timed, { ...requested, variants: wanted });
  const [first] = engines;
  const measures =
    spec.isSparse && first !== undefined ? await measuresOf(first, threads, job) : new Map<string, Measure>();
  const answers = answersOfBench(result, refused, measures);
  return {
    backend: options.backend,
    threads,
    rounds,
    ...result,
    ...(refused.length === 0 ? {} : { refused }),
    ...(answers.length === 0 ? {} : { answers }),
    warnings: [...builtWarnings(engines.flatMap(({ built }) => built)), ...warnings],
  };
}

async function runtimeVersion(
  { backend }: VariantOptions,
  { compute, onnxruntimeVersion: onnxruntime }: JobServices,
): Promise<{ readonly onnxruntime: string; readonly openvino?: string }> {
  if (backend !== 'openvino') return { onnxruntime };
  return { onnxruntime, openvino: (await compute.request('openvino-status', {}, {})).version };
}

/** The layers to time on ONNX Runtime or OpenVINO; none if they were not asked for. */
function layerNames({ layers }: BenchSpec, { graph }: Model): Pick<HowToTime, 'onnxLayers'> {
  return layers === true ? { onnxLayers: graph.node.map(({ name, output }) => ({ name, outputs: output })) } : {};
}

interface Timed {
  readonly device: DeviceRecord | null;
  readonly outcome: BenchOutcome;
  readonly seconds: number;
}

/** Names of the convolutions and matrix products. */
function computeLayers({ graph }: Model): ReadonlySet<string> {
  return new Set(graph.node.filter(({ opType }) => COMPUTE_OPS.has(opType)).map(({ name }) => name));
}

interface HowToTime {
  readonly feeding: Feeding;
  readonly threads: number;
  readonly rounds: number;
  /** Names of the convolutions and matrix products. */
  readonly computeLayers: ReadonlySet<string>;
  /** All layers, if their times on ONNX Runtime or OpenVINO are wanted. */
  readonly onnxLayers?: readonly NamedLayer[];
}

function withBuildFacts(
  { variants, profiles = [] }: BenchOutcome,
  built: readonly BuiltVariant[],
  computeLayers: ReadonlySet<string>,
): readonly BenchmarkVariantRecord[] {
  return variants.map((record) => {
    const own = built.find(({ runnable }) => runnable.variant === record.variant);
    const profile = profiles.find(({ variant }) => variant === record.variant);
    const layers = own?.engine === undefined ? (profile?.layers ?? null) : readEngineLayers(own.dir);
    const int8Time = layers === null ? null : int8TimePercent(layers, computeLayers);
    return {
      ...record,
      ...(profile?.batch === record.batch ? { profile: profileSums(profile) } : {}),
      ...(own?.buildSeconds === undefined ? {} : { buildSeconds: own.buildSeconds }),
      ...(int8Time === null ? {} : { int8Time }),
    };
  });
}

function profileSums({
  layers,
  runMs,
  kernelShare,
  runs,
}: VariantProfile): NonNullable<BenchmarkVariantRecord['profile']> {
  return { runMs, kernelsMs: summarizeEngine(layers).totalMs ?? 0, kernelShare, runs };
}

async function timeEngines(
  { device, options, built }: Engines,
  { computeLayers, ...how }: HowToTime,
  services: JobServices,
  context: TaskContext,
): Promise<Timed> {
  const startedAt = performance.now();
  const timed = distinctEngines(built);
  const params = {
    ...how,
    variants: timed.map(({ runnable }) => runnable),
    sizesMb: Object.fromEntries(timed.map((engine) => [engine.runnable.variant, engine.sizeBytes / 1e6])),
    batches: options.tensorrt.batches,
    tensorrt: options.tensorrt,
  };
  const outcome = await rethrowAsProviderCrash(options, services.compute.request('bench', params, context));
  return {
    device,
    outcome: { ...outcome, variants: withRepetitions(withBuildFacts(outcome, built, computeLayers), built) },
    seconds: (performance.now() - startedAt) / 1000,
  };
}

function resultOf(
  timed: readonly Timed[],
  requested: VariantOptions,
): Pick<BenchResult, 'device' | 'variants' | 'warnings' | 'gpu' | 'devices'> {
  const devices = timed.flatMap(({ device, outcome, seconds }): DeviceBench[] =>
    device === null ? [] : [{ device, seconds, ...(outcome.gpu === undefined ? {} : { gpu: outcome.gpu }) }],
  );
  const gpu = timed[0]?.outcome.gpu;
  return {
    device: timed.map(({ outcome }) => outcome.device).join(', '),
    variants: timed.flatMap(({ device, outcome }) =>
      outcome.variants
        .filter(({ variant }) => requested.variants.includes(variant))
        .map((record) => ({ ...record, ...(device === null ? {} : { device }) })),
    ),
    warnings: [
      ...ortGpuWarnings(requested),
      ...timed.flatMap(({ device, outcome }) =>
        outcome.warnings.map((warning) =>
          device === null ? warning : { ...warning, message: `GPU ${device.index}: ${warning.message}` },
        ),
      ),
    ],
    ...(gpu === undefined ? {} : { gpu }),
    ...(devices.length === 0 ? {} : { devices }),
  };
}
