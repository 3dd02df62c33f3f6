import type { Node } from '../../onnx/graph/model';
import { isReadInFloat, isReadInInt8, type Int8Layers } from './int8-tensors';
import type { Partition } from './partitions';

/** A SiLU in a kernel of its own reads and writes 2 bytes more for each value than one in the kernel before it. */
export const BYTES_OF_UNFUSED_SILU = 4;

/**
 * Whether the SiLU, x * sigmoid(x), behind an INT8 convolution is a kernel of its own. TensorRT's INT8 kernels compute
 * it only if they write INT8: something must read it in INT8 and nothing in floating point, and no residual Add may
 * follow. An FP16 kernel computes it in most cases (TensorRT 10.6 on an H200, test/evidence/README.md, Detectors).
 */
export function hasUnfusedSilu(int8: Int8Layers, { members, residual, output }: Partition): boolean {
  if (!members.some(isSiluGate)) return false;
  return residual !== null || !isReadInInt8(int8, output) || isReadInFloat(int8, output);
}

/** Whether a fused layer is the Sigmoid of a SiLU; the Sigmoid of a gate multiplies another tensor. */
function isSiluGate(
  { opType, input: [x = ''], output: [gate = ''] }: Node,
  i: number,
  members: readonly Node[],
): boolean {
  const product = members[i + 1];
  return opType === 'Sigmoid' && product?.opType === 'Mul' && product.input.includes(x) && product.input.includes(gate);
}
