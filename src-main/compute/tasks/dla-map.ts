import { EMPTY_PLAN, precisionOf } from '../../../src-shared/domain/project/precision';
import type { DlaMap } from '../../../src-shared/domain/engines/dla-map';
import { evaluateConstants } from '../../backends/evaluate-constants';
import { foldConstants } from '../../onnx/passes/fold-constants';
import { importModel } from '../../onnx/passes/import-model';
import { prepareModel } from '../../onnx/passes/prepare';
import { readModel } from '../../onnx/wire/wire-reader';
import { placeForDla } from '../../quantization/placement/dla-placement';

/** Plans a model file, as preparation would leave it, for DLA with all layers in INT8. */
export async function dlaMap({ modelPath }: { readonly modelPath: string }): Promise<DlaMap> {
  const folded = await foldConstants(importModel(readModel(modelPath)).model, evaluateConstants);
  return placeForDla(prepareModel(folded.model).model, (layer) => precisionOf(EMPTY_PLAN, layer));
}
