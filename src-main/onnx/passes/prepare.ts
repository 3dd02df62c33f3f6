import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Graph, Model } from '../graph/model';
import { checkOpset } from '../graph/opset';
import { constantsToInitializers } from './constants-to-initializers';
import { dropStaleValueInfo, dropUnusedInitializers, fixInitializers } from './drop-unused-initializers';
import { foldBatchNorm } from './fold-batch-norm';
import { checkDefined, nameAndSort } from './name-and-sort';
import type { PrepareNote } from './note';
import { hasUnknownField } from '../wire/unknown-fields';
import { removeIdentities } from './remove-identities';
import { upgradeOpset } from './upgrade-opset';

export type { PrepareNote } from './note';

export interface PreparedModel {
  readonly model: Model;
  readonly notes: readonly PrepareNote[];
}

/** GraphProto.sparse_initializer in onnx.proto. */
const SPARSE_INITIALIZER_FIELD = 15;
/** Initializers that are not graph inputs exist since this IR version. */
const MIN_IR_VERSION = 4;

/**
 * The prepared model: the same function with the same input and output names, in the form that calibration and
 * quantization work on. Opset 13 or later; Constant nodes are initializers, Identity and Dropout are gone,
 * BatchNormalization is folded where it can be, initializers are no inputs, every node has a unique name and stands
 * after its producers. Weights that do not change stay where they are on disk; preparing a prepared model changes
 * nothing.
 * @throws WorkbenchError 'model-unsupported' (opset outside 7..26, an operator that cannot be upgraded exactly) or
 *   'model-invalid' (cycles, undefined tensors).
 */
export function prepareModel(model: Model): PreparedModel {
  checkOpset(model);
  checkDense(model.graph);
  checkDefined(model.graph);
  const notes: PrepareNote[] = [];
  const fixed = withGraph(model, constantsToInitializers(fixInitializers(model.graph)));
  const upgraded = upgradeOpset(fixed, notes);
  const folded = foldBatchNorm(removeIdentities(upgraded.graph, notes), notes);
  const graph = nameAndSort(dropStaleValueInfo(dropUnusedInitializers(folded)));
  const prepared = withGraph(upgraded, graph);
  return { model: prepared.irVersion >= MIN_IR_VERSION ? prepared : { ...prepared, irVersion: MIN_IR_VERSION }, notes };
}

function withGraph(model: Model, graph: Graph): Model {
  return graph === model.graph ? model : { ...model, graph };
}

/** Sparse initializers are kept as bytes only, so their names would seem undefined. */
function checkDense(graph: Graph): void {
  if (!hasUnknownField(graph, SPARSE_INITIALIZER_FIELD)) return;
  throw new WorkbenchError('model-unsupported', 'The model has sparse initializers, expected dense ones', {
    hint: 'Export the model again with dense weights.',
  });
}
