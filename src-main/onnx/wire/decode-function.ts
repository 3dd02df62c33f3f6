import type { Attribute, ModelFunction, Node, OperatorSetId, ValueInfo } from '../graph/model';
import { decodeAttribute } from './decode-attribute';
import { unknownPart, type DecodeContext } from './decode-context';
import { decodeGraph, decodeNode, decodeValueInfo } from './decode-graph';
import type { FieldCursor } from './wire-cursor';

/** FunctionProto (onnx.proto). */
export function decodeFunction(context: DecodeContext, fields: FieldCursor): ModelFunction {
  const texts: { name: string; domain: string; overload: string; docString?: string } = {
    name: '',
    domain: '',
    overload: '',
  };
  const input: string[] = [];
  const output: string[] = [];
  const attribute: string[] = [];
  const attributeDefault: Attribute[] = [];
  const node: Node[] = [];
  const opsetImport: OperatorSetId[] = [];
  const valueInfo: ValueInfo[] = [];
  const unknown: Uint8Array[] = [];
  while (fields.next()) {
    switch (fields.number) {
      case 1:
        texts.name = fields.name('name');
        break;
      case 4:
        input.push(fields.name('input'));
        break;
      case 5:
        output.push(fields.name('output'));
        break;
      case 6:
        attribute.push(fields.name('attribute'));
        break;
      case 7:
        node.push(context.child(fields, 'NodeProto', (inner) => decodeNode(context, inner)));
        break;
      case 8:
        texts.docString = fields.text('doc_string');
        break;
      case 9:
        opsetImport.push(context.child(fields, 'OperatorSetIdProto', (inner) => decodeOpset(context, inner)));
        break;
      case 10:
        texts.domain = fields.name('domain');
        break;
      case 11:
        attributeDefault.push(
          context.child(fields, 'AttributeProto', (inner) => decodeAttribute(context, inner, decodeGraph)),
        );
        break;
      case 12:
        valueInfo.push(context.child(fields, 'ValueInfoProto', (inner) => decodeValueInfo(context, inner)));
        break;
      case 13:
        texts.overload = fields.name('overload');
        break;
      default:
        context.keepUnknown(fields, unknown);
    }
  }
  return {
    ...texts,
    input,
    output,
    attribute,
    attributeDefault,
    node,
    opsetImport,
    valueInfo,
    ...unknownPart(unknown),
  };
}

/** OperatorSetIdProto (onnx.proto). */
export function decodeOpset(context: DecodeContext, fields: FieldCursor): OperatorSetId {
  const unknown: Uint8Array[] = [];
  let domain = '';
  let version = 0;
  while (fields.next()) {
    if (fields.number === 1) domain = fields.name('domain');
    else if (fields.number === 2) version = fields.int('version');
    else context.keepUnknown(fields, unknown);
  }
  return { domain, version, ...unknownPart(unknown) };
}
