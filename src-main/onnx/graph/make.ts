import {
  DataType,
  type Attribute,
  type AttributeValue,
  type Dimension,
  type Graph,
  type Model,
  type Node,
  type Tensor,
  type ValueInfo,
} from './model';
import { byteLength, elementCount } from './element-types';

const utf8 = new TextEncoder();

/** A tensor from raw_data bytes (little-endian, row-major). */
export function makeTensor(name: string, dataType: number, dims: readonly number[], bytes: Uint8Array): Tensor {
  return { name, dims, dataType, data: { kind: 'bytes', bytes } };
}

function packed(count: number, width: number, write: (view: DataView, i: number, at: number) => void): Uint8Array {
  const bytes = new Uint8Array(count * width);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) write(view, i, i * width);
  return bytes;
}

export function floatTensor(name: string, dims: readonly number[], values: ArrayLike<number>): Tensor {
  return makeTensor(
    name,
    DataType.FLOAT,
    dims,
    packed(values.length, 4, (view, i, at) => view.setFloat32(at, values[i] ?? 0, true)),
  );
}

export function int64Tensor(name: string, dims: readonly number[], values: ArrayLike<number | bigint>): Tensor {
  return makeTensor(
    name,
    DataType.INT64,
    dims,
    packed(values.length, 8, (view, i, at) => view.setBigInt64(at, BigInt(values[i] ?? 0), true)),
  );
}

export function int32Tensor(name: string, dims: readonly number[], values: ArrayLike<number>): Tensor {
  return makeTensor(
    name,
    DataType.INT32,
    dims,
    packed(values.length, 4, (view, i, at) => view.setInt32(at, values[i] ?? 0, true)),
  );
}

export function int8Tensor(name: string, dims: readonly number[], values: ArrayLike<number>): Tensor {
  return makeTensor(
    name,
    DataType.INT8,
    dims,
    packed(values.length, 1, (view, i, at) => view.setInt8(at, values[i] ?? 0)),
  );
}

export function uint8Tensor(name: string, dims: readonly number[], values: ArrayLike<number>): Tensor {
  return makeTensor(
    name,
    DataType.UINT8,
    dims,
    packed(values.length, 1, (view, i, at) => view.setUint8(at, values[i] ?? 0)),
  );
}

/** FLOAT16 from bit patterns. */
export function fp16Tensor(name: string, dims: readonly number[], bits: ArrayLike<number>): Tensor {
  return makeTensor(name, DataType.FLOAT16, dims, new Uint8Array(Uint16Array.from(bits).buffer));
}

/** A tensor of zeros of any element type. */
export function zeroTensor(name: string, dataType: number, dims: readonly number[]): Tensor {
  const bytes = byteLength(dataType, elementCount(dims));
  if (bytes === null) throw new Error(`Assertion failed: elements of type ${dataType} have no size`);
  return makeTensor(name, dataType, dims, new Uint8Array(bytes));
}

export function floatScalar(name: string, value: number): Tensor {
  return floatTensor(name, [], [value]);
}

/** A float32 graph output of unknown shape. */
export function floatOutput(name: string): ValueInfo {
  return { name, tensorType: { elemType: DataType.FLOAT, shape: null } };
}

export function floatAttr(name: string, value: number): Attribute {
  return attribute(name, { kind: 'float', value: Math.fround(value) });
}

export function intAttr(name: string, value: number | bigint): Attribute {
  return attribute(name, { kind: 'int', value: BigInt(value) });
}

export function intsAttr(name: string, values: readonly (number | bigint)[]): Attribute {
  return attribute(name, { kind: 'ints', value: values.map(BigInt) });
}

export function floatsAttr(name: string, values: readonly number[]): Attribute {
  return attribute(name, { kind: 'floats', value: values.map(Math.fround) });
}

export function stringAttr(name: string, value: string): Attribute {
  return attribute(name, { kind: 'string', value: utf8.encode(value) });
}

export function tensorAttr(name: string, value: Tensor): Attribute {
  return attribute(name, { kind: 'tensor', value });
}

export function graphAttr(name: string, value: Graph): Attribute {
  return attribute(name, { kind: 'graph', value });
}

function attribute(name: string, value: AttributeValue): Attribute {
  return { name, value };
}

export interface NodeOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: readonly Attribute[];
}

/** A node; `''` marks an omitted optional input. */
export function makeNode(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  options: NodeOptions = {},
): Node {
  return {
    opType,
    input,
    output,
    name: options.name ?? '',
    domain: options.domain ?? '',
    attribute: options.attributes ?? [],
  };
}

/** Name and type of a tensor; a text in `shape` is a symbolic dimension, null an unknown rank. */
export function makeValueInfo(name: string, elemType: number, shape: readonly (number | string)[] | null): ValueInfo {
  const dims =
    shape?.map((dim): Dimension =>
      typeof dim === 'number' ? { kind: 'value', value: dim } : { kind: 'param', name: dim },
    ) ?? null;
  return { name, tensorType: { elemType, shape: dims } };
}

/** A model of the default operator set. */
export function makeModel(graph: Graph, opset: number, irVersion = 8): Model {
  return {
    irVersion,
    producerName: 'calibration-workbench',
    graph,
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: [],
  };
}
