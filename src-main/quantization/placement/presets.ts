import { EMPTY_PLAN, type PrecisionPlan, type Target } from '../../../src-shared/domain/project/precision';
import type { Model } from '../../onnx/graph/model';
import { COMPUTE_OPS } from '../rules/op-classes';
import { isAboutSpeed } from '../rules/refusals';
import { placeQdq } from '../rewrite/quantize';

/**
 * The first and the last Conv, ConvTranspose, Gemm or MatMul, which usually lose the most accuracy in INT8. For
 * TensorRT, layers that do not run in INT8 are skipped: small heads stay in FP32 already, and FP16 would only add a
 * conversion.
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

/** Reason codes of layers that are fused into a layer which the plan keeps in FP16 or FP32. */
const FOLLOWS_PLAN: ReadonlySet<string> = new Set(['follows-fp16', 'follows-fp32']);

/**
 * The plan without the INT8 entries that change nothing, so that plans which make the same model are equal. An entry
 * changes the model if it overrules a rule about speed, or takes a layer out of the kernel of an FP16 or FP32 layer.
 */
export function withoutRedundantInt8(plan: PrecisionPlan, model: Model, target: Target): PrecisionPlan {
  const entries = Object.entries(plan.layers);
  const others = entries.filter(([, precision]) => precision !== 'int8');
  if (others.length === entries.length) return plan;
  const { decisions } = placeQdq(model, { ...plan, layers: Object.fromEntries(others) }, target);
  const decisive = new Set<string>(
    decisions
      .filter((decision) => decision.tensor === undefined)
      .filter((decision) => isAboutSpeed(decision) || FOLLOWS_PLAN.has(decision.code))
      .map(({ layer }) => layer),
  );
  return {
    ...plan,
    layers: Object.fromEntries(entries.filter(([layer, precision]) => precision !== 'int8' || decisive.has(layer))),
  };
}
