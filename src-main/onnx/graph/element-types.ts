import { DataType } from './model';

interface ElementType {
  readonly name: string;
  /** 0 for strings, which have no fixed size. */
  readonly bits: number;
}

/** onnx.TensorProto.DataType by number (onnx.proto3, release 1.19). */
const ELEMENT_TYPES: Readonly<Record<number, ElementType>> = {
  1: { name: 'float32', bits: 32 },
  2: { name: 'uint8', bits: 8 },
  3: { name: 'int8', bits: 8 },
  4: { name: 'uint16', bits: 16 },
  5: { name: 'int16', bits: 16 },
  6: { name: 'int32', bits: 32 },
  7: { name: 'int64', bits: 64 },
  8: { name: 'string', bits: 0 },
  9: { name: 'bool', bits: 8 },
  10: { name: 'float16', bits: 16 },
  11: { name: 'float64', bits: 64 },
  12: { name: 'uint32', bits: 32 },
  13: { name: 'uint64', bits: 64 },
  14: { name: 'complex64', bits: 64 },
  15: { name: 'complex128', bits: 128 },
  16: { name: 'bfloat16', bits: 16 },
  17: { name: 'float8e4m3fn', bits: 8 },
  18: { name: 'float8e4m3fnuz', bits: 8 },
  19: { name: 'float8e5m2', bits: 8 },
  20: { name: 'float8e5m2fnuz', bits: 8 },
  21: { name: 'uint4', bits: 4 },
  22: { name: 'int4', bits: 4 },
  23: { name: 'float4e2m1', bits: 4 },
  24: { name: 'float8e8m0', bits: 8 },
};

/** `float32`, `int64`, ...; a number that ONNX does not define (yet) becomes `type N`, 0 `undefined`. */
export function elementTypeName(dataType: number): string {
  return dataType === 0 ? 'undefined' : (ELEMENT_TYPES[dataType]?.name ?? `type ${dataType}`);
}

export function isFloatType(dataType: number): boolean {
  return (
    dataType === DataType.FLOAT ||
    dataType === DataType.FLOAT16 ||
    dataType === DataType.BFLOAT16 ||
    dataType === DataType.DOUBLE
  );
}

/** Bytes of `count` elements in raw_data layout, or null when the type has no fixed size or is not known. */
export function byteLength(dataType: number, count: number): number | null {
  const bits = ELEMENT_TYPES[dataType]?.bits ?? 0;
  return bits === 0 ? null : Math.ceil((count * bits) / 8);
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
