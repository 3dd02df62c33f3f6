import type { LayerView, ModelView } from '../../../src-shared/contract/views';
import { ownValue } from '../../../src-shared/base/records';
import { layerId } from '../../../src-shared/base/brand';
import {
  choiceOf,
  precisionOf,
  type Fp16Hazard,
  type PlacementDecision,
  type PrecisionPlan,
} from '../../../src-shared/domain/project/precision';
import type { ExplainResult } from '../../compute/pool/protocol';
import { elementCount } from '../../onnx/graph/element-types';
import { graphMacs } from '../../onnx/graph/layer-macs';
import type { Model, Node } from '../../onnx/graph/model';
import { calibrationTensors } from '../../quantization/rewrite/calibration-tensors';
import { graphFacts, type GraphFacts } from '../../quantization/rules/graph-facts';
import { COMPUTE_OPS } from '../../quantization/rules/op-classes';

/** The prepared model as the graph and the layer table show it: what each layer was asked to be, what it becomes, and why. */
export function modelView(
  model: Model,
  plan: PrecisionPlan,
  explained: ExplainResult,
  isCalibrated: boolean,
): ModelView {
  const facts = graphFacts(model);
  const decisions = new Map<string, PlacementDecision[]>();
  for (const decision of explained.decisions) {
    const list = decisions.get(decision.layer);
    if (list) list.push(decision);
    else decisions.set(decision.layer, [decision]);
  }
  return {
    inputs: model.graph.input.map((input) => input.name),
    outputs: model.graph.output.map((output) => output.name),
    layers: facts.nodes.map((node) =>
      layerView(node, facts, plan, {
        decisions: decisions.get(node.name) ?? [],
        fp16Hazards: isCalibrated ? (ownValue(explained.hazards, node.name) ?? []) : null,
      }),
    ),
    calibrationTensors: calibrationTensors(model),
  };
}

interface LayerFindings {
  readonly decisions: readonly PlacementDecision[];
  readonly fp16Hazards: readonly Fp16Hazard[] | null;
}

function layerView(
  node: Node,
  facts: GraphFacts,
  plan: PrecisionPlan,
  { decisions, fp16Hazards }: LayerFindings,
): LayerView {
  const layer = layerId(node.name);
  const constants = node.input.filter((name) => facts.initializer(name) !== undefined);
  const weight = COMPUTE_OPS.has(node.opType) ? facts.initializer(node.input[1] ?? '') : undefined;
  const macs = graphMacs(facts.model.graph).ofNode.get(node);
  const main = decisions.find((decision) => decision.tensor === undefined);
  return {
    layer,
    op: node.opType,
    inputs: node.input.filter((name) => name !== '' && !facts.isConstant(name)),
    outputs: node.output.filter((name) => name !== ''),
    weightShape: weight?.dims ?? null,
    parameters: constants.reduce((sum, name) => sum + elementCount(facts.initializer(name)?.dims ?? []), 0),
    ...(macs === undefined ? {} : { macs }),
    choice: choiceOf(plan, layer),
    planned: precisionOf(plan, layer),
    decision: main ?? {
      layer,
      op: node.opType,
      precision: 'fp32',
      code: 'unknown',
      reason: 'No decision was made about this layer',
    },
    edges: decisions.filter((decision) => decision.tensor !== undefined),
    fp16Hazards,
  };
}
