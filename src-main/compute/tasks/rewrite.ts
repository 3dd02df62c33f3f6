import { layerId } from '../../../src-shared/base/brand';
import { ownValue } from '../../../src-shared/base/records';
import { throwIfAborted } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import type { LayerFormat, PlacementDecision, Precision } from '../../../src-shared/domain/project/precision';
import type { Model } from '../../onnx/graph/model';
import { loadPrepared, preparedFacts, preparedWeights } from '../../onnx/passes/prepared-store';
import { withPrunedWeights } from '../../onnx/passes/sparse-weights';
import { writeModel } from '../../onnx/wire/wire-writer';
import { withInputThresholds, withInt8Inputs } from '../../quantization/rewrite/int8-inputs';
import { materialize } from '../../quantization/rewrite/materialize';
import { biasDecisions } from '../../quantization/rewrite/bias-correction';
import { roundingDecisions } from '../../quantization/rewrite/weight-rounding';
import { graphFacts } from '../../quantization/rules/graph-facts';
import { fp16Hazards } from '../../quantization/fp16/fp16-hazards';
import type { RangeFacts } from '../../quantization/rules/range-facts';
import { withFp16Io } from '../../quantization/fp16/fp16-io';
import { countNodes, placeQdq, quantizeModel, rangeFacts } from '../../quantization/rewrite/quantize';
import { WeightScales } from '../../quantization/rewrite/weight-scales';
import { checkRuns, checkStructure } from './check-written';
import type { ExplainParams, ExplainResult, RewriteParams, RewriteResult } from '../pool/protocol';

/** The prepared model of the latest request, with the maxima of its weights; edits of the plan reuse them. */
let latest: { readonly dir: string; readonly model: Model; readonly weights: WeightScales } | null = null;

export function openPrepared(dir: string): { readonly model: Model; readonly weights: WeightScales } {
  if (latest?.dir !== dir) {
    const model = loadPrepared(dir);
    latest = { dir, model, weights: new WeightScales(model) };
  }
  return latest;
}

/** The prepared model with pruned weights, which are copies. */
function openPruned(dir: string): { readonly model: Model; readonly weights: WeightScales } {
  const model = withPrunedWeights(openPrepared(dir).model);
  return { model, weights: new WeightScales(model) };
}

/**
 * Places Q/DQ and casts as planned and writes the model, self-contained or referring to the prepared weights. A model
 * that is invalid, or does not run although `mustRun` is set, is not kept.
 */
export async function rewrite(params: RewriteParams, context: TaskContext): Promise<RewriteResult> {
  const { model, weights } = params.isPruned ? openPruned(params.preparedDir) : openPrepared(params.preparedDir);
  const { target, plan, thresholds, ranges, activationType, purpose, format, biases = [], roundings = [] } = params;
  const quantized = quantizeModel({
    model,
    target,
    plan,
    thresholds,
    ranges,
    activationType,
    purpose,
    biases,
    roundings,
    weights,
    ...(format === undefined ? {} : { format }),
    ...(params.hasHalfWeights ? { hasHalfWeights: true } : {}),
  });
  const { hasFp16 } = quantized;
  const decisions = withRescaling(quantized.decisions, params.preparedDir);
  const inputs =
    params.int8Inputs === true
      ? withInt8Inputs(quantized.model, quantized.scales, withInputThresholds(model, thresholds))
      : null;
  const inputScales = inputs === null ? {} : { inputScales: inputs.inputScales };
  const rewritten = inputs?.model ?? quantized.model;
  const full = params.materialize ? materialize(rewritten, context) : rewritten;
  const made =
    params.io === undefined || params.io === 'fp32' ? full : withFp16Io(full, { inputs: params.io === 'fp16' });
  const nodes = countNodes(made);
  if (params.outPath === null) return { nodes, decisions, hasFp16, sizeBytes: 0, ...inputScales };
  const written = { target, prepared: model, made, hasFp16 };
  checkStructure(written);
  const external = params.materialize ? {} : { externalTo: preparedWeights(params.preparedDir) };
  const check = params.mustRun ? { check: (path: string, bytes: number) => checkRuns(path, bytes, written) } : {};
  const { sizeBytes } = await writeModel(made, params.outPath, context, { ...external, ...check });
  return { nodes, decisions, hasFp16, sizeBytes, ...inputScales };
}

/** The decision for every layer under a plan, and the hazards of FP16. Uses ranges and weights; runs no model. */
export async function explain(params: ExplainParams, context: TaskContext): Promise<ExplainResult> {
  throwIfAborted(context.signal);
  const { model, weights } = openPrepared(params.preparedDir);
  const ranges = rangeFacts(weights, params.ranges);
  const hazards = hazardsOf(model, ranges, params.ranges);
  const placement = placeQdq(model, params.plan, params.target, { ranges, thresholds: params.thresholds });
  const quantized = new Set(placement.weights.map(({ layer }) => layer));
  const repaired = [
    ...biasDecisions((params.biases ?? []).filter(({ owner }) => quantized.has(owner))),
    ...roundingDecisions((params.roundings ?? []).filter(({ layer }) => quantized.has(layer))),
  ];
  const { decisions } = placement;
  const explained = withRescaling([...decisions, ...repaired], params.preparedDir);
  return Promise.resolve({ decisions: explained, hazards });
}

/** The hazards of the latest request. They depend on the model and the calibration, not on the plan. */
let latestHazards: {
  readonly model: Model;
  readonly ranges: TensorRanges;
  readonly hazards: ExplainResult['hazards'];
} | null = null;

/** The hazards of FP16 for each layer, by layer name; layers without a hazard are omitted. */
function hazardsOf(model: Model, facts: RangeFacts, ranges: TensorRanges): ExplainResult['hazards'] {
  if (latestHazards?.model === model && haveEqualRanges(latestHazards.ranges, ranges)) return latestHazards.hazards;
  const graph = graphFacts(model);
  const found = graph.nodes
    .map((node) => [node.name, fp16Hazards(graph, node, facts)] as const)
    .filter(([, own]) => own.length > 0);
  latestHazards = { model, ranges, hazards: Object.fromEntries(found) };
  return latestHazards.hazards;
}

function haveEqualRanges(a: TensorRanges, b: TensorRanges): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => {
      const [own, other] = [ownValue(a, name), ownValue(b, name)];
      return own !== undefined && own.every((value, i) => value === other?.[i]) && own.length === other?.length;
    })
  );
}

/** Adds the changes that equalization and smoothing made to the layers of the model. */
function withRescaling<Format extends LayerFormat>(
  decisions: readonly PlacementDecision<Format | Precision>[],
  preparedDir: string,
): readonly PlacementDecision<Format | Precision>[] {
  const { equalized, smoothed } = preparedFacts(preparedDir);
  const layers = [...(equalized?.layers ?? []), ...(smoothed?.layers ?? [])];
  const precisions = new Map<string, Format | Precision>(
    decisions.filter(({ tensor }) => tensor === undefined).map(({ layer, precision }) => [layer, precision]),
  );
  return [
    ...decisions,
    ...layers.map(({ layer, op, weight, code, reason }): PlacementDecision<Format | Precision> => ({
      layer: layerId(layer),
      op,
      precision: precisions.get(layer) ?? 'fp32',
      code,
      reason,
      tensor: weight,
    })),
  ];
}
