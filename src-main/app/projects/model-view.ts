import type { LayerView, ModelView } from '../../../src-shared/contract/views';
import { ownValue } from '../../../src-shared/base/records';
import { layerId, type LayerId } from '../../../src-shared/base/brand';
import { knownThresholdsInUse } from '../../calibration/histograms/threshold-table';
import type { TunedLayer } from '../../../src-shared/domain/analysis/tuning';
import {
  choiceOf,
  isSamePlan,
  precisionOf,
  type PlacementDecision,
  type PrecisionPlan,
  type Target,
} from '../../../src-shared/domain/project/precision';
import type { ExplainResult } from '../../compute/pool/protocol';
import { elementCount } from '../../onnx/graph/element-types';
import { graphMacs } from '../../onnx/graph/layer-macs';
import type { Model, Node } from '../../onnx/graph/model';
import { calibrationTensors } from '../../quantization/rewrite/calibration-tensors';
import { graphFacts, type GraphFacts } from '../../quantization/rules/graph-facts';
import { COMPUTE_OPS } from '../../quantization/rules/op-classes';
import type { JobContext } from '../job-context';
import { loadTuning } from '../analysis/analysis-store';
import { knownCorrections } from '../variants/bias-correction';
import { calibrationForThresholds, calibrationIfAny, prepared } from './workspace';

/**
 * The prepared model with what the project's plan makes of every layer on a target; the default is the project's
 * target.
 */
export async function explainedModel(asked: Target | undefined, job: JobContext): Promise<ModelView> {
  const { workspace, services } = job;
  const { file, preparedDir } = workspace;
  const target = asked ?? file.target;
  const model = await prepared(workspace, services.compute, job);
  const calibration = calibrationIfAny(workspace) && (await calibrationForThresholds(workspace));
  const explained = await services.compute.request(
    'explain',
    {
      preparedDir,
      target,
      plan: file.plan,
      ranges: (await calibration?.prepareRanges()) ?? {},
      thresholds: knownThresholdsInUse(calibration, file),
      ...knownCorrections(target, { model, calibration }, job),
    },
    job,
  );
  const tuned = target === 'tensorrt' ? await tunedReasons(job) : NOT_TUNED;
  return modelView(model, file.plan, withReasons(explained, tuned), calibration !== null);
}

const NOT_TUNED: ReadonlyMap<string, TunedLayer> = new Map();

/** Layer -> why a tuning gave it its precision, if the plan is the one that the latest tuning found. */
async function tunedReasons({ workspace }: JobContext): Promise<ReadonlyMap<string, TunedLayer>> {
  const found = (await loadTuning(workspace))?.result;
  const chosen = found?.candidates[found.chosen];
  if (found === undefined || chosen === undefined || !isSamePlan(chosen.layers, workspace.file.plan.layers))
    return NOT_TUNED;
  return new Map(found.layers.map((layer) => [layer.layer, layer]));
}

function withReasons(explained: ExplainResult, tuned: ReadonlyMap<string, TunedLayer>): ExplainResult {
  if (tuned.size === 0) return explained;
  return {
    ...explained,
    decisions: explained.decisions.map((decision) => {
      const own = decision.tensor === undefined ? tuned.get(decision.layer) : undefined;
      return own?.precision === decision.precision ? { ...decision, code: own.code, reason: own.reason } : decision;
    }),
  };
}

/**
 * The prepared model as the graph and the layer table show it: the precision planned for each layer, the result and the
 * reasons.
 */
function modelView(model: Model, plan: PrecisionPlan, explained: ExplainResult, isCalibrated: boolean): ModelView {
  const decisions = new Map<string, PlacementDecision[]>();
  for (const decision of explained.decisions) {
    const list = decisions.get(decision.layer);
    if (list) list.push(decision);
    else decisions.set(decision.layer, [decision]);
  }
  return {
    inputs: model.graph.input.map((input) => input.name),
    outputs: model.graph.output.map((output) => output.name),
    layers: fixedFactsOf(model).map((fixed) => {
      const own = decisions.get(fixed.layer) ?? [];
      return {
        ...fixed,
        choice: choiceOf(plan, fixed.layer),
        planned: precisionOf(plan, fixed.layer),
        decision: own.find((decision) => decision.tensor === undefined) ?? undecided(fixed),
        edges: own.filter((decision) => decision.tensor !== undefined),
        fp16Hazards: isCalibrated ? (ownValue(explained.hazards, fixed.layer) ?? []) : null,
      };
    }),
    calibrationTensors: calibrationTensors(model),
  };
}

function undecided({ layer, op }: FixedFacts): PlacementDecision {
  return { layer, op, precision: 'fp32', code: 'unknown', reason: 'No decision was made about this layer' };
}

/** What no plan changes about a layer. */
type FixedFacts = Omit<LayerView, 'layer' | 'choice' | 'planned' | 'decision' | 'edges' | 'fp16Hazards'> & {
  readonly layer: LayerId;
};

const fixedFactsByModel = new WeakMap<Model, readonly FixedFacts[]>();

function fixedFactsOf(model: Model): readonly FixedFacts[] {
  const known = fixedFactsByModel.get(model);
  if (known) return known;
  const facts = graphFacts(model);
  const fixed = facts.nodes.map((node) => fixedFacts(node, facts));
  fixedFactsByModel.set(model, fixed);
  return fixed;
}

function fixedFacts(node: Node, facts: GraphFacts): FixedFacts {
  const constants = node.input.filter((name) => facts.initializer(name) !== undefined);
  const weight = COMPUTE_OPS.has(node.opType) ? facts.initializer(node.input[1] ?? '') : undefined;
  const macs = graphMacs(facts.model.graph).ofNode.get(node);
  return {
    layer: layerId(node.name),
    op: node.opType,
    inputs: node.input.filter((name) => name !== '' && !facts.isConstant(name)),
    outputs: node.output.filter((name) => name !== ''),
    weightShape: weight?.dims ?? null,
    parameters: constants.reduce((sum, name) => sum + elementCount(facts.initializer(name)?.dims ?? []), 0),
    ...(macs === undefined ? {} : { macs }),
  };
}
