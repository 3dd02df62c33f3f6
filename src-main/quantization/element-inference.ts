import { DataType, type Graph, type Node } from '../onnx/model';

const INT64_OUTPUT = new Set(['Shape', 'Size', 'ArgMax', 'ArgMin', 'NonZero', 'NonMaxSuppression']);
const BOOL_OUTPUT = new Set(['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Xor', 'Not', 'IsNaN', 'IsInf']);
/** Ops whose output type is that of another input than the first. */
const TYPE_INPUT: Readonly<Record<string, number>> = { Where: 1, CastLike: 1, OneHot: 2, DequantizeLinear: 1, QuantizeLinear: 2, Resize: 0 };
/** Ops whose second and later outputs are indices or masks. */
const SECOND_OUTPUT: Readonly<Record<string, number>> = { MaxPool: DataType.INT64, TopK: DataType.INT64, Unique: DataType.INT64, Dropout: DataType.BOOL };

/**
 * Element type (onnx.TensorProto.DataType) of every tensor: what the file states, else what the op's schema says. Only
 * what placement needs: tensors of unknown ops and of control flow stay absent, and are then never quantized.
 */
export function inferElementTypes(graph: Graph): ReadonlyMap<string, number> {
  const types = new Map<string, number>();
  for (const tensor of graph.initializer) types.set(tensor.name, tensor.dataType);
  for (const info of [...graph.input, ...graph.valueInfo, ...graph.output]) {
    if (info.tensorType && info.tensorType.elemType !== 0 && !types.has(info.name)) types.set(info.name, info.tensorType.elemType);
  }
  for (const node of graph.node) {
    for (const [i, name] of node.output.entries()) {
      if (name === '' || types.has(name)) continue;
      const type = outputType(node, i, types);
      if (type !== undefined) types.set(name, type);
    }
  }
  return types;
}

function outputType(node: Node, output: number, types: ReadonlyMap<string, number>): number | undefined {
  const { opType } = node;
  if (node.domain !== '' && node.domain !== 'ai.onnx') return undefined;
  if (INT64_OUTPUT.has(opType)) return DataType.INT64;
  if (BOOL_OUTPUT.has(opType)) return DataType.BOOL;
  if (output > 0 && SECOND_OUTPUT[opType] !== undefined) return SECOND_OUTPUT[opType];
  if (opType === 'Cast') return intAttribute(node, 'to');
  if (opType === 'Constant' || opType === 'ConstantOfShape') return valueAttributeType(node) ?? DataType.FLOAT;
  if (opType === 'If' || opType === 'Loop' || opType === 'Scan') return undefined;
  const source = node.input[TYPE_INPUT[opType] ?? 0];
  return source === undefined ? undefined : types.get(source);
}

function intAttribute(node: Node, name: string): number | undefined {
  const value = node.attribute.find((attribute) => attribute.name === name)?.value;
  return value?.kind === 'int' ? Number(value.value) : undefined;
}

function valueAttributeType(node: Node): number | undefined {
  const value = node.attribute.find((attribute) => attribute.name === 'value')?.value;
  return value?.kind === 'tensor' ? value.value.dataType : undefined;
}
