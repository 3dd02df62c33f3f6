import { attrInt, attrValue } from '../../onnx/graph/attributes';
import { DataType, type Node, type Tensor } from '../../onnx/graph/model';
import { tensorAsFloat32, tensorAsInts } from '../../onnx/graph/tensor-values';
import type { GraphFacts } from './graph-facts';
import { asFp16 } from './number-formats';
import { RESHAPE_OPS } from './op-classes';

/** Larger constants are treated as weights, which are judged per channel. */
const MAX_VALUES = 65_536;

/** Operators whose output contains only values of their first input. */
const SAME_VALUES: ReadonlySet<string> = new Set([...RESHAPE_OPS, 'Identity', 'Expand', 'Tile']);

const UNARY: ReadonlyMap<string, (x: number) => number> = new Map([
  ['Neg', (x) => -x],
  ['Abs', Math.abs],
  ['Sqrt', Math.sqrt],
  ['Reciprocal', (x) => 1 / x],
  ['Exp', Math.exp],
  ['Log', Math.log],
]);

const BINARY: ReadonlyMap<string, (x: number, y: number) => number> = new Map([
  ['Add', (x, y) => x + y],
  ['Sub', (x, y) => x - y],
  ['Mul', (x, y) => x * y],
  ['Div', (x, y) => x / y],
  ['Pow', (x, y) => x ** y],
]);

const valuesByFacts = new WeakMap<GraphFacts, Map<string, Float64Array | null>>();

/**
 * The values of a constant, in any order: an initializer, or the result of Cast, Unsqueeze, arithmetic and similar
 * operators on constants. Null for tensors that are not constant, have more than 65,536 values, or are computed by
 * other operators.
 */
export function constantValues(facts: GraphFacts, tensor: string): Float64Array | null {
  if (!facts.isConstant(tensor)) return null;
  const known = valuesByFacts.get(facts) ?? new Map<string, Float64Array | null>();
  valuesByFacts.set(facts, known);
  const found = known.get(tensor);
  if (found !== undefined) return found;
  const initializer = facts.initializer(tensor);
  const producer = facts.producer(tensor);
  const values = initializer ? initializerValues(initializer) : producer ? computedValues(facts, producer) : null;
  known.set(tensor, values);
  return values;
}

function initializerValues(tensor: Tensor): Float64Array | null {
  if (tensor.dims.reduce((product, dim) => product * dim, 1) > MAX_VALUES) return null;
  switch (tensor.dataType) {
    case DataType.FLOAT:
    case DataType.DOUBLE:
    case DataType.FLOAT16:
    case DataType.BFLOAT16:
      return Float64Array.from(tensorAsFloat32(tensor));
    case DataType.INT64:
    case DataType.INT32:
      return Float64Array.from(tensorAsInts(tensor));
    default:
      return null;
  }
}

function computedValues(facts: GraphFacts, node: Node): Float64Array | null {
  const [first = '', second = ''] = node.input;
  if (node.opType === 'ConstantOfShape') {
    const value = attrValue(node, 'value', 'tensor')?.value;
    return value ? initializerValues(value) : Float64Array.of(0);
  }
  const x = constantValues(facts, first);
  if (!x) return null;
  if (SAME_VALUES.has(node.opType)) return x;
  if (node.opType === 'Cast') return castValues(x, attrInt(node, 'to', 0));
  const unary = UNARY.get(node.opType);
  if (unary) return x.map((value) => Math.fround(unary(value)));
  const binary = BINARY.get(node.opType);
  const y = constantValues(facts, second);
  if (!binary || !y) return null;
  if (y.length === 1) return x.map((value) => Math.fround(binary(value, y[0] ?? 0)));
  return x.length === 1 ? y.map((value) => Math.fround(binary(x[0] ?? 0, value))) : null;
}

function castValues(values: Float64Array, to: number): Float64Array | null {
  switch (to) {
    case DataType.FLOAT:
      return values.map(Math.fround);
    case DataType.DOUBLE:
      return values;
    case DataType.FLOAT16:
      return values.map(asFp16);
    case DataType.INT64:
    case DataType.INT32:
      return values.map(Math.trunc);
    default:
      return null;
  }
}
