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
  FLOAT8E4M3FN: 17,
  INT4: 22,
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
  /** Model-local functions; absent if there are none. */
  readonly functions?: readonly ModelFunction[];
  readonly metadataProps: readonly StringEntry[];
}

export interface OperatorSetId extends WithUnknown {
  /** '' and 'ai.onnx' are the same domain. */
  readonly domain: string;
  readonly version: number;
}

/** A model-local function: an operator whose body the model itself carries (FunctionProto in onnx.proto). */
export interface ModelFunction extends WithUnknown {
  readonly name: string;
  readonly domain: string;
  /** Tells functions of the same name apart; '' for most. */
  readonly overload: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  /** Names of the attributes that have no default. */
  readonly attribute: readonly string[];
  readonly attributeDefault: readonly Attribute[];
  readonly node: readonly Node[];
  /** The operator sets of the body, which may differ from those of the model. */
  readonly opsetImport: readonly OperatorSetId[];
  readonly valueInfo: readonly ValueInfo[];
  readonly docString?: string;
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
  /** Which of the functions of that name is called; absent for most nodes. */
  readonly overload?: string;
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
  /** In the body of a function: the value of the call's attribute of that name (ref_attr_name). */
  | { readonly kind: 'reference'; readonly to: string }
  /** Any other kind (type_proto, sparse tensors): kept without interpretation. */
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
  | { readonly kind: 'strings'; readonly values: readonly Uint8Array[] }
  /** Made from other values when they are read, such as FP16 weights of a file as float32. */
  | { readonly kind: 'computed'; readonly length: number; readonly compute: () => Uint8Array };

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
