import { attrInt, attrValue, hasAttr } from './attributes';
import { GraphIndex } from './graph-index';
import { DataType, type Graph, type Model, type Node } from './model';
import { isDefaultDomain, isOp } from './opset';
import { ownValue } from '../../../src-shared/base/records';

const { FLOAT, INT64, INT32, UINT8, BOOL, STRING } = DataType;

/** Operators whose first output has a type that does not depend on the inputs. */
const FIXED_OUTPUT: Readonly<Record<string, number>> = {
  Shape: INT64,
  Size: INT64,
  ArgMax: INT64,
  ArgMin: INT64,
  NonZero: INT64,
  NonMaxSuppression: INT64,
  Equal: BOOL,
  Greater: BOOL,
  GreaterOrEqual: BOOL,
  Less: BOOL,
  LessOrEqual: BOOL,
  And: BOOL,
  Or: BOOL,
  Xor: BOOL,
  Not: BOOL,
  IsNaN: BOOL,
  IsInf: BOOL,
  ConvInteger: INT32,
  MatMulInteger: INT32,
  DynamicQuantizeLinear: UINT8,
  StringNormalizer: STRING,
};

/** Further outputs with another type than the first output, by operator and output index. */
const LATER_OUTPUTS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  TopK: { 1: INT64 },
  MaxPool: { 1: INT64 },
  Unique: { 1: INT64, 2: INT64, 3: INT64 },
  DynamicQuantizeLinear: { 1: FLOAT },
  Dropout: { 1: BOOL },
};

/** The input that determines the type of the outputs, if it is not the first one. */
const TYPE_INPUT: Readonly<Record<string, number>> = {
  Where: 1,
  CastLike: 1,
  OneHot: 2,
  DequantizeLinear: 1,
  QLinearConv: 7,
  QLinearMatMul: 7,
};

/** Operators whose inputs all have one type. */
const ONE_TYPE: ReadonlySet<string> = new Set(
  'Add Sub Mul Div Sum Max Min Mean Concat PRelu Conv ConvTranspose Gemm MatMul InstanceNormalization'.split(' '),
);

/**
 * The onnx.TensorProto.DataType of the tensors of the main graph, from inputs, initializers and value_info, and
 * otherwise from the rules of the operators: by default an output has the type of the first input. For operators of
 * other domains value_info is used, and what reads them: a tensor that meets a float weight in a Conv is float. Tensors
 * of unknown type are omitted.
 */
export function elementTypes(model: Model): ReadonlyMap<string, number> {
  return graphElementTypes(model.graph);
}

/** @param outer types of the names that a subgraph can capture. */
export function graphElementTypes(
  graph: Graph,
  outer: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const types = new Map(outer);
  for (const value of [...graph.valueInfo, ...graph.output, ...graph.input]) {
    if (value.tensorType !== null && value.tensorType.elemType !== 0) types.set(value.name, value.tensorType.elemType);
  }
  for (const tensor of graph.initializer) types.set(tensor.name, tensor.dataType);
  for (const node of new GraphIndex(graph).sortedNodes) {
    if (isDefaultDomain(node.domain) && ONE_TYPE.has(node.opType)) shareType(node, types);
    const bodyTypes = bodyOutputTypes(node, types);
    node.output.forEach((name, index) => {
      if (name === '' || types.has(name)) return;
      const type = bodyTypes === null ? outputType(node, index, types) : bodyTypes[index];
      if (type !== undefined) types.set(name, type);
    });
  }
  return types;
}

/** Inputs of unknown type get the type of the others. */
function shareType(node: Node, types: Map<string, number>): void {
  const known = node.input.find((name) => types.has(name));
  const type = known === undefined ? undefined : types.get(known);
  if (type === undefined) return;
  for (const name of node.input) if (name !== '' && !types.has(name)) types.set(name, type);
}

function outputType(node: Node, index: number, types: ReadonlyMap<string, number>): number | undefined {
  if (!isDefaultDomain(node.domain)) return undefined;
  const later = index > 0 ? ownValue(LATER_OUTPUTS, node.opType)?.[index] : undefined;
  if (later !== undefined) return later;
  switch (node.opType) {
    case 'Cast':
      return attrInt(node, 'to', undefined);
    case 'EyeLike':
    case 'RandomNormalLike':
    case 'RandomUniformLike':
    case 'Bernoulli':
      return attrInt(node, 'dtype', undefined) ?? typeOfInput(node, 0, types);
    case 'RandomNormal':
    case 'RandomUniform':
      return attrInt(node, 'dtype', FLOAT);
    case 'Multinomial':
      return attrInt(node, 'dtype', INT32);
    case 'ConstantOfShape':
      return attrValue(node, 'value', 'tensor')?.value.dataType ?? FLOAT;
    case 'Constant':
      return constantType(node);
    case 'QuantizeLinear':
      return typeOfInput(node, 2, types) ?? (attrInt(node, 'output_dtype', 0) || UINT8);
    default:
      return ownValue(FIXED_OUTPUT, node.opType) ?? typeOfInput(node, ownValue(TYPE_INPUT, node.opType) ?? 0, types);
  }
}

function typeOfInput(node: Node, index: number, types: ReadonlyMap<string, number>): number | undefined {
  const name = node.input[index];
  return name === undefined || name === '' ? undefined : types.get(name);
}

function constantType(node: Node): number | undefined {
  const tensor = attrValue(node, 'value', 'tensor');
  if (tensor !== undefined) return tensor.value.dataType;
  if (hasAttr(node, 'value_float') || hasAttr(node, 'value_floats')) return FLOAT;
  if (hasAttr(node, 'value_int') || hasAttr(node, 'value_ints')) return INT64;
  return hasAttr(node, 'value_string') || hasAttr(node, 'value_strings') ? STRING : undefined;
}

/**
 * Types of the outputs of If, Loop and Scan: those of the body's outputs (a Loop body has its condition first); null
 * for other nodes.
 */
function bodyOutputTypes(node: Node, types: ReadonlyMap<string, number>): readonly (number | undefined)[] | null {
  if (!isOp(node, 'If', 'Loop', 'Scan')) return null;
  const body = attrValue(node, node.opType === 'If' ? 'then_branch' : 'body', 'graph')?.value;
  if (body === undefined) return [];
  const inner = graphElementTypes(body, types);
  return body.output.slice(node.opType === 'Loop' ? 1 : 0).map((value) => inner.get(value.name));
}
