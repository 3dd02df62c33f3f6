import { WorkbenchError } from '../../../src-shared/base/errors';
import { concatBytes, unknownPart, type DecodeContext } from './decode-context';
import { byteLength, elementCount, elementTypeName } from '../graph/element-types';
import { DataType, type Tensor, type TensorData } from '../graph/model';
import { VarintCursor, WireType, type FieldCursor } from './wire-cursor';

/** Larger raw_data stays in the file until it is read. */
const LAZY_BYTES = 1024;
/** Varint-packed values have to be unpacked at once; more than this is refused. */
const MAX_VARINT_BYTES = 64 * 1024 * 1024;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The fields of a TensorProto before they are checked against each other. */
interface RawTensor {
  name: string;
  dims: number[];
  dataType: number;
  raw: Range | null;
  /** Chunks of float_data (4), int32_data (5), int64_data (7), double_data (10), uint64_data (11), by field number. */
  readonly typed: Map<number, Range[]>;
  readonly strings: Uint8Array[];
  readonly external: Map<string, string>;
  isExternal: boolean;
  docString: string | null;
  readonly unknown: Uint8Array[];
}

/** TensorProto (onnx.proto). Weights are not loaded: raw_data and external data become ranges of their file. */
export function decodeTensor(context: DecodeContext, fields: FieldCursor): Tensor {
  const raw: RawTensor = {
    name: '',
    dims: [],
    dataType: 0,
    raw: null,
    typed: new Map(),
    strings: [],
    external: new Map(),
    isExternal: false,
    docString: null,
    unknown: [],
  };
  while (fields.next()) readField(context, fields, raw);
  checkDims(context, raw);
  return {
    name: raw.name,
    dims: raw.dims,
    dataType: raw.dataType,
    data: tensorData(context, raw),
    ...(raw.docString === null ? {} : { docString: raw.docString }),
    ...unknownPart(raw.unknown),
  };
}

function readField(context: DecodeContext, fields: FieldCursor, raw: RawTensor): void {
  switch (fields.number) {
    case 1:
      raw.dims.push(...intsOf(fields, 'dims', 64));
      return;
    case 2:
      raw.dataType = fields.int('data_type');
      return;
    case 4:
    case 5:
    case 7:
    case 10:
    case 11:
      addTyped(fields, raw);
      return;
    case 6:
      raw.strings.push(fields.bytes('string_data'));
      return;
    case 8:
      raw.name = fields.name('name');
      return;
    case 9:
      fields.expect(WireType.LENGTH, 'raw_data');
      raw.raw = { start: fields.valueStart, end: fields.valueEnd };
      return;
    case 12:
      raw.docString = fields.text('doc_string');
      return;
    case 13:
      readExternalEntry(context, fields, raw.external);
      return;
    case 14:
      raw.isExternal = fields.int('data_location') === 1;
      return;
    default:
      context.keepUnknown(fields, raw.unknown);
  }
}

/** The numbers of a repeated varint field, packed or not. `max` bounds a hostile list. */
export function intsOf(fields: FieldCursor, name: string, max: number): number[] {
  if (fields.wireType === WireType.VARINT) return [fields.int(name)];
  fields.expect(WireType.LENGTH, name);
  const values: number[] = [];
  const cursor = new VarintCursor(fields.source, fields.valueStart, fields.valueEnd);
  while (!cursor.atEnd() && values.length <= max) values.push(cursor.int());
  return values;
}

function addTyped(fields: FieldCursor, raw: RawTensor): void {
  const chunks = raw.typed.get(fields.number) ?? [];
  chunks.push({ start: fields.valueStart, end: fields.valueEnd });
  raw.typed.set(fields.number, chunks);
}

function readExternalEntry(context: DecodeContext, fields: FieldCursor, into: Map<string, string>): void {
  const entry = context.enter(fields, 'TensorProto.external_data');
  let key = '';
  let value = '';
  while (entry.next()) {
    if (entry.number === 1) key = entry.name('key');
    else if (entry.number === 2) value = entry.name('value');
  }
  into.set(key, value);
}

function checkDims(context: DecodeContext, raw: RawTensor): void {
  const count = elementCount(raw.dims);
  if (raw.dims.length <= 64 && raw.dims.every((dim) => dim >= 0) && count <= Number.MAX_SAFE_INTEGER) return;
  throw new WorkbenchError(
    'model-invalid',
    `Tensor "${raw.name}" of ${context.source.name} has an impossible shape: ` +
      `[${raw.dims.slice(0, 8).join(', ')}${raw.dims.length > 8 ? ', ...' : ''}]`,
  );
}

function tensorData(context: DecodeContext, raw: RawTensor): TensorData {
  const needed = byteLength(raw.dataType, elementCount(raw.dims));
  if (raw.isExternal) return externalData(context, raw, needed);
  if (raw.dataType === DataType.STRING) return { kind: 'strings', values: raw.strings };
  const data = raw.raw === null ? typedData(context, raw) : rangeData(context, raw.raw);
  const found = data.kind === 'file' ? data.length : data.kind === 'bytes' ? data.bytes.length : 0;
  if (needed !== null && found !== needed) throw wrongLength(context, raw, needed, found);
  return data;
}

function wrongLength(context: DecodeContext, raw: RawTensor, needed: number, found: number): WorkbenchError {
  const what = `${elementTypeName(raw.dataType)} [${raw.dims.join(', ')}]`;
  return new WorkbenchError(
    'model-invalid',
    `Tensor "${raw.name}" of ${context.source.name}: expected ${needed} bytes for ${what}, found ${found}`,
  );
}

function externalData(context: DecodeContext, raw: RawTensor, needed: number | null): TensorData {
  context.noteExternalTensor();
  if (context.external === null) {
    throw new WorkbenchError(
      'model-invalid',
      `Tensor "${raw.name}" of ${context.source.name} has external data, which can only be found for a model that is ` +
        'a file',
    );
  }
  const entry = {
    location: raw.external.get('location') ?? '',
    offset: raw.external.get('offset'),
    length: raw.external.get('length'),
  };
  return { kind: 'file', ...context.external.resolve(entry, raw.name, needed) };
}

function rangeData(context: DecodeContext, range: Range): TensorData {
  const { origin } = context.source;
  const length = range.end - range.start;
  if (origin.kind === 'bytes') return { kind: 'bytes', bytes: origin.bytes.subarray(range.start, range.end) };
  if (length > LAZY_BYTES) return { kind: 'file', path: origin.path, offset: range.start, length };
  return { kind: 'bytes', bytes: context.source.slice(range.start, length) };
}

/** Values of float_data, int32_data, ... as raw_data would hold them (onnx.proto says which type uses which field). */
function typedData(context: DecodeContext, raw: RawTensor): TensorData {
  const [first, second] = [...raw.typed.entries()];
  if (first === undefined) return { kind: 'bytes', bytes: new Uint8Array(0) };
  const [field, chunks] = first;
  const expected = typedFieldOf(raw.dataType);
  if (second !== undefined || (expected !== null && expected !== field)) {
    throw new WorkbenchError(
      'model-invalid',
      `Tensor "${raw.name}" of ${context.source.name} is ${elementTypeName(raw.dataType)} but its values are stored ` +
        'as another type',
    );
  }
  if (field === 4 || field === 10) {
    const [only] = chunks;
    if (chunks.length === 1 && only !== undefined) return rangeData(context, only);
    return {
      kind: 'bytes',
      bytes: concatBytes(chunks.map((chunk) => context.source.slice(chunk.start, chunk.end - chunk.start))),
    };
  }
  return { kind: 'bytes', bytes: unpackVarints(context, raw, chunks) };
}

function typedFieldOf(dataType: number): number | null {
  switch (dataType) {
    case DataType.FLOAT:
    case 14: // complex64
      return 4;
    case DataType.INT64:
      return 7;
    case DataType.DOUBLE:
    case 15: // complex128
      return 10;
    case DataType.UINT32:
    case DataType.UINT64:
      return 11;
    default:
      return byteLength(dataType, 1) === null ? null : 5;
  }
}

function unpackVarints(context: DecodeContext, raw: RawTensor, chunks: readonly Range[]): Uint8Array {
  const packedBytes = chunks.reduce((sum, chunk) => sum + chunk.end - chunk.start, 0);
  if (packedBytes > MAX_VARINT_BYTES) {
    throw new WorkbenchError(
      'model-unsupported',
      `Tensor "${raw.name}" of ${context.source.name} holds ${packedBytes} bytes of numbers of variable length, ` +
        'expected raw_data for that size',
    );
  }
  const width = byteLength(raw.dataType, 1) ?? 8;
  const view = new DataView(new ArrayBuffer(Math.max(16, packedBytes * width)));
  let at = 0;
  for (const chunk of chunks) {
    const cursor = new VarintCursor(context.source, chunk.start, chunk.end);
    while (!cursor.atEnd()) {
      if (width === 8) view.setBigInt64(at, cursor.int64(), true);
      else if (width === 4) view.setInt32(at, cursor.int() | 0, true);
      else if (width === 2) view.setInt16(at, cursor.int(), true);
      else view.setInt8(at, cursor.int());
      at += width;
    }
  }
  return new Uint8Array(view.buffer, 0, at).slice();
}
