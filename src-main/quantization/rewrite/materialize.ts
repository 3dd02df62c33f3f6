import { attrInt } from '../../onnx/graph/attributes';
import { elementCount } from '../../onnx/graph/element-types';
import { makeTensor } from '../../onnx/graph/make';
import { DataType, type Model, type Node, type Tensor } from '../../onnx/graph/model';
import { capturedNames } from '../../onnx/graph/subgraphs';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import { throwIfAborted } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import {
  e4m3Bits,
  fp16Bits,
  packInt4,
  quantizeInt4,
  quantizeWeight,
  SYMMETRIC_UINT8_ZERO,
} from '../rules/number-formats';
import { blockIndex } from './block-scales';

/**
 * Converts the weights of a model to the types in which it uses them. An initializer that is only read through
 * QuantizeLinear becomes INT8 (-127 to 127), UINT8 (128 more), FP8 or INT4 (two in a byte), and one that is read
 * through a Cast to FP16 becomes FP16. These nodes and the float initializers are removed. Reads one tensor at a time
 * and holds only the results in memory (a quarter or half of the float weights).
 * @throws WorkbenchError 'cancelled'.
 */
export function materialize(model: Model, context: TaskContext = {}): Model {
  const initializers = new Map(model.graph.initializer.map((tensor) => [tensor.name, tensor]));
  const candidates = model.graph.node.filter((node) => isWeightNode(node, initializers));
  const converted = new Map<string, Tensor>();
  for (const [done, node] of candidates.entries()) {
    throwIfAborted(context.signal);
    context.onProgress?.({ phase: 'converting weights', done, total: candidates.length, unit: 'tensors' });
    const [output = ''] = node.output;
    converted.set(output, convert(node, output, initializers));
  }
  const gone = new Set(candidates);
  const node = model.graph.node.filter((each) => !gone.has(each));
  const used = new Set([
    ...node.flatMap((each) => [...each.input, ...capturedNames(each)]),
    ...model.graph.output.map((output) => output.name),
  ]);
  const initializer = [...model.graph.initializer, ...converted.values()].filter((tensor) => used.has(tensor.name));
  const input = model.graph.input.filter((info) => !initializers.has(info.name) || used.has(info.name));
  return { ...model, graph: { ...model.graph, node, initializer, input } };
}

function isWeightNode(node: Node, initializers: ReadonlyMap<string, Tensor>): boolean {
  if (initializers.get(node.input[0] ?? '')?.dataType !== DataType.FLOAT) return false;
  if (node.opType === 'Cast') return attrInt(node, 'to', 0) === DataType.FLOAT16;
  return node.opType === 'QuantizeLinear' && initializers.has(node.input[2] ?? '');
}

function convert(node: Node, name: string, initializers: ReadonlyMap<string, Tensor>): Tensor {
  const source = required(initializers, node.input[0]);
  const values = tensorAsFloat32(source);
  if (node.opType === 'Cast') return makeTensor(name, DataType.FLOAT16, source.dims, fp16Bytes(values));
  const scales = tensorAsFloat32(required(initializers, node.input[1]));
  const { dataType } = required(initializers, node.input[2]);
  const axis = attrInt(node, 'axis', 1);
  if (dataType === DataType.INT4) {
    const scaleIndex = blockIndex(source.dims, 1 - axis, attrInt(node, 'block_size', 0));
    const quantized = Int8Array.from(values, (value, i) => quantizeInt4(value, scales[scaleIndex(i)] ?? 1));
    return makeTensor(name, dataType, source.dims, packInt4(quantized));
  }
  const scaleOf = channelScales(source.dims, axis, scales);
  if (dataType === DataType.FLOAT8E4M3FN) {
    const bytes = Uint8Array.from(values, (value, i) => e4m3Bits(Math.fround(value / scaleOf(i))));
    return makeTensor(name, dataType, source.dims, bytes);
  }
  const bytes = new Uint8Array(Int8Array.from(values, (value, i) => quantizeWeight(value, scaleOf(i))).buffer);
  // Adding 128 to a byte in two's complement flips its highest bit.
  return makeTensor(
    name,
    dataType,
    source.dims,
    dataType === DataType.UINT8 ? bytes.map((byte) => byte ^ SYMMETRIC_UINT8_ZERO) : bytes,
  );
}

function required(initializers: ReadonlyMap<string, Tensor>, name = ''): Tensor {
  const tensor = initializers.get(name);
  if (!tensor) throw new Error(`Assertion failed: no initializer ${name}`);
  return tensor;
}

function fp16Bytes(values: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 2));
  for (let i = 0; i < values.length; i++) view.setUint16(i * 2, fp16Bits(values[i] ?? 0), true);
  return new Uint8Array(view.buffer);
}

/** The scale of each value in row-major order: one for all values, or one per index of `axis`. */
function channelScales(dims: readonly number[], axis: number, scales: Float32Array): (valueIndex: number) => number {
  const inner = elementCount(dims.slice(axis + 1));
  const { length } = scales;
  return (i) => scales[length === 1 ? 0 : Math.floor(i / inner) % length] ?? 1;
}
