import { WorkbenchError } from '../../src-shared/base/errors';
import type { ModelInspection, TensorDescription } from '../../src-shared/domain/inspection';
import { elementTypes } from './dtypes';
import { elementCount, elementTypeName, isFloatType } from './element-types';
import { GraphIndex } from './graph-index';
import { imageInputOf, shapeOf } from './image-input';
import { inspectionWarnings, isQuantizable } from './inspect-warnings';
import { graphMacs } from './layer-macs';
import type { Model, ValueInfo } from './model';
import { checkOpset, isDefaultDomain } from './opset';
import { checkDefined } from './passes/name-and-sort';

export { imageInputOf };

/**
 * What a model is, before anything is done with it. Only structure is read, no weights.
 * @param path as the user gave it, for the record.
 * @throws WorkbenchError 'model-unsupported' (opset outside 7..23) or 'model-invalid' (cycles, undefined tensors).
 */
export function inspectModel(model: Model, path: string): ModelInspection {
  const opset = checkOpset(model);
  checkDefined(model.graph);
  const index = new GraphIndex(model.graph);
  const types = elementTypes(model);
  const ops = new Map<string, number>();
  for (const node of model.graph.node) {
    const op = isDefaultDomain(node.domain) ? node.opType : `${node.domain}.${node.opType}`;
    ops.set(op, (ops.get(op) ?? 0) + 1);
  }
  const macs = graphMacs(model.graph).total;
  return {
    model: {
      path,
      opset,
      ir: model.irVersion,
      producer: [model.producerName, model.producerVersion].filter((text) => text !== undefined && text !== '').join(' '),
      inputs: index.graphInputs.map((value) => describe(value, types)),
      outputs: model.graph.output.map((value) => describe(value, types)),
      layers: model.graph.node.length,
      quantizable: model.graph.node.filter((node) => isQuantizable(node, types)).length,
      parameters: parametersOf(model),
      ...(macs === null ? {} : { macs }),
      ops: Object.fromEntries([...ops].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
    warnings: [...inspectionWarnings({ model, opset, index, types }), ...imageInputWarning(model)],
  };
}

function parametersOf({ graph }: Model): number {
  return graph.initializer.reduce((sum, { dataType, dims }) => sum + (isFloatType(dataType) ? elementCount(dims) : 0), 0);
}

function describe(value: ValueInfo, types: ReadonlyMap<string, number>): TensorDescription {
  const type = types.get(value.name) ?? value.tensorType?.elemType ?? 0;
  return { name: value.name, dtype: elementTypeName(type), shape: shapeOf(value) };
}

function imageInputWarning(model: Model): ModelInspection['warnings'] {
  try {
    imageInputOf(model);
    return [];
  } catch (error) {
    if (error instanceof WorkbenchError) return [{ code: 'no-image-input', message: error.message }];
    throw error;
  }
}
