import { unknownPart, type DecodeContext } from './decode-context';
import { decodeTensor } from './decode-tensor';
import type { Attribute, AttributeValue, Graph, Tensor } from '../graph/model';
import { floatAt, notOnnx, VarintCursor, WireType, type FieldCursor } from './wire-cursor';

/** onnx.AttributeProto.AttributeType, the values that are understood. */
export const ATTRIBUTE_TYPES = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
} as const;

/** Attributes contain shapes, axes and small constants; longer lists should be tensors. */
const MAX_LIST = 16_000_000;

/** All values that the message carries; `type` says which one counts. */
interface RawAttribute {
  name: string;
  docString: string | null;
  type: number | null;
  /** ref_attr_name; '' if it is absent. */
  reference: string;
  float: number | null;
  int: bigint | null;
  string: Uint8Array | null;
  tensor: Tensor | null;
  graph: Graph | null;
  readonly floats: number[];
  readonly ints: bigint[];
  readonly strings: Uint8Array[];
  readonly tensors: Tensor[];
  readonly graphs: Graph[];
  /** All fields except name and doc_string, for a reference and an attribute of unknown kind. */
  readonly verbatim: { readonly start: number; readonly end: number }[];
  readonly unknown: Uint8Array[];
}

/** Decodes a GraphProto. decode-graph.ts passes itself in, because graphs contain attributes and attributes graphs. */
export type GraphDecoder = (context: DecodeContext, fields: FieldCursor) => Graph;

/** Decodes an AttributeProto (onnx.proto). A missing type (IR version 1) is inferred from the value. */
export function decodeAttribute(context: DecodeContext, fields: FieldCursor, decodeGraph: GraphDecoder): Attribute {
  const raw: RawAttribute = {
    name: '',
    docString: null,
    type: null,
    reference: '',
    float: null,
    int: null,
    string: null,
    tensor: null,
    graph: null,
    floats: [],
    ints: [],
    strings: [],
    tensors: [],
    graphs: [],
    verbatim: [],
    unknown: [],
  };
  while (fields.next()) readField(context, fields, raw, decodeGraph);
  const value = raw.reference === '' ? valueOf(raw) : ({ kind: 'reference', to: raw.reference } as const);
  const kept =
    value.kind === 'other' || value.kind === 'reference'
      ? raw.verbatim.map((range) => context.source.slice(range.start, range.end - range.start))
      : raw.unknown;
  return {
    name: raw.name,
    value,
    ...(raw.docString === null ? {} : { docString: raw.docString }),
    ...unknownPart(kept),
  };
}

function readField(context: DecodeContext, fields: FieldCursor, raw: RawAttribute, decodeGraph: GraphDecoder): void {
  if (fields.number === 1) {
    raw.name = fields.name('name');
    return;
  }
  if (fields.number === 13) {
    raw.docString = fields.text('doc_string');
    return;
  }
  raw.verbatim.push({ start: fields.start, end: fields.valueEnd });
  if (!readSingle(context, fields, raw, decodeGraph) && !readList(context, fields, raw, decodeGraph)) {
    if (fields.number === 21) raw.reference = fields.name('ref_attr_name');
    else context.keepUnknown(fields, raw.unknown);
  }
}

function readSingle(
  context: DecodeContext,
  fields: FieldCursor,
  raw: RawAttribute,
  decodeGraph: GraphDecoder,
): boolean {
  switch (fields.number) {
    case 2:
      raw.float = fields.float('f');
      return true;
    case 3:
      raw.int = fields.int64('i');
      return true;
    case 4:
      raw.string = fields.bytes('s');
      return true;
    case 5:
      raw.tensor = context.child(fields, 'TensorProto', (inner) => decodeTensor(context, inner));
      return true;
    case 6:
      raw.graph = decodeSubgraph(context, fields, decodeGraph);
      return true;
    case 20:
      raw.type = fields.int('type');
      return true;
    default:
      return false;
  }
}

function readList(context: DecodeContext, fields: FieldCursor, raw: RawAttribute, decodeGraph: GraphDecoder): boolean {
  switch (fields.number) {
    case 7:
      readFloats(fields, raw.floats);
      return true;
    case 8:
      readInts(fields, raw.ints);
      return true;
    case 9:
      raw.strings.push(fields.bytes('strings'));
      return true;
    case 10:
      raw.tensors.push(context.child(fields, 'TensorProto', (inner) => decodeTensor(context, inner)));
      return true;
    case 11:
      raw.graphs.push(decodeSubgraph(context, fields, decodeGraph));
      return true;
    default:
      return false;
  }
}

function decodeSubgraph(context: DecodeContext, fields: FieldCursor, decodeGraph: GraphDecoder): Graph {
  return context.nested(fields.start, () =>
    context.child(fields, 'GraphProto', (inner) => decodeGraph(context, inner)),
  );
}

function readFloats(fields: FieldCursor, into: number[]): void {
  if (fields.wireType === WireType.FIXED32) {
    into.push(fields.float('floats'));
    return;
  }
  fields.expect(WireType.LENGTH, 'floats');
  checkList(fields, into.length + fields.length / 4);
  if (fields.length % 4 !== 0)
    throw notOnnx(fields.source, fields.valueStart, 'a multiple of 4 bytes of floats', `${fields.length}`);
  for (let at = fields.valueStart; at < fields.valueEnd; at += 4) into.push(floatAt(fields.source, at));
}

function readInts(fields: FieldCursor, into: bigint[]): void {
  if (fields.wireType === WireType.VARINT) {
    into.push(fields.int64('ints'));
    return;
  }
  fields.expect(WireType.LENGTH, 'ints');
  checkList(fields, into.length + fields.length);
  const cursor = new VarintCursor(fields.source, fields.valueStart, fields.valueEnd);
  while (!cursor.atEnd()) into.push(cursor.int64());
}

function checkList(fields: FieldCursor, count: number): void {
  if (count > MAX_LIST)
    throw notOnnx(fields.source, fields.start, `an attribute of at most ${MAX_LIST} values`, 'a longer list');
}

function valueOf(raw: RawAttribute): AttributeValue {
  const type = raw.type ?? concludedType(raw);
  const T = ATTRIBUTE_TYPES;
  switch (type) {
    case T.float:
      return { kind: 'float', value: raw.float ?? 0 };
    case T.int:
      return { kind: 'int', value: raw.int ?? 0n };
    case T.string:
      return { kind: 'string', value: raw.string ?? new Uint8Array(0) };
    case T.tensor:
      return raw.tensor === null ? { kind: 'other' } : { kind: 'tensor', value: raw.tensor };
    case T.graph:
      return raw.graph === null ? { kind: 'other' } : { kind: 'graph', value: raw.graph };
    case T.floats:
      return { kind: 'floats', value: raw.floats };
    case T.ints:
      return { kind: 'ints', value: raw.ints };
    case T.strings:
      return { kind: 'strings', value: raw.strings };
    case T.tensors:
      return { kind: 'tensors', value: raw.tensors };
    case T.graphs:
      return { kind: 'graphs', value: raw.graphs };
    default:
      return { kind: 'other' };
  }
}

function concludedType(raw: RawAttribute): number {
  const T = ATTRIBUTE_TYPES;
  if (raw.float !== null) return T.float;
  if (raw.int !== null) return T.int;
  if (raw.string !== null) return T.string;
  if (raw.tensor !== null) return T.tensor;
  if (raw.graph !== null) return T.graph;
  if (raw.floats.length > 0) return T.floats;
  if (raw.ints.length > 0) return T.ints;
  if (raw.strings.length > 0) return T.strings;
  if (raw.tensors.length > 0) return T.tensors;
  return raw.graphs.length > 0 ? T.graphs : 0;
}
