import { WorkbenchError } from '../../../src-shared/base/errors';
import { unknownPart, type DecodeContext } from './decode-context';
import { decodeAttribute } from './decode-attribute';
import { decodeTensor } from './decode-tensor';
import type { Attribute, Dimension, Graph, Node, Tensor, ValueInfo } from '../graph/model';
import type { FieldCursor } from './wire-cursor';

/** GraphProto (onnx.proto). */
export function decodeGraph(context: DecodeContext, fields: FieldCursor): Graph {
  const node: Node[] = [];
  const initializer: Tensor[] = [];
  const input: ValueInfo[] = [];
  const output: ValueInfo[] = [];
  const valueInfo: ValueInfo[] = [];
  const unknown: Uint8Array[] = [];
  let name = '';
  let docString: string | null = null;
  while (fields.next()) {
    switch (fields.number) {
      case 1:
        node.push(context.child(fields, 'NodeProto', (inner) => decodeNode(context, inner)));
        break;
      case 2:
        name = fields.name('name');
        break;
      case 5:
        initializer.push(context.child(fields, 'TensorProto', (inner) => decodeTensor(context, inner)));
        break;
      case 10:
        docString = fields.text('doc_string');
        break;
      case 11:
        input.push(context.child(fields, 'ValueInfoProto', (inner) => decodeValueInfo(context, inner)));
        break;
      case 12:
        output.push(context.child(fields, 'ValueInfoProto', (inner) => decodeValueInfo(context, inner)));
        break;
      case 13:
        valueInfo.push(context.child(fields, 'ValueInfoProto', (inner) => decodeValueInfo(context, inner)));
        break;
      default:
        context.keepUnknown(fields, unknown);
    }
  }
  return {
    node,
    name,
    initializer,
    input,
    output,
    valueInfo,
    ...(docString === null ? {} : { docString }),
    ...unknownPart(unknown),
  };
}

/** NodeProto (onnx.proto). */
export function decodeNode(context: DecodeContext, fields: FieldCursor): Node {
  const input: string[] = [];
  const output: string[] = [];
  const attribute: Attribute[] = [];
  const unknown: Uint8Array[] = [];
  let name = '';
  let opType = '';
  let domain = '';
  let overload = '';
  let docString: string | null = null;
  while (fields.next()) {
    switch (fields.number) {
      case 1:
        input.push(fields.name('input'));
        break;
      case 2:
        output.push(fields.name('output'));
        break;
      case 3:
        name = fields.name('name');
        break;
      case 4:
        opType = fields.name('op_type');
        break;
      case 5:
        attribute.push(
          context.child(fields, 'AttributeProto', (inner) => decodeAttribute(context, inner, decodeGraph)),
        );
        break;
      case 6:
        docString = fields.text('doc_string');
        break;
      case 7:
        domain = fields.name('domain');
        break;
      case 8:
        overload = fields.name('overload');
        break;
      default:
        context.keepUnknown(fields, unknown);
    }
  }
  if (opType === '') {
    throw new WorkbenchError(
      'model-invalid',
      `${context.source.name} has a node without an operator type: "${name}" with outputs [${output.join(', ')}]`,
    );
  }
  return {
    input,
    output,
    name,
    opType,
    domain,
    ...(overload === '' ? {} : { overload }),
    attribute,
    ...(docString === null ? {} : { docString }),
    ...unknownPart(unknown),
  };
}

/** ValueInfoProto; a type that is not a dense tensor is kept among the unknown fields, so that nothing is lost. */
export function decodeValueInfo(context: DecodeContext, fields: FieldCursor): ValueInfo {
  const unknown: Uint8Array[] = [];
  let name = '';
  let tensorType: ValueInfo['tensorType'] = null;
  let docString: string | null = null;
  while (fields.next()) {
    switch (fields.number) {
      case 1:
        name = fields.name('name');
        break;
      case 2:
        tensorType = decodeTensorType(context, context.enter(fields, 'TypeProto'));
        if (tensorType === null) context.keepUnknown(fields, unknown);
        break;
      case 3:
        docString = fields.text('doc_string');
        break;
      default:
        context.keepUnknown(fields, unknown);
    }
  }
  return { name, tensorType, ...(docString === null ? {} : { docString }), ...unknownPart(unknown) };
}

/** TypeProto.tensor_type, or null for sequences, maps, optionals and sparse tensors. */
function decodeTensorType(context: DecodeContext, fields: FieldCursor): ValueInfo['tensorType'] {
  let type: ValueInfo['tensorType'] = null;
  while (fields.next()) {
    if (fields.number !== 1) continue;
    let elemType = 0;
    let shape: Dimension[] | null = null;
    const inner = context.enter(fields, 'TypeProto.Tensor');
    while (inner.next()) {
      if (inner.number === 1) elemType = inner.int('elem_type');
      else if (inner.number === 2) shape = decodeShape(context, context.enter(inner, 'TensorShapeProto'));
    }
    type = { elemType, shape };
  }
  return type;
}

function decodeShape(context: DecodeContext, shape: FieldCursor): Dimension[] {
  const dims: Dimension[] = [];
  while (shape.next()) {
    if (shape.number === 1) dims.push(decodeDimension(context.enter(shape, 'TensorShapeProto.Dimension')));
  }
  return dims;
}

function decodeDimension(fields: FieldCursor): Dimension {
  let dimension: Dimension = { kind: 'unknown' };
  while (fields.next()) {
    if (fields.number === 1) dimension = { kind: 'value', value: fields.int('dim_value') };
    else if (fields.number === 2) {
      const name = fields.name('dim_param');
      if (name !== '') dimension = { kind: 'param', name };
    }
  }
  return dimension;
}
