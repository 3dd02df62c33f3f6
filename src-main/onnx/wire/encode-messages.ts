import { resolve } from 'node:path';
import { ATTRIBUTE_TYPES } from './decode-attribute';
import type {
  Attribute,
  Dimension,
  Graph,
  Model,
  ModelFunction,
  Node,
  OperatorSetId,
  StringEntry,
  Tensor,
  ValueInfo,
} from '../graph/model';
import { MessageBuilder, type Rope } from './rope';
import { rangeOf } from './source-ranges';

/** A weights file and its location relative to the encoded model. */
export interface ExternalTo {
  /** The weights file as it lies on disk. */
  readonly path: string;
  /** Its name relative to the folder that the reader resolves external data in. */
  readonly location: string;
}

/** Encodes messages; one that was read and not replaced is copied from where it was read. */
export class Encoder {
  private readonly external: ExternalTo | null;

  constructor(externalTo: ExternalTo | null) {
    this.external = externalTo === null ? null : { path: resolve(externalTo.path), location: externalTo.location };
  }

  model(model: Model): Rope {
    return this.unlessUnchanged(model, (out) => {
      out.int(1, model.irVersion);
      if (model.producerName !== undefined) out.string(2, model.producerName);
      if (model.producerVersion !== undefined) out.string(3, model.producerVersion);
      if (model.domain !== undefined) out.string(4, model.domain);
      if (model.modelVersion !== undefined) out.int(5, model.modelVersion);
      if (model.docString !== undefined) out.string(6, model.docString);
      out.message(7, this.graph(model.graph));
      for (const opset of model.opsetImport) out.message(8, this.opset(opset));
      for (const entry of model.metadataProps) out.message(14, this.entry(entry));
      for (const own of model.functions ?? []) out.message(25, this.function(own));
    });
  }

  private function(own: ModelFunction): Rope {
    return this.unlessUnchanged(own, (out) => {
      out.string(1, own.name);
      for (const name of own.input) out.string(4, name);
      for (const name of own.output) out.string(5, name);
      for (const name of own.attribute) out.string(6, name);
      for (const node of own.node) out.message(7, this.node(node));
      if (own.docString !== undefined) out.string(8, own.docString);
      for (const opset of own.opsetImport) out.message(9, this.opset(opset));
      out.string(10, own.domain);
      for (const attribute of own.attributeDefault) out.message(11, this.attribute(attribute));
      for (const value of own.valueInfo) out.message(12, this.valueInfo(value));
      if (own.overload !== '') out.string(13, own.overload);
    });
  }

  private graph(graph: Graph): Rope {
    return this.unlessUnchanged(graph, (out) => {
      for (const node of graph.node) out.message(1, this.node(node));
      out.string(2, graph.name);
      for (const tensor of graph.initializer) out.message(5, this.tensor(tensor));
      if (graph.docString !== undefined) out.string(10, graph.docString);
      for (const value of graph.input) out.message(11, this.valueInfo(value));
      for (const value of graph.output) out.message(12, this.valueInfo(value));
      for (const value of graph.valueInfo) out.message(13, this.valueInfo(value));
    });
  }

  private node(node: Node): Rope {
    return this.unlessUnchanged(node, (out) => {
      for (const name of node.input) out.string(1, name);
      for (const name of node.output) out.string(2, name);
      if (node.name !== '') out.string(3, node.name);
      out.string(4, node.opType);
      for (const attribute of node.attribute) out.message(5, this.attribute(attribute));
      if (node.docString !== undefined) out.string(6, node.docString);
      if (node.domain !== '') out.string(7, node.domain);
      if (node.overload !== undefined && node.overload !== '') out.string(8, node.overload);
    });
  }

  private attribute(attribute: Attribute): Rope {
    return this.unlessUnchanged(attribute, (out) => {
      out.string(1, attribute.name);
      this.attributeValue(out, attribute);
      if (attribute.docString !== undefined) out.string(13, attribute.docString);
      if (attribute.value.kind !== 'other' && attribute.value.kind !== 'reference')
        out.int(20, ATTRIBUTE_TYPES[attribute.value.kind]);
    });
  }

  private attributeValue(out: MessageBuilder, { value }: Attribute): void {
    switch (value.kind) {
      case 'float':
        return out.float(2, value.value);
      case 'int':
        return out.int(3, value.value);
      case 'string':
        return out.bytes(4, value.value);
      case 'tensor':
        return out.message(5, this.tensor(value.value));
      case 'graph':
        return out.message(6, this.graph(value.value));
      case 'floats':
        return value.value.forEach((item) => out.float(7, item));
      case 'ints':
        return value.value.forEach((item) => out.int(8, item));
      case 'strings':
        return value.value.forEach((item) => out.bytes(9, item));
      case 'tensors':
        return value.value.forEach((item) => out.message(10, this.tensor(item)));
      case 'graphs':
        return value.value.forEach((item) => out.message(11, this.graph(item)));
      case 'reference':
      case 'other': // its fields are among the unknown ones
        return;
    }
  }

  private tensor(tensor: Tensor): Rope {
    return this.unlessUnchanged(tensor, (out) => {
      for (const dim of tensor.dims) out.int(1, dim);
      out.int(2, tensor.dataType);
      if (tensor.data.kind === 'strings') for (const text of tensor.data.values) out.bytes(6, text);
      out.string(8, tensor.name);
      this.tensorData(out, tensor);
    });
  }

  private tensorData(out: MessageBuilder, tensor: Tensor): void {
    const { data } = tensor;
    const isExternal = data.kind === 'file' && this.external !== null && resolve(data.path) === this.external.path;
    if (data.kind === 'bytes') out.bytes(9, data.bytes);
    else if (data.kind === 'computed') out.bytes(9, data.compute());
    else if (data.kind === 'file' && !isExternal)
      out.range(9, { origin: { kind: 'data-file', path: data.path }, offset: data.offset, length: data.length });
    if (tensor.docString !== undefined) out.string(12, tensor.docString);
    if (data.kind !== 'file' || !isExternal || this.external === null) return;
    const entries = { location: this.external.location, offset: String(data.offset), length: String(data.length) };
    for (const [key, value] of Object.entries(entries)) out.message(13, this.entry({ key, value }));
    out.int(14, 1); // data_location = EXTERNAL
  }

  private valueInfo(value: ValueInfo): Rope {
    return this.unlessUnchanged(value, (out) => {
      out.string(1, value.name);
      if (value.tensorType !== null) {
        const { elemType, shape } = value.tensorType;
        const tensor = new MessageBuilder();
        tensor.int(1, elemType);
        if (shape !== null) tensor.message(2, shapeOf(shape));
        const type = new MessageBuilder();
        type.message(1, tensor.finish());
        out.message(2, type.finish());
      }
      if (value.docString !== undefined) out.string(3, value.docString);
    });
  }

  private opset(opset: OperatorSetId): Rope {
    return this.unlessUnchanged(opset, (out) => {
      out.string(1, opset.domain);
      out.int(2, opset.version);
    });
  }

  private entry(entry: StringEntry): Rope {
    return this.unlessUnchanged(entry, (out) => {
      out.string(1, entry.key);
      out.string(2, entry.value);
    });
  }

  private unlessUnchanged(
    message: object & { readonly unknownFields?: Uint8Array },
    encode: (out: MessageBuilder) => void,
  ): Rope {
    const range = rangeOf(message);
    if (range !== undefined) return { length: range.length, parts: range.length === 0 ? [] : [range] };
    const out = new MessageBuilder();
    encode(out);
    if (message.unknownFields !== undefined) out.raw(message.unknownFields);
    return out.finish();
  }
}

function shapeOf(shape: readonly Dimension[]): Rope {
  const out = new MessageBuilder();
  for (const dimension of shape) {
    const dim = new MessageBuilder();
    if (dimension.kind === 'value') dim.int(1, dimension.value);
    else if (dimension.kind === 'param') dim.string(2, dimension.name);
    out.message(1, dim.finish());
  }
  return out.finish();
}
