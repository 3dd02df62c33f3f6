import { WorkbenchError } from '../../../src-shared/base/errors';
import { FileSource } from '../wire/byte-source';
import { elementTypeName } from './element-types';
import { float16ToFloat32 } from './fp16';
import { DataType, type Tensor } from './model';

/** The largest tensor that is loaded as one array, near the limit of typed arrays on every platform. */
const MAX_LOAD_BYTES = 0x7fff_ffff;

/**
 * The values of the tensor in the layout of raw_data (little-endian), read from disk if necessary. The result may share
 * memory with the tensor and must not be changed.
 * @throws WorkbenchError 'model-unsupported' (strings, above 2 GiB), 'not-found' or 'model-invalid' (the file is
 *   missing or too short).
 */
export function tensorBytes(tensor: Tensor): Uint8Array {
  const { data } = tensor;
  if (data.kind === 'bytes') return data.bytes;
  if (data.kind === 'computed') return data.compute();
  if (data.kind === 'strings')
    throw new WorkbenchError('model-unsupported', `Tensor "${tensor.name}" holds strings, expected numbers`);
  if (data.length > MAX_LOAD_BYTES) {
    throw new WorkbenchError(
      'model-unsupported',
      `Tensor "${tensor.name}" has ${data.length} bytes, expected at most ${MAX_LOAD_BYTES} for one that must be ` +
        'loaded',
    );
  }
  const source = new FileSource(data.path);
  try {
    if (data.offset + data.length > source.sizeBytes) {
      throw new WorkbenchError(
        'model-invalid',
        `${data.path} is shorter than it was: tensor "${tensor.name}" ends at byte ${data.offset + data.length}, ` +
          `found ${source.sizeBytes} bytes`,
      );
    }
    return source.slice(data.offset, data.length);
  } finally {
    source.close();
  }
}

function viewOf(tensor: Tensor): DataView {
  const bytes = tensorBytes(tensor);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Values of a FLOAT, FLOAT16, BFLOAT16 or DOUBLE tensor, in row-major order, as a fresh array. */
export function tensorAsFloat32(tensor: Tensor): Float32Array {
  switch (tensor.dataType) {
    case DataType.FLOAT:
      return decode(tensor, 4, (view, at) => view.getFloat32(at, true));
    case DataType.DOUBLE:
      return decode(tensor, 8, (view, at) => view.getFloat64(at, true));
    case DataType.FLOAT16:
      return decode(tensor, 2, (view, at) => float16ToFloat32(view.getUint16(at, true)));
    case DataType.BFLOAT16: {
      const word = new DataView(new ArrayBuffer(4));
      return decode(tensor, 2, (view, at) => {
        word.setUint16(2, view.getUint16(at, true), true);
        return word.getFloat32(0, true);
      });
    }
    default:
      throw new WorkbenchError(
        'model-unsupported',
        `Tensor "${tensor.name}" is ${elementTypeName(tensor.dataType)}, expected float32, float16, bfloat16 or ` +
          'float64',
      );
  }
}

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function decode(tensor: Tensor, width: number, read: (view: DataView, at: number) => number): Float32Array {
  const view = viewOf(tensor);
  if (width === 4 && IS_LITTLE_ENDIAN)
    return new Float32Array(
      view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength - (view.byteLength % 4)),
    );
  const values = new Float32Array(Math.floor(view.byteLength / width));
  for (let i = 0; i < values.length; i++) values[i] = read(view, i * width);
  return values;
}

/** Values of an integer or boolean tensor; int64 beyond 2^53 (as `end` of a Slice often is) is rounded. */
export function tensorAsInts(tensor: Tensor): number[] {
  switch (tensor.dataType) {
    case DataType.INT64:
      return ints(tensor, 8, (view, at) => Number(view.getBigInt64(at, true)));
    case DataType.UINT64:
      return ints(tensor, 8, (view, at) => Number(view.getBigUint64(at, true)));
    case DataType.INT32:
      return ints(tensor, 4, (view, at) => view.getInt32(at, true));
    case DataType.UINT32:
      return ints(tensor, 4, (view, at) => view.getUint32(at, true));
    case DataType.INT16:
      return ints(tensor, 2, (view, at) => view.getInt16(at, true));
    case DataType.UINT16:
      return ints(tensor, 2, (view, at) => view.getUint16(at, true));
    case DataType.INT8:
      return ints(tensor, 1, (view, at) => view.getInt8(at));
    case DataType.UINT8:
    case DataType.BOOL:
      return ints(tensor, 1, (view, at) => view.getUint8(at));
    default:
      throw new WorkbenchError(
        'model-unsupported',
        `Tensor "${tensor.name}" is ${elementTypeName(tensor.dataType)}, expected whole numbers`,
      );
  }
}

function ints(tensor: Tensor, width: number, read: (view: DataView, at: number) => number): number[] {
  const view = viewOf(tensor);
  return Array.from({ length: Math.floor(view.byteLength / width) }, (_, i) => read(view, i * width));
}
