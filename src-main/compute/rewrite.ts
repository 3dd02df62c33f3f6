import { throwIfAborted } from '../../src-shared/base/errors';
import type { TaskContext } from '../../src-shared/contract/progress';
import type { Model } from '../onnx/model';
import { loadPrepared, preparedWeights } from '../onnx/prepared-store';
import { writeModel } from '../onnx/wire-writer';
import { materialize } from '../quantization/materialize';
import { graphFacts } from '../quantization/graph-facts';
import { halfHazards } from '../quantization/half-hazards';
import { withHalfIo } from '../quantization/half-io';
import { countNodes, placeQdq, quantizeModel, rangeFacts } from '../quantization/quantize';
import { WeightScales } from '../quantization/weight-scales';
import type { ExplainParams, ExplainResult, RewriteParams, RewriteResult } from './protocol';

/** The prepared model that was rewritten last, with what was read of its weights: a toggle must not read them again. */
let latest: { readonly dir: string; readonly model: Model; readonly weights: WeightScales } | null = null;

function openPrepared(dir: string): { readonly model: Model; readonly weights: WeightScales } {
  if (latest?.dir !== dir) {
    const model = loadPrepared(dir);
    latest = { dir, model, weights: new WeightScales(model) };
  }
  return latest;
}

/** Places Q/DQ and casts as planned and writes the model, self-contained or referring to the prepared weights. */
export async function rewrite(params: RewriteParams, context: TaskContext): Promise<RewriteResult> {
  const { model, weights } = openPrepared(params.preparedDir);
  const { target, plan, thresholds, ranges, activationType, purpose } = params;
  const quantized = quantizeModel({ model, target, plan, thresholds, ranges, activationType, purpose, weights });
  const { decisions, hasFp16 } = quantized;
  const full = params.materialize ? materialize(quantized.model, context) : quantized.model;
  const made = params.io === 'fp16' ? withHalfIo(full) : full;
  const nodes = countNodes(made);
  if (params.outPath === null) return { nodes, decisions, hasFp16, sizeBytes: 0 };
  const external = params.materialize ? {} : { externalTo: preparedWeights(params.preparedDir) };
  const { sizeBytes } = await writeModel(made, params.outPath, context, external);
  return { nodes, decisions, hasFp16, sizeBytes };
}

/** What a plan makes of every layer, and what FP16 would do to it; from the stored ranges and the weights, nothing is run. */
export async function explain(params: ExplainParams, context: TaskContext): Promise<ExplainResult> {
  throwIfAborted(context.signal);
  const { model, weights } = openPrepared(params.preparedDir);
  const ranges = rangeFacts(weights, params.ranges);
  const facts = graphFacts(model);
  const hazards = facts.nodes.map((node) => [node.name, halfHazards(facts, node, ranges)] as const).filter(([, found]) => found.length > 0);
  return Promise.resolve({ decisions: placeQdq(model, params.plan, params.target, ranges).decisions, hazards: Object.fromEntries(hazards) });
}
