import {
  allInt8,
  releasedPlan,
  targetOfBackend,
  type BackendId,
  type Target,
} from '../../../src-shared/domain/project/precision';
import type { SearchSpec } from '../../../src-shared/contract/job-specs';
import type { ReferenceLatency, SearchPlan } from '../../../src-shared/domain/analysis/analysis';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { BenchmarkVariantRecord } from '../../../src-shared/domain/runs/run-record';
import { resolvedMethod } from '../../calibration/histograms/threshold-table';
import { openCalibration, prepared, projectFeeding, type Workspace } from '../projects/workspace';
import { defaultThreads, type JobContext } from '../job-context';
import { buildVariants } from '../variants/builder';
import type { BuiltVariant } from '../variants/built-variant';
import { atUsualSize, projectImageSizes } from '../variants/image-sizes';
import { variantOptions, withFixedBatch, type VariantOptions } from '../variants/options';
import { markPareto } from '../../analysis/pareto';

/** Number of plans whose engines are built; each build takes up to a minute on a GPU. */
const MEASURED_PLANS = 6;
const ROUNDS = 20;
/** The number of plans that are usually measured, and the seconds that each engine takes: it was 2.5 to 5.5. */
const USUAL_PLANS = 2;
const ENGINE_SECONDS = 3.5;

/** Whether the backend runs what the target is placed for. If not, latency is modelled instead of measured. */
export function canMeasure(backend: SearchSpec['backend'], target: Target): boolean {
  const used = backend ?? 'ort-cpu';
  return targetOfBackend(used) !== null || (target === 'onnxruntime' && used === 'ort-cpu');
}

/** The seconds that measurePlans usually takes. Engines of TensorRT are built besides, which takes minutes. */
export function measuringSeconds({ backend, target }: Pick<VariantOptions, 'backend' | 'target'>): number {
  return canMeasure(backend, target) ? ENGINE_SECONDS * (USUAL_PLANS + referenceVariants(backend).length) : 0;
}

/** The candidates of a search. */
export interface PlansToMeasure {
  readonly plans: readonly SearchPlan[];
  readonly chosen: number | null;
  /** Method whose thresholds the plans use; null for the thresholds in use. */
  readonly method: Method | null;
  readonly spec: SearchSpec;
}

/** Latencies of plans, and of the models that they are compared with. */
export interface MeasuredPlans {
  /**
   * All plans. Those that were built have the measured latency of one batch in milliseconds, the others the modelled
   * one.
   */
  readonly plans: SearchPlan[];
  readonly references: readonly ReferenceLatency[];
}

/**
 * Builds engines of the modelled Pareto front and of the chosen plan, at most six in all, and benchmarks them with
 * interleaved runs, together with FP32 and, if the backend has FP16 kernels, with FP16.
 */
export async function measurePlans(
  { plans, chosen, method, spec }: PlansToMeasure,
  job: JobContext,
): Promise<MeasuredPlans> {
  const { workspace, services } = job;
  const picked = [...plans.keys()]
    .filter((i) => i === chosen || plans[i]?.isPareto)
    .sort((a, b) => Number(b === chosen) - Number(a === chosen))
    .slice(0, MEASURED_PLANS);
  const feeding = projectFeeding(workspace, await prepared(workspace, services.compute, job));
  const judged = await judgedMethods(method, workspace, spec.target ?? workspace.file.target);
  const options = withFixedBatch(variantOptions({ ...spec, variants: ['mixed'] }, workspace, []), spec, feeding);
  const built = new Map<number, BuiltVariant>();
  for (const i of picked) {
    const plan = releasedPlan(allInt8(workspace.file.plan), plans[i]?.fp16Layers ?? []);
    const own = { ...job, workspace: { ...workspace, file: { ...workspace.file, ...judged, plan } } };
    for (const engine of await buildVariants(options, own)) built.set(i, engine);
  }
  const references = await buildVariants({ ...options, variants: referenceVariants(options.backend) }, job);
  const nameOf = (i: number): string => `plan ${i}`;
  const named = [...built].map(([i, engine]) => ({ name: nameOf(i), engine }));
  const variants = await timeEngines({ references, named, options, threads: spec.threads }, job);
  const timed = new Map(variants.map((record) => [record.variant, record]));
  return {
    plans: plans.map((plan, i): SearchPlan => {
      const own = timed.get(nameOf(i));
      if (own === undefined) return plan;
      const { latencyMs, ratioToFp32 } = own;
      return {
        ...plan,
        latencyMs: latencyMs.median,
        latencyKind: 'measured',
        ...(ratioToFp32 === undefined ? {} : { ratioToFp32 }),
      };
    }),
    references: referenceLatencies(variants),
  };
}

/**
 * The methods whose thresholds the plans were judged with. Method best stays what it was then, whereas a build would
 * decide it anew for every plan.
 */
async function judgedMethods(
  method: Method | null,
  workspace: Workspace,
  target: Target,
): Promise<Pick<ProjectFile, 'method' | 'tensorMethods'>> {
  const { file } = workspace;
  const calibration = await openCalibration(workspace);
  const judged = (own: Method): Method => resolvedMethod(calibration, { ...file, target }, own);
  if (method !== null) return { method: judged(method), tensorMethods: {} };
  const tensorMethods = Object.entries(file.tensorMethods).map(([tensor, own]) => [tensor, judged(own)] as const);
  return { method: judged(file.method), tensorMethods: Object.fromEntries(tensorMethods) };
}

/** The models that plans are compared with: FP32, and FP16 where the backend has kernels for it. */
export function referenceVariants(backend: BackendId): readonly ReferenceLatency['variant'][] {
  return backend === 'tensorrt' ? ['fp32', 'fp16'] : ['fp32'];
}

export function referenceLatencies(variants: readonly BenchmarkVariantRecord[]): ReferenceLatency[] {
  return (['fp32', 'fp16'] as const).flatMap((variant): readonly ReferenceLatency[] => {
    const own = variants.find((record) => record.variant === variant);
    return own === undefined ? [] : [{ variant, latencyMs: own.latencyMs.median, latencyKind: 'measured' }];
  });
}

/** Engines to time in turns. */
interface EnginesToTime {
  readonly references: readonly BuiltVariant[];
  /** Engines of plans, each with a name of its own. */
  readonly named: readonly { readonly name: string; readonly engine: BuiltVariant }[];
  readonly options: VariantOptions;
  readonly threads: number | undefined;
}

/** Benchmarks the references and the plans with interleaved runs. */
export async function timeEngines(
  { references, named, options, threads }: EnginesToTime,
  job: JobContext,
): Promise<readonly BenchmarkVariantRecord[]> {
  const { workspace, services } = job;
  const feeding = projectFeeding(workspace, await prepared(workspace, services.compute, job));
  const { variants } = await services.compute.request(
    'bench',
    {
      variants: [
        ...references.map(({ runnable }) => runnable),
        ...named.map(({ name, engine }) => ({ ...engine.runnable, variant: name })),
      ],
      sizesMb: Object.fromEntries([
        ...references.map(({ runnable, sizeBytes }) => [runnable.variant, sizeBytes / 1e6] as const),
        ...named.map(({ name, engine }) => [name, engine.sizeBytes / 1e6] as const),
      ]),
      feeding: atUsualSize(feeding, await projectImageSizes(workspace, feeding, options.tensorrt)),
      batches: [Math.max(...options.tensorrt.batches)],
      tensorrt: options.tensorrt,
      threads: threads ?? defaultThreads(),
      rounds: ROUNDS,
    },
    job,
  );
  return variants;
}

/**
 * Marks the Pareto front among the measured plans. Modelled plans are not part of it, because modelled and measured
 * latencies cannot be compared.
 */
export function withMeasuredFront(plans: readonly SearchPlan[]): SearchPlan[] {
  const front = new Set(
    markPareto(plans.filter(({ latencyKind }) => latencyKind === 'measured')).flatMap((plan) =>
      plan.isPareto ? [plan.fp16Layers] : [],
    ),
  );
  return plans.map((plan) => ({ ...plan, isPareto: front.has(plan.fp16Layers) }));
}
