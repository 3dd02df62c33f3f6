import type { TaskContext } from '../../src-shared/contract/progress';
import type { Model } from '../onnx/model';
import { loadPrepared, preparedWeights } from '../onnx/prepared-store';
import { writeModel } from '../onnx/wire-writer';
import { materialize } from '../quantization/materialize';
import { countNodes, quantizeModel } from '../quantization/quantize';
import { WeightScales } from '../quantization/weight-scales';
import type { RewriteParams, RewriteResult } from './protocol';

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
  const { target, plan, thresholds, ranges, activationType } = params;
  const quantized = quantizeModel({ model, target, plan, thresholds, ranges, activationType, weights });
  const nodes = countNodes(quantized.model);
  const { decisions, hasFp16 } = quantized;
  if (params.outPath === null) return { nodes, decisions, hasFp16, sizeBytes: 0 };
  const { sizeBytes } = params.materialize
    ? await writeModel(materialize(quantized.model, context), params.outPath, context)
    : await writeModel(quantized.model, params.outPath, context, { externalTo: preparedWeights(params.preparedDir) });
  return { nodes, decisions, hasFp16, sizeBytes };
}
