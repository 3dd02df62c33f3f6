import { bufferSource, FileSource, type ByteSource } from './byte-source';
import { unknownPart, DecodeContext } from './decode-context';
import { decodeFunction, decodeOpset } from './decode-function';
import { decodeGraph } from './decode-graph';
import { ExternalDataResolver } from './external-data';
import { likelyFormat } from './likely-format';
import type { Graph, Model, ModelFunction, OperatorSetId, StringEntry } from '../graph/model';
import { checkIrVersion } from '../graph/opset';
import { notOnnx, type FieldCursor } from './wire-cursor';
import { WorkbenchError } from '../../../src-shared/base/errors';

/**
 * Reads the structure of an .onnx file of any size; weights stay on disk (`TensorData` of kind 'file').
 * @throws WorkbenchError 'not-found', or 'model-invalid' naming file, byte offset and what was expected.
 */
export function readModel(path: string): Model {
  const source = new FileSource(path);
  try {
    return decodeModel(source, new ExternalDataResolver(path));
  } finally {
    source.close();
  }
}

/**
 * Reads a model from memory; `name` is what messages call it.
 * @param siblingPath a model file in the folder of its external data; without it, there may be none.
 */
export function parseModel(bytes: Uint8Array, name: string, siblingPath?: string): Model {
  const external = siblingPath === undefined ? null : new ExternalDataResolver(siblingPath);
  return decodeModel(bufferSource(bytes, name), external);
}

function decodeModel(source: ByteSource, external: ExternalDataResolver | null): Model {
  if (source.sizeBytes === 0)
    throw new WorkbenchError('model-invalid', `${source.name} is not an ONNX model: the file is empty (0 bytes)`);
  const context = new DecodeContext(source, external);
  try {
    return context.message('ModelProto', 0, source.sizeBytes, (fields) => decodeModelFields(context, fields));
  } catch (error) {
    const format = likelyFormat(source.slice(0, Math.min(64, source.sizeBytes)));
    if (format === null || !(error instanceof WorkbenchError) || error.code !== 'model-invalid') throw error;
    throw new WorkbenchError(
      'model-invalid',
      `${source.name} is not an ONNX model: expected an ONNX ModelProto at byte 0, found ${format.found}`,
      {
        hint: format.hint,
        cause: error,
      },
    );
  }
}

/** ModelProto (onnx.proto). */
function decodeModelFields(context: DecodeContext, fields: FieldCursor): Model {
  const texts: { producerName?: string; producerVersion?: string; domain?: string; docString?: string } = {};
  const opsetImport: OperatorSetId[] = [];
  const metadataProps: StringEntry[] = [];
  const functions: ModelFunction[] = [];
  const unknown: Uint8Array[] = [];
  let irVersion: number | null = null;
  let modelVersion: number | null = null;
  let graph: Graph | null = null;
  while (fields.next()) {
    switch (fields.number) {
      case 1:
        irVersion = fields.int('ir_version');
        checkIrVersion(irVersion);
        break;
      case 2:
        texts.producerName = fields.text('producer_name');
        break;
      case 3:
        texts.producerVersion = fields.text('producer_version');
        break;
      case 4:
        texts.domain = fields.text('domain');
        break;
      case 5:
        modelVersion = fields.int('model_version');
        break;
      case 6:
        texts.docString = fields.text('doc_string');
        break;
      case 7:
        if (graph !== null) throw notOnnx(context.source, fields.start, 'one graph', 'a second one');
        graph = context.child(fields, 'GraphProto', (inner) => decodeGraph(context, inner));
        break;
      case 8:
        opsetImport.push(context.child(fields, 'OperatorSetIdProto', (inner) => decodeOpset(context, inner)));
        break;
      case 14:
        metadataProps.push(context.child(fields, 'StringStringEntryProto', (inner) => decodeEntry(context, inner)));
        break;
      case 25:
        functions.push(context.child(fields, 'FunctionProto', (inner) => decodeFunction(context, inner)));
        break;
      default:
        context.keepUnknown(fields, unknown);
    }
  }
  if (irVersion === null || irVersion < 1 || graph === null || opsetImport.length === 0)
    throw incomplete(context.source, { irVersion, graph, opsetImport });
  return {
    irVersion,
    ...texts,
    ...(modelVersion === null ? {} : { modelVersion }),
    graph,
    opsetImport,
    ...(functions.length === 0 ? {} : { functions }),
    metadataProps,
    ...unknownPart(unknown),
  };
}

function incomplete(
  source: ByteSource,
  found: {
    readonly irVersion: number | null;
    readonly graph: Graph | null;
    readonly opsetImport: readonly OperatorSetId[];
  },
): WorkbenchError {
  const missing = [
    found.irVersion === null || found.irVersion < 1 ? 'ir_version' : null,
    found.graph === null ? 'graph' : null,
    found.opsetImport.length === 0 ? 'opset_import' : null,
  ].filter((field) => field !== null);
  return notOnnx(source, source.sizeBytes, missing.join(', '), 'the end of the file');
}

function decodeEntry(context: DecodeContext, fields: FieldCursor): StringEntry {
  const unknown: Uint8Array[] = [];
  let key = '';
  let value = '';
  while (fields.next()) {
    if (fields.number === 1) key = fields.text('key');
    else if (fields.number === 2) value = fields.text('value');
    else context.keepUnknown(fields, unknown);
  }
  return { key, value, ...unknownPart(unknown) };
}
