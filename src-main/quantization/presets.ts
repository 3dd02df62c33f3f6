import { EMPTY_PLAN } from '../../src-shared/domain/precision';
import type { Model } from '../onnx/model';
import { COMPUTE_OPS } from './op-classes';
import { placeQdq } from './quantize';

/**
 * The first and the last layer that ONNX Runtime's or TensorRT's placement would quantize, or, where a rule keeps it in
 * float already, the first and last Conv, ConvTranspose, Gemm or MatMul: the two that lose most from INT8 as a rule.
 */
export function firstAndHeadFp16(model: Model): string[] {
  const { decisions } = placeQdq(model, EMPTY_PLAN, 'onnxruntime');
  const compute = decisions.filter((decision) => decision.tensor === undefined && COMPUTE_OPS.has(decision.op) && decision.code !== 'constant');
  const first = compute[0]?.layer;
  const last = compute.at(-1)?.layer;
  return [...new Set([first, last])].flatMap((layer) => (layer === undefined ? [] : [layer]));
}
