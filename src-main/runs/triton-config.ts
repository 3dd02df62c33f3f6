import { WorkbenchError } from '../../src-shared/base/errors';
import { DataType, type Dimension, type Graph, type ValueInfo } from '../onnx/graph/model';

const DEFAULT_MAX_BATCH = 32;

/** Triton's names of element types (model configuration documentation, "Datatypes"). */
const TRITON_TYPES: Readonly<Record<number, string>> = {
  [DataType.FLOAT]: 'TYPE_FP32',
  [DataType.FLOAT16]: 'TYPE_FP16',
  [DataType.DOUBLE]: 'TYPE_FP64',
  [DataType.INT8]: 'TYPE_INT8',
  [DataType.UINT8]: 'TYPE_UINT8',
  [DataType.INT16]: 'TYPE_INT16',
  [DataType.INT32]: 'TYPE_INT32',
  [DataType.INT64]: 'TYPE_INT64',
  [DataType.BOOL]: 'TYPE_BOOL',
};

/**
 * config.pbtxt for Triton's onnxruntime backend. When the first axis of every input and output is symbolic, Triton
 * batches over it; otherwise shapes are given whole and max_batch_size is 0.
 */
export function tritonConfig(name: string, graph: Graph): string {
  const tensors = [...graph.input, ...graph.output];
  const batches = tensors.every(
    (tensor) => tensor.tensorType?.shape?.[0] !== undefined && tensor.tensorType.shape[0].kind !== 'value',
  );
  const section = (title: string, list: readonly ValueInfo[]): string =>
    `${title} [\n${list.map((tensor) => entry(tensor, batches)).join(',\n')}\n]\n`;
  return [
    `name: ${JSON.stringify(name)}`,
    'backend: "onnxruntime"',
    `max_batch_size: ${batches ? DEFAULT_MAX_BATCH : 0}`,
    section('input', graph.input) + section('output', graph.output),
  ].join('\n');
}

function entry(tensor: ValueInfo, batches: boolean): string {
  const type = tensor.tensorType ? TRITON_TYPES[tensor.tensorType.elemType] : undefined;
  const shape = tensor.tensorType?.shape;
  if (type === undefined || !shape) {
    throw new WorkbenchError(
      'model-unsupported',
      `Triton needs the type and rank of "${tensor.name}", which the model does not declare`,
    );
  }
  const dims = (batches ? shape.slice(1) : shape).map(dimension);
  return `  {\n    name: ${JSON.stringify(tensor.name)}\n    data_type: ${type}\n    dims: [ ${dims.join(', ')} ]\n  }`;
}

function dimension(dim: Dimension): number {
  return dim.kind === 'value' ? dim.value : -1;
}
