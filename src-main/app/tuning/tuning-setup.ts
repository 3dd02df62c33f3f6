import type { Precision, PrecisionPlan } from '../../../src-shared/domain/project/precision';
import { fallbackPrecisionOf, isSamePlan } from '../../../src-shared/domain/project/precision';
import { ownValue } from '../../../src-shared/base/records';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { kernelKey, type KernelTimes } from '../../../src-shared/domain/engines/kernel-times';
import type { TunableLayer, TuningChoices } from '../../analysis/tuning/choices';
import type { WorkOf } from '../../analysis/tuning/kernels';
import type { TunedModel } from '../../analysis/tuning/parts';
import type { Model } from '../../onnx/graph/model';
import { staticShapes } from '../../onnx/graph/static-shapes';
import { graphFacts, type GraphFacts } from '../../quantization/rules/graph-facts';
import { kernelShape } from '../../quantization/rules/measured-kernels';
import { COMPUTE_OPS } from '../../quantization/rules/op-classes';
import { findPartitions, type Partitions } from '../../quantization/rules/partitions';
import { isAboutSpeed } from '../../quantization/rules/refusals';
import { loadTuning } from '../analysis/analysis-store';
import type { JobContext } from '../job-context';
import { openCalibration } from '../projects/workspace';
import type { VariantOptions } from '../variants/options';
import { variantRecipe } from '../variants/recipe';

/**
 * The rules of speed that tuning questions. The others say that TensorRT has no INT8 kernel, or that its FP16 kernel
 * computes the neighbours too.
 */
const TRIED_CODES: ReadonlySet<string> = new Set([
  'few-channels',
  'small-matrix',
  'isolated',
  'unfused-silu',
  'measured-slower',
]);

export interface ModelFacts {
  readonly graph: Model['graph'];
  readonly facts: GraphFacts;
  readonly partitions: Partitions;
}

export function modelFacts(model: Model): ModelFacts {
  const facts = graphFacts(model);
  return { graph: model.graph, facts, partitions: findPartitions(facts) };
}

/** The model as tuning sees it. @param batch images in one inference, for sizes that the model gives for one image */
export function tunedModel({ graph, facts, partitions }: ModelFacts, batch: number): TunedModel {
  const shapes = staticShapes(graph);
  return {
    layers: facts.nodes.map(({ name, input, output }) => ({ layer: name, inputs: input, outputs: output })),
    partitions: partitions.list.map(({ root, members }) => [root, ...members].map(({ name }) => name)),
    elements: (tensor) => batch * (shapes.get(tensor)?.reduce((product, dim) => product * dim, 1) ?? 0),
  };
}

/** Compute layer -> its key in the table of kernel times; null if its sizes are not known. */
export function kernelKeys({ facts, partitions }: ModelFacts, batch: number): (layer: string) => string | null {
  const nodes = new Map(facts.nodes.map((node) => [node.name, node]));
  return (layer) => {
    const node = nodes.get(layer);
    const shape = node === undefined ? null : kernelShape(facts, node, { partition: partitions.of(node), batch });
    return shape === null ? null : kernelKey(shape);
  };
}

/** The work of a layer of an engine: the operators that run in it, with the sizes of those that compute. */
export function engineWork({ facts }: ModelFacts, keyOf: (layer: string) => string | null): WorkOf {
  const ops = new Map(facts.nodes.map(({ name, opType }) => [name, opType]));
  return ({ name, onnxLayers }) => {
    const keys = onnxLayers.map((layer) => keyOf(layer));
    if (keys.every((key) => key === null)) return name;
    return onnxLayers
      .map((layer, i) => {
        const op = ops.get(layer) ?? '';
        return keys[i] ?? (COMPUTE_OPS.has(op) ? layer : op);
      })
      .sort()
      .join(' + ');
  };
}

/** Time of the INT8 kernel relative to the one in floating point, if the table has both. */
export function ratioIn({ times }: KernelTimes, key: string | null): number | undefined {
  const { floatMs, int8Ms } = (key === null ? undefined : ownValue(times, key)) ?? {};
  return floatMs === undefined || int8Ms === undefined || floatMs === 0 ? undefined : int8Ms / floatMs;
}

/** What decides about the layers that tuning may change. */
export interface ChoicesContext {
  readonly model: Model;
  readonly options: VariantOptions;
  readonly ratioOf: (layer: string) => number | undefined;
  /** false: only layers that the rules have in INT8 may change, so that nothing loses more accuracy than it did. */
  readonly mayTry: boolean;
}

/** Which layers tuning may change. Precisions that a tuning chose earlier are not decisions about accuracy. */
export async function tuningChoices(
  { model, options, ratioOf, mayTry }: ChoicesContext,
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
      return precision === 'int8' || (mayTry && isRefusedForSpeed && TRIED_CODES.has(code))
        ? [{ layer, op, isRefusedForSpeed, reason, ...(ratio === undefined ? {} : { knownRatio: ratio }) }]
        : [];
    }),
  };
}

/** The context with other precisions of layers in the plan of the project. */
export function withLayers(job: JobContext, layers: Readonly<Record<string, Precision>>): JobContext {
  const { workspace } = job;
  const { file } = workspace;
  const plan: PrecisionPlan = { ...file.plan, layers };
  return { ...job, workspace: { ...workspace, file: { ...file, plan } } };
}
