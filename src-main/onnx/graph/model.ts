/**
 * ONNX messages as immutable plain data, named as in onnx.proto (camelCase). Edits create new objects; an object that
 * was read and not replaced is written back byte for byte (see the wire codec).
 */

/** The values of onnx.TensorProto.DataType that this code uses. */
export const DataType = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
} as const;

/** Protobuf fields that this version does not know, kept verbatim and written back after the known ones. */
export interface WithUnknown {
  readonly unknownFields?: Uint8Array;
}

export interface Model extends WithUnknown {
  readonly irVersion: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: number;
  readonly docString?: string;
  readonly graph: Graph;
  readonly opsetImport: readonly OperatorSetId[];
  readonly metadataProps: readonly StringEntry[];
}

export interface OperatorSetId extends WithUnknown {
  /** '' and 'ai.onnx' are the same domain. */
  readonly domain: string;
  readonly version: number;
}

export interface StringEntry extends WithUnknown {
  readonly key: string;
  readonly value: string;
}

export interface Graph extends WithUnknown {
  readonly node: readonly Node[];
  readonly name: string;
  readonly initializer: readonly Tensor[];
  readonly docString?: string;
  readonly input: readonly ValueInfo[];
  readonly output: readonly ValueInfo[];
  readonly valueInfo: readonly ValueInfo[];
}

export interface Node extends WithUnknown {
  /** '' marks an omitted optional input. */
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly Attribute[];
  readonly docString?: string;
}

export type AttributeValue =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  /** Any other kind (type_proto, sparse tensors, references): kept without interpretation. */
  | { readonly kind: 'other' };

export interface Attribute extends WithUnknown {
  readonly name: string;
  readonly value: AttributeValue;
  readonly docString?: string;
}

/** The location of the bytes of a tensor. Large tensors of a file are loaded only when they are read. */
export type TensorData =
  /** Little-endian values, the layout of raw_data. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** A range of a file that exists: the .onnx itself (inline raw_data, packed float_data) or an external data file. */
  | { readonly kind: 'file'; readonly path: string; readonly offset: number; readonly length: number }
  | { readonly kind: 'strings'; readonly values: readonly Uint8Array[] };

export interface Tensor extends WithUnknown {
  readonly name: string;
  readonly dims: readonly number[];
  /** onnx.TensorProto.DataType */
  readonly dataType: number;
  readonly data: TensorData;
  readonly docString?: string;
}

export type Dimension =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'unknown' };

/** Name and type of a graph input, output or intermediate tensor. */
export interface ValueInfo extends WithUnknown {
  readonly name: string;
  /** null when the type is not a dense tensor (sequence, map, sparse) or absent. */
  readonly tensorType: { readonly elemType: number; readonly shape: readonly Dimension[] | null } | null;
  readonly docString?: string;
}
