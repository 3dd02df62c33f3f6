import { layerId } from '../../src-shared/base/brand';
import { precisionOf, type Precision, type PrecisionPlan } from '../../src-shared/domain/precision';
import { DataType, type Node } from '../onnx/model';
import { subgraphsOf } from '../onnx/subgraphs';
import type { GraphFacts } from './graph-facts';
import { FP16_MAX } from './number-formats';
import { CONTROL_FLOW_OPS, NO_FP16_OPS } from './op-classes';
import type { Partitions } from './partitions';
import type { Verdict } from './placement';

/** What decides whether FP16 holds a layer's numbers. */
export interface RangeFacts {
  /** max|w| of a float32 initializer. */
  readonly weightAmax: (initializer: string) => number;
  /** max|x| of an activation over the calibration set, or undefined when it was not collected. */
  readonly activationAmax: (tensor: string) => number | undefined;
}

/** The plan as it can be met: `int8` layers are left to the policy, the others have their verdict. */
export interface LayerPrecisions {
  of(node: Node): Precision;
  /** Verdict about a layer that the plan took out of INT8; undefined for int8. */
  verdict(node: Node): Verdict | undefined;
  readonly halfLayers: ReadonlySet<string>;
}

export function resolvePrecisions(facts: GraphFacts, plan: PrecisionPlan, partitions: Partitions, ranges: RangeFacts): LayerPrecisions {
  const verdicts = new Map<string, Verdict>();
  for (const node of facts.nodes) {
    const { precision, root } = requested(plan, partitions, node);
    if (precision === 'int8') continue;
    const refusal = precision === 'fp16' ? refusalOf(facts, node, ranges) : undefined;
    verdicts.set(node.name, refusal ?? planned(precision, root));
  }
  const halfLayers = new Set([...verdicts].filter(([, verdict]) => verdict.precision === 'fp16').map(([name]) => name));
  return { of: (node) => verdicts.get(node.name)?.precision ?? 'int8', verdict: (node) => verdicts.get(node.name), halfLayers };
}

/** A layer without an entry follows the compute layer in whose kernel it runs. */
function requested(plan: PrecisionPlan, partitions: Partitions, node: Node): { precision: Precision; root: Node | null } {
  if (plan.layers[node.name] !== undefined) return { precision: precisionOf(plan, layerId(node.name)), root: null };
  const root = partitions.of(node)?.root;
  return root && root !== node ? { precision: precisionOf(plan, layerId(root.name)), root } : { precision: 'int8', root: null };
}

function planned(precision: 'fp16' | 'fp32', root: Node | null): Verdict {
  const name = precision === 'fp16' ? 'FP16' : 'FP32';
  if (root) return { precision, code: `follows-${precision}`, reason: `runs in the kernel of ${root.name}, which the plan keeps in ${name}` };
  return { precision, code: `plan-${precision}`, reason: `the precision plan keeps this layer in ${name}` };
}

function refusalOf(facts: GraphFacts, node: Node, ranges: RangeFacts): Verdict | undefined {
  const refused = (code: string, reason: string): Verdict => ({ precision: 'fp32', code, reason });
  if (!node.output.some((name) => facts.isActivation(name))) {
    return refused('not-floating-point', 'FP16 was asked for, but the layer computes no float32 activation');
  }
  if (CONTROL_FLOW_OPS.has(node.opType) || subgraphsOf(node).length > 0) return refused('control-flow', 'bodies of control flow are left as they are');
  if (NO_FP16_OPS.has(node.opType) || (node.domain !== '' && node.domain !== 'ai.onnx')) {
    return refused('fp16-no-kernel', `${node.opType} is not defined for FP16; it stays in FP32`);
  }
  if (node.opType !== 'Clip') {
    // A Clip's bounds may be the largest float: they saturate without harm.
    for (const name of node.input) {
      if (facts.initializer(name)?.dataType !== DataType.FLOAT) continue;
      const amax = ranges.weightAmax(name);
      if (amax > FP16_MAX) return refused('fp16-refused-weight', `max|w| of ${name} is ${amax.toPrecision(4)}, above 65504, the largest FP16 value`);
    }
  }
  for (const name of [...node.input, ...node.output].filter((each) => facts.isActivation(each))) {
    const amax = ranges.activationAmax(name);
    if (amax !== undefined && amax > FP16_MAX) {
      return refused('fp16-refused-activation', `max|x| of ${name} is ${amax.toPrecision(4)}, above 65504, the largest FP16 value`);
    }
  }
  return undefined;
}
