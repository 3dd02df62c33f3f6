import { layerId } from '../../../src-shared/base/brand';
import { throwIfAborted } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { PlacementDecision, Precision } from '../../../src-shared/domain/project/precision';
import type { Model } from '../../onnx/graph/model';
import { loadPrepared, preparedWeights } from '../../onnx/passes/prepared-store';
import { writeModel } from '../../onnx/wire/wire-writer';
import { materialize } from '../../quantization/rewrite/materialize';
import { biasDecisions } from '../../quantization/rewrite/bias-correction';
import { graphFacts } from '../../quantization/rules/graph-facts';
import { fp16Hazards } from '../../quantization/fp16/fp16-hazards';
import { withFp16Io } from '../../quantization/fp16/fp16-io';
import { countNodes, placeQdq, quantizeModel, rangeFacts } from '../../quantization/rewrite/quantize';
import { WeightScales } from '../../quantization/rewrite/weight-scales';
import { checkRuns, checkStructure } from './check-written';
import { preparedFacts } from './prepare';
import type { ExplainParams, ExplainResult, RewriteParams, RewriteResult } from '../pool/protocol';

/** The prepared model that was rewritten last, with what was read of its weights: a toggle must not read them again. */
let latest: { readonly dir: string; readonly model: Model; readonly weights: WeightScales } | null = null;

function openPrepared(dir: string): { readonly model: Model; readonly weights: WeightScales } {
  if (latest?.dir !== dir) {
    const model = loadPrepared(dir);
    latest = { dir, model, weights: new WeightScales(model) };
  }
  return latest;
}

/**
 * Places Q/DQ and casts as planned and writes the model, self-contained or referring to the prepared weights. A model that is
 * not valid, or with `mustRun` does not run, is not kept.
 */
export async function rewrite(params: RewriteParams, context: TaskContext): Promise<RewriteResult> {
  const { model, weights } = openPrepared(params.preparedDir);
  const { target, plan, thresholds, ranges, activationType, purpose, biases = [] } = params;
  const quantized = quantizeModel({
    model,
    target,
    plan,
    thresholds,
    ranges,
    activationType,
    purpose,
    biases,
    weights,
  });
  const { hasFp16 } = quantized;
  const decisions = withEqualization(quantized.decisions, params.preparedDir);
  const full = params.materialize ? materialize(quantized.model, context) : quantized.model;
  const made = params.io === 'fp16' ? withFp16Io(full) : full;
  const nodes = countNodes(made);
  if (params.outPath === null) return { nodes, decisions, hasFp16, sizeBytes: 0 };
  const written = { target, prepared: model, made, hasFp16 };
  checkStructure(written);
  const external = params.materialize ? {} : { externalTo: preparedWeights(params.preparedDir) };
  const check = params.mustRun ? { check: (path: string, bytes: number) => checkRuns(path, bytes, written) } : {};
  const { sizeBytes } = await writeModel(made, params.outPath, context, { ...external, ...check });
  return { nodes, decisions, hasFp16, sizeBytes };
}

/** What a plan makes of every layer, and what FP16 would do to it; from the stored ranges and the weights, nothing is run. */
export async function explain(params: ExplainParams, context: TaskContext): Promise<ExplainResult> {
  throwIfAborted(context.signal);
  const { model, weights } = openPrepared(params.preparedDir);
  const ranges = rangeFacts(weights, params.ranges);
  const facts = graphFacts(model);
  const hazards = facts.nodes
    .map((node) => [node.name, fp16Hazards(facts, node, ranges)] as const)
    .filter(([, found]) => found.length > 0);
  const { decisions } = placeQdq(model, params.plan, params.target, { ranges, thresholds: params.thresholds });
  const explained = withEqualization([...decisions, ...biasDecisions(params.biases ?? [])], params.preparedDir);
  return Promise.resolve({ decisions: explained, hazards: Object.fromEntries(hazards) });
}

/** Decisions, and what equalization made of the prepared model's layers; nothing more where it was not asked for. */
function withEqualization(decisions: readonly PlacementDecision[], preparedDir: string): readonly PlacementDecision[] {
  const layers = preparedFacts(preparedDir).equalized?.layers ?? [];
  const precisions = new Map<string, Precision>(
    decisions.filter(({ tensor }) => tensor === undefined).map(({ layer, precision }) => [layer, precision]),
  );
  return [
    ...decisions,
    ...layers.map(({ layer, op, weight, code, reason }): PlacementDecision => ({
      layer: layerId(layer),
      op,
      precision: precisions.get(layer) ?? 'fp32',
      code,
      reason,
      tensor: weight,
    })),
  ];
}
