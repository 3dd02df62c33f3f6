import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ModelInspection, TensorDescription } from '../../../src-shared/domain/project/inspection';
import { attrValue } from './attributes';
import { elementTypes } from './dtypes';
import { elementCount, elementTypeName, isFloatType } from './element-types';
import { GraphIndex } from './graph-index';
import { imageInputOf, imageInputs } from './image-input';
import { describeInput, shapeOf } from './model-inputs';
import { inspectionWarnings, isQuantizable } from './inspect-warnings';
import { graphMacs } from './layer-macs';
import type { Model, ValueInfo } from './model';
import { checkOpset, isDefaultDomain, isOp } from './opset';
import { constantExpressions } from '../passes/constant-expressions';
import { importModel } from '../passes/import-model';
import { checkDefined } from '../passes/name-and-sort';
import { isSparse, sparsityCandidates } from '../passes/sparse-weights';

export { imageInputOf };

/**
 * Describes a model before any processing. Reads the structure, and of weights only what tells whether they are sparse.
 * @param path as given by the user, for the record.
 * @throws WorkbenchError 'model-unsupported' (opset outside 7..26) or 'model-invalid' (cycles, undefined tensors).
 */
export function inspectModel(file: Model, path: string): ModelInspection {
  const opset = checkOpset(file);
  checkDefined(file.graph);
  const { model, notes } = importedOrAsItIs(file);
  checkInputSizes(model);
  const index = new GraphIndex(model.graph);
  const types = elementTypes(model);
  const folded = new Set(constantExpressions(model).map(({ name }) => name));
  const facts = { model, opset, index, types, folded };
  const ops = new Map<string, number>();
  for (const node of file.graph.node) {
    const op = isDefaultDomain(node.domain) ? node.opType : `${node.domain}.${node.opType}`;
    ops.set(op, (ops.get(op) ?? 0) + 1);
  }
  const typesOfFile = elementTypes(file);
  const macs = graphMacs(model.graph).total;
  const candidates = sparsityCandidates(model);
  const sparsity = {
    candidates: candidates.length,
    layers: candidates.filter(isSparse).map(({ node }) => node.name || (node.output[0] ?? '')),
  };
  return {
    model: {
      path,
      opset,
      ir: file.irVersion,
      producer: [file.producerName, file.producerVersion].filter((text) => text !== undefined && text !== '').join(' '),
      inputs: new GraphIndex(file.graph).graphInputs.map((value) => describe(value, typesOfFile)),
      outputs: file.graph.output.map((value) => describe(value, typesOfFile)),
      layers: file.graph.node.length,
      quantizable: model.graph.node.filter((node) => isQuantizable(node, facts)).length,
      parameters: parametersOf(model),
      ...(macs === null ? {} : { macs }),
      ...(candidates.length === 0 ? {} : { sparsity }),
      ops: Object.fromEntries([...ops].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
    warnings: [...notes, ...inspectionWarnings(facts), ...inputWarnings(model)],
  };
}

/** The imported model; if it cannot be imported, the file as it is and the reason. */
function importedOrAsItIs(file: Model): {
  readonly model: Model;
  readonly notes: ModelInspection['warnings'];
} {
  try {
    const { model, notes } = importModel(file);
    return { model, notes: notes.map(({ code, message }) => ({ code, message })) };
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'model-unsupported') throw error;
    const message = error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
    return { model: file, notes: [{ code: 'not-importable', message }] };
  }
}

/** Some exporters (Paddle, for example) write the weights as Constant nodes instead of initializers. */
function parametersOf({ graph }: Model): number {
  const constants = graph.node.flatMap((node) =>
    isOp(node, 'Constant') ? (attrValue(node, 'value', 'tensor')?.value ?? []) : [],
  );
  return [...graph.initializer, ...constants].reduce(
    (sum, { dataType, dims }) => sum + (isFloatType(dataType) ? elementCount(dims) : 0),
    0,
  );
}

/** The largest number of values of one image: 2 GiB in float32. */
const MAX_INPUT_ELEMENTS = 2 ** 29;

/** @throws WorkbenchError 'model-unsupported' for an input whose fixed dimensions are too large. */
function checkInputSizes(model: Model): void {
  for (const value of new GraphIndex(model.graph).graphInputs) {
    const count = (value.tensorType?.shape ?? []).reduce(
      (product, dim) => product * (dim.kind === 'value' ? Math.max(1, dim.value) : 1),
      1,
    );
    if (count <= MAX_INPUT_ELEMENTS) continue;
    throw new WorkbenchError(
      'model-unsupported',
      `Expected inputs of at most ${MAX_INPUT_ELEMENTS} values (2 GiB in float32), found ${describeInput(value)} ` +
        `with ${count}`,
      {
        hint: 'Export the model with the size of the images that it is used on.',
      },
    );
  }
}

function describe(value: ValueInfo, types: ReadonlyMap<string, number>): TensorDescription {
  const type = types.get(value.name) ?? value.tensorType?.elemType ?? 0;
  return { name: value.name, dtype: elementTypeName(type), shape: shapeOf(value) };
}

function inputWarnings(model: Model): ModelInspection['warnings'] {
  try {
    if (imageInputs(model).length > 0) return [];
    const found = new GraphIndex(model.graph).graphInputs.map(describeInput).join(', ');
    return [
      {
        code: 'no-image-input',
        message: `No input takes images (${found || 'there is none'}): its values come from arrays in .npz files`,
      },
    ];
  } catch (error) {
    if (error instanceof WorkbenchError) return [{ code: 'no-image-input', message: error.message }];
    throw error;
  }
}
