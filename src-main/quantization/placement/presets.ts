import { EMPTY_PLAN, type Target } from '../../../src-shared/domain/project/precision';
import type { Model } from '../../onnx/graph/model';
import { COMPUTE_OPS } from '../rules/op-classes';
import { placeQdq } from '../rewrite/quantize';

/**
 * The first and the last Conv, ConvTranspose, Gemm or MatMul: the two that lose most from INT8 as a rule. For TensorRT only those
 * that would run in INT8: its light head stays in FP32 anyway, and a conversion around it would only cost.
 */
export function firstAndHeadFp16(model: Model, target: Target): string[] {
  const { decisions } = placeQdq(model, EMPTY_PLAN, target);
  const compute = decisions.filter(
    (decision) => decision.tensor === undefined && COMPUTE_OPS.has(decision.op) && decision.code !== 'constant',
  );
  const integer = compute.filter(({ precision }) => precision === 'int8');
  const candidates = target === 'tensorrt' && integer.length > 0 ? integer : compute;
  return [...new Set([candidates[0]?.layer, candidates.at(-1)?.layer])].flatMap((layer) =>
    layer === undefined ? [] : [layer],
  );
}
