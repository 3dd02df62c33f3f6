import { attrFloat, attrInt, attrInts, attrString } from '../../onnx/graph/attributes';
import type { Node } from '../../onnx/graph/model';
import { isOp } from '../../onnx/graph/opset';
import { weightOf } from './compute-layers';
import type { GraphFacts } from './graph-facts';
import { RESHAPE_OPS } from './op-classes';
import type { Refusal } from './refusals';

/** Operators with a requantizing integer kernel in ONNX Runtime's CPU provider (QLinearAdd, QLinearSigmoid, ...). */
const INTEGER_OPS: ReadonlySet<string> = new Set([
  'Add',
  'Mul',
  'Concat',
  'AveragePool',
  'GlobalAveragePool',
  'LeakyRelu',
  'Sigmoid',
]);

/** Operators that ONNX Runtime runs on integers unchanged if input and output have the same scale. */
const COPY_OPS: ReadonlySet<string> = new Set([
  'MaxPool',
  'Reshape',
  'Transpose',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'DepthToSpace',
  'Slice',
  'Split',
  'Gather',
  'Expand',
  'Tile',
]);

export type IntegerRole = 'requantizes' | 'copies' | 'rectifies';

/** How a layer that is not a compute layer can run on integers; null if ONNX Runtime has no kernel for it. */
export function integerRole(node: Node): IntegerRole | null {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return null;
  if (floatOnlyRefusal(node)) return null;
  if (INTEGER_OPS.has(node.opType)) return 'requantizes';
  if (node.opType === 'Resize') return attrString(node, 'mode', 'nearest') === 'nearest' ? 'copies' : null;
  if (COPY_OPS.has(node.opType)) return node.output.length === 1 || node.opType === 'Split' ? 'copies' : null;
  return node.opType === 'Relu' || node.opType === 'Clip' ? 'rectifies' : null;
}

/**
 * Why a layer must not read the output of a DequantizeLinear; null if it may. Between Q/DQ, ONNX Runtime would replace
 * the layer by an integer operator that lacks one of its attributes, and then reject the resulting graph.
 */
export function floatOnlyRefusal(node: Node): Refusal | null {
  if (isOp(node, 'AveragePool') && (attrInts(node, 'dilations', null) ?? []).some((dilation) => dilation !== 1)) {
    return { code: 'no-integer-form', reason: "ONNX Runtime's integer AveragePool knows no dilations" };
  }
  return null;
}

/** Inputs of a layer that contain values, not shapes, indices or bounds. */
export function valueSlots(node: Node): readonly number[] {
  return node.opType === 'Add' || node.opType === 'Mul' || node.opType === 'Concat' ? [...node.input.keys()] : [0];
}

/** Why a compute layer stays in float with ONNX Runtime; null if an integer kernel supports it. */
export function onnxruntimeRefusal(facts: GraphFacts, node: Node): Refusal | null {
  const [data = '', right = '', bias = ''] = node.input;
  if (!facts.isActivation(data))
    return { code: 'constant-left-operand', reason: 'its first input is no float32 activation' };
  if (node.opType === 'ConvTranspose')
    return {
      code: 'no-integer-kernel',
      reason: 'ONNX Runtime has no integer ConvTranspose; Q/DQ would only slow it down',
    };
  if (node.opType === 'MatMul' && facts.isActivation(right)) return null;
  if (!weightOf(facts, node))
    return { code: 'weights-not-constant', reason: 'its weights are not a float32 initializer' };
  const rank = facts.initializer(right)?.dims.length ?? 0;
  if (node.opType === 'MatMul' && rank > 2) {
    return {
      code: 'weights-rank',
      reason:
        `its weights have ${rank} dimensions, and the integer MatMul takes scales per column of a matrix of 2 ` +
        'only',
    };
  }
  if (bias !== '' && !facts.initializer(bias))
    return { code: 'bias-not-constant', reason: 'its bias is not an initializer' };
  if (node.opType === 'Gemm') return gemmRefusal(facts, node);
  if (node.opType === 'Conv' && reachesOnlyOutput(facts, node.output[0] ?? '')) {
    return {
      code: 'head-conv',
      reason: 'its result is an output of the model, and the integer Conv could only yield 8-bit outputs',
    };
  }
  return null;
}

function gemmRefusal(facts: GraphFacts, node: Node): Refusal | null {
  const bias = facts.initializer(node.input[2] ?? '');
  if (attrInt(node, 'transA', 0) === 1)
    return { code: 'transposed-input', reason: 'its data input is transposed (transA)' };
  if (attrFloat(node, 'alpha', 1) !== 1 || (bias && attrFloat(node, 'beta', 1) !== 1)) {
    return { code: 'gemm-factors', reason: 'the integer Gemm takes no alpha or beta other than 1' };
  }
  const columns = facts.initializer(node.input[1] ?? '')?.dims[attrInt(node, 'transB', 0) === 1 ? 0 : 1];
  if (bias && bias.dims.reduce((product, dim) => product * dim, 1) !== columns) {
    return { code: 'bias-not-per-channel', reason: 'its bias does not have one value per output column' };
  }
  return null;
}

/** True if the tensor is used as an output of the model only, possibly reshaped. */
function reachesOnlyOutput(facts: GraphFacts, tensor: string): boolean {
  if (facts.isObserved(tensor)) return true;
  const uses = facts.uses(tensor);
  return (
    uses.length > 0 &&
    uses.every(
      ({ node, slot }) => slot === 0 && RESHAPE_OPS.has(node.opType) && reachesOnlyOutput(facts, node.output[0] ?? ''),
    )
  );
}
