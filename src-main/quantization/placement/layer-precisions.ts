import { layerId } from '../../../src-shared/base/brand';
import { ownValue } from '../../../src-shared/base/records';
import {
  precisionOf,
  type Fp16Hazard,
  type Precision,
  type PrecisionPlan,
  type FallbackPrecision,
} from '../../../src-shared/domain/project/precision';
import type { Node } from '../../onnx/graph/model';
import { defaultOpset, isDefaultDomain } from '../../onnx/graph/opset';
import { subgraphsOf } from '../../onnx/graph/subgraphs';
import { decomposedNormalizations } from '../rules/decomposed-chains';
import type { GraphFacts } from '../rules/graph-facts';
import { fp16Hazards, fp16Refusal } from '../fp16/fp16-hazards';
import type { RangeFacts } from '../rules/range-facts';
import { floatOnlySlots } from '../fp16/fp16-types';
import { CONTROL_FLOW_OPS, FP32_ONLY_OPS } from '../rules/op-classes';
import type { Partitions } from '../rules/partitions';
import type { Verdict } from './placement';

/** The precision of each layer as far as the plan decides it; INT8 layers are left to the placement policy. */
export interface LayerPrecisions {
  of(node: Node): Precision;
  /** The plan asks for INT8 explicitly, which overrules the rules that keep a layer in float for speed. */
  isInt8Asked(node: Node): boolean;
  /** The decision for a layer that the plan takes out of INT8; undefined for INT8 layers. */
  verdict(node: Node): Verdict | undefined;
  /** Layers whose floating-point side is FP16: planned as FP16, or not planned while the fallback precision is FP16. */
  readonly fp16Layers: ReadonlySet<string>;
  /**
   * Reason why a layer, or the float side of its INT8 kernel, stays in FP32 although the fallback precision is FP16.
   */
  readonly fallbackRefusals: ReadonlyMap<string, Fp16Refusal>;
  /** Layer -> tensors of it whose values are so large that FP16 represents them with steps of 0.5 or more. */
  readonly coarse: ReadonlyMap<string, readonly Fp16Hazard[]>;
}

/** Why a layer cannot run in FP16, and which tensor is the cause, if one is. */
export interface Fp16Refusal extends Verdict {
  readonly tensor?: string;
}

export interface PrecisionContext {
  readonly plan: PrecisionPlan;
  readonly fallbackPrecision: FallbackPrecision;
  readonly partitions: Partitions;
  readonly ranges: RangeFacts;
  /** Layers that would read a scale which FP16 cannot represent. */
  readonly scaleRefusals: ReadonlyMap<string, Fp16Refusal>;
}

export function resolvePrecisions(
  facts: GraphFacts,
  { plan, fallbackPrecision, partitions, ranges, scaleRefusals }: PrecisionContext,
): LayerPrecisions {
  const verdicts = new Map<string, Verdict>();
  const fp16Layers = new Set<string>();
  const fallbackRefusals = new Map<string, Fp16Refusal>();
  const coarse = new Map<string, readonly Fp16Hazard[]>();
  const normalizations = decomposedNormalizations(facts);
  for (const node of facts.nodes) {
    const { precision, root } = requested(plan, partitions, node);
    const isPlannedFp16 = precision === 'fp16';
    const refusal =
      isPlannedFp16 || (precision === 'int8' && fallbackPrecision === 'fp16')
        ? (refusalOf(facts, node, ranges) ?? scaleRefusals.get(node.name))
        : undefined;
    if (precision !== 'int8') verdicts.set(node.name, refusal ? verdictOf(refusal) : planned(precision, root));
    else if (refusal) fallbackRefusals.set(node.name, refusal);
    const isFallbackFp16 = precision === 'int8' && fallbackPrecision === 'fp16' && !normalizations.has(node);
    if (refusal || !(isPlannedFp16 || isFallbackFp16)) continue;
    fp16Layers.add(node.name);
    const hazards = fp16Hazards(facts, node, ranges);
    if (hazards.length > 0) coarse.set(node.name, hazards);
  }
  return {
    isInt8Asked: (node) => ownValue(plan.layers, node.name) === 'int8',
    of: (node) => verdicts.get(node.name)?.precision ?? 'int8',
    verdict: (node) => verdicts.get(node.name),
    fp16Layers,
    fallbackRefusals,
    coarse,
  };
}

/** A layer without an entry in the plan has the precision of the compute layer whose kernel it is fused into. */
function requested(
  plan: PrecisionPlan,
  partitions: Partitions,
  node: Node,
): { precision: Precision; root: Node | null } {
  if (ownValue(plan.layers, node.name) !== undefined)
    return { precision: precisionOf(plan, layerId(node.name)), root: null };
  const root = partitions.of(node)?.root;
  return root && root !== node
    ? { precision: precisionOf(plan, layerId(root.name)), root }
    : { precision: 'int8', root: null };
}

function planned(precision: 'fp16' | 'fp32', root: Node | null): Verdict {
  const name = precision === 'fp16' ? 'FP16' : 'FP32';
  if (root)
    return {
      precision,
      code: `follows-${precision}`,
      reason: `runs in the kernel of ${root.name}, which the plan keeps in ${name}`,
    };
  return { precision, code: `plan-${precision}`, reason: `the precision plan keeps this layer in ${name}` };
}

export function verdictOf({ precision, code, reason }: Fp16Refusal): Verdict {
  return { precision, code, reason };
}

function refusalOf(facts: GraphFacts, node: Node, ranges: RangeFacts): Fp16Refusal | undefined {
  const refused = (code: string, reason: string): Fp16Refusal => ({ precision: 'fp32', code, reason });
  if (!node.output.some((name) => facts.isActivation(name))) {
    return refused('not-floating-point', 'FP16 was asked for, but the layer computes no float32 activation');
  }
  if (CONTROL_FLOW_OPS.has(node.opType) || subgraphsOf(node).length > 0)
    return refused('control-flow', 'bodies of control flow are left as they are');
  const unknown = node.input.find((name) => name !== '' && facts.elementType(name) === undefined);
  if (unknown !== undefined)
    return refused('fp16-no-kernel', `the type of its input "${unknown}" is not known; it stays in FP32`);
  const untyped = typeRefusal(facts, node);
  if (untyped) return refused(...untyped);
  const hazard = fp16Refusal(facts, node, ranges);
  return hazard && { ...refused(hazard.code, hazard.reason), tensor: hazard.tensor };
}

/**
 * Code and reason if ONNX's type constraints or a rule of ours exclude FP16 for an operator; null if FP16 is allowed.
 */
function typeRefusal(facts: GraphFacts, node: Node): readonly [code: string, reason: string] | null {
  const opset = defaultOpset(facts.model);
  if (!isDefaultDomain(node.domain))
    return [
      'fp16-no-kernel',
      `${node.opType} of the domain ${node.domain} is not known to have an FP16 form; it stays in FP32`,
    ];
  if (FP32_ONLY_OPS.has(node.opType)) return ['fp16-no-kernel', `${node.opType} keeps its float type`];
  const floatOnly = floatOnlySlots(node, opset);
  if (floatOnly === null)
    return ['fp16-no-kernel', `${node.opType} is not an operator of ONNX's operator set ${opset}; it stays in FP32`];
  const isUsed = (slot: number): boolean => (node.output[slot] ?? '') !== '';
  if (floatOnly.outputs.some(isUsed))
    return [
      'fp16-no-kernel',
      `${node.opType} is not defined for FP16 in ONNX's operator set ${opset}; it stays in FP32`,
    ];
  return floatOnly.own.some(isUsed)
    ? ['own-float-type', `the model itself states the type of the result of this ${node.opType}`]
    : null;
}
