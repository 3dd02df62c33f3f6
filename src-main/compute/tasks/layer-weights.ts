import type { LayerWeightsView } from '../../../src-shared/domain/analysis/layer-weights';
import { evaluateConstants } from '../../backends/evaluate-constants';
import { foldConstants } from '../../onnx/passes/fold-constants';
import { importModel } from '../../onnx/passes/import-model';
import { prepareModel } from '../../onnx/passes/prepare';
import { readModel } from '../../onnx/wire/wire-reader';
import { weightReport } from '../../quantization/rewrite/weight-report';
import { WeightScales } from '../../quantization/rewrite/weight-scales';
import type { LayerWeightsParams } from '../pool/protocol';
import { openPrepared } from './rewrite';

/** The INT8 errors of weights: of a project's prepared model, or of a model file as preparation would leave it. */
export async function layerWeights(params: LayerWeightsParams): Promise<readonly LayerWeightsView[]> {
  if ('modelPath' in params) {
    const folded = await foldConstants(importModel(readModel(params.modelPath)).model, evaluateConstants);
    const { model } = prepareModel(folded.model);
    return weightReport(model, new WeightScales(model));
  }
  const { model, weights } = openPrepared(params.preparedDir);
  const { tensor } = params;
  return weightReport(model, weights, (node) => tensor === undefined || node.input[0] === tensor);
}
