import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ModelInspection } from '../../../src-shared/domain/project/inspection';
import type { GraphIndex } from './graph-index';
import { describeInput } from './model-inputs';
import { DataType, type Model, type Node } from './model';
import { isDefaultDomain, isOp } from './opset';
import { capturedNames } from './subgraphs';
import { constantsToInitializers } from '../passes/constants-to-initializers';
import { PREPARED_OPSET, upgradeOpset } from '../passes/upgrade-opset';

type Warning = ModelInspection['warnings'][number];

interface InspectionFacts {
  readonly model: Model;
  readonly opset: number;
  readonly index: GraphIndex;
  readonly types: ReadonlyMap<string, number>;
  /** Constant expressions, which preparation replaces by their values. */
  readonly folded: ReadonlySet<string>;
}

const QUANTIZABLE = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'];
/** The largest number of names in one warning. */
const NAMES_SHOWN = 5;

/**
 * A Conv, ConvTranspose, Gemm or MatMul of float32 whose weights are constant; or a MatMul of two
 * activations.
 */
export function isQuantizable(node: Node, { types, index, folded }: InspectionFacts): boolean {
  if (!isOp(node, ...QUANTIZABLE) || !node.input.slice(0, 2).every((name) => types.get(name) === DataType.FLOAT))
    return false;
  const weights = node.input[1] ?? '';
  return folded.has(weights) || isConstant(weights, index) || (isOp(node, 'MatMul') && dependsOnInput(weights, index));
}

/** True if a tensor depends on an input of the graph. */
function dependsOnInput(name: string, index: GraphIndex): boolean {
  const pending = [name];
  const seen = new Set<string>();
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    if (index.isGraphInput(current)) return true;
    if (current === '' || seen.has(current)) continue;
    seen.add(current);
    const producer = index.producer(current)?.node;
    if (producer) pending.push(...producer.input, ...capturedNames(producer));
  }
  return false;
}

/** Everything about a model that its user should know before calibrating it. */
export function inspectionWarnings(facts: InspectionFacts): readonly Warning[] {
  return [
    opsetWarning(facts),
    customOpWarning(facts),
    foldedWeights(facts),
    dynamicDimWarning(facts),
    controlFlowWarning(facts),
    dynamicWeightWarning(facts),
    nothingToQuantize(facts),
  ].filter((warning) => warning !== null);
}

function opsetWarning({ model, opset }: InspectionFacts): Warning | null {
  if (opset >= PREPARED_OPSET) return null;
  try {
    upgradeOpset({ ...model, graph: constantsToInitializers(model.graph) }, []);
    return {
      code: 'opset-upgrade',
      message:
        `Operator set ${opset} will be upgraded to ${PREPARED_OPSET} (per-channel quantization needs it); the ` +
        'function stays the same',
    };
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'model-unsupported') throw error;
    return { code: 'opset-not-upgradable', message: error.message };
  }
}

function customOpWarning({ model }: InspectionFacts): Warning | null {
  const found = model.graph.node.filter((node) => !isDefaultDomain(node.domain));
  if (found.length === 0) return null;
  const names = [...new Set(found.map((node) => `${node.domain}.${node.opType}`))].sort();
  return {
    code: 'custom-operators',
    message: `Operators outside the ONNX standard stay in float32 and need a runtime that knows them: ${names.join(', ')}`,
  };
}

/** Weights of layers that are computed once, before anything else. */
function foldedWeights({ model, index, folded }: InspectionFacts): Warning | null {
  const found = model.graph.node.filter(
    (node) => isOp(node, ...QUANTIZABLE) && folded.has(node.input[1] ?? '') && !isConstant(node.input[1] ?? '', index),
  );
  if (found.length === 0) return null;
  return {
    code: 'weights-folded',
    message:
      `The weights of ${found.length === 1 ? 'one layer are' : `${found.length} layers are`} computed from constants; ` +
      `they are computed once and stored: ${namesOf(found)}`,
  };
}

function dynamicDimWarning({ index }: InspectionFacts): Warning | null {
  const dynamic = index.graphInputs.filter(
    (value) => value.tensorType?.shape?.slice(1).some((dim) => dim.kind !== 'value' || dim.value <= 0) ?? false,
  );
  if (dynamic.length === 0) return null;
  return {
    code: 'dynamic-dimensions',
    message:
      `Dimensions other than the batch are not fixed: ${dynamic.map(describeInput).join(', ')}; the preprocessing of a ` +
      'project decides the size of images',
  };
}

function controlFlowWarning({ model }: InspectionFacts): Warning | null {
  const found = model.graph.node.filter((node) => isOp(node, 'If', 'Loop', 'Scan'));
  if (found.length === 0) return null;
  return { code: 'control-flow', message: `Layers inside ${countsOf(found)} are not quantized` };
}

function dynamicWeightWarning({ model, index, folded }: InspectionFacts): Warning | null {
  const found = model.graph.node.filter(
    (node) =>
      isOp(node, ...QUANTIZABLE) &&
      !folded.has(node.input[1] ?? '') &&
      !isConstant(node.input[1] ?? '', index) &&
      !(isOp(node, 'MatMul') && dependsOnInput(node.input[1] ?? '', index)),
  );
  if (found.length === 0) return null;
  return {
    code: 'dynamic-weights',
    message: `The weights of these layers are computed while the model runs, so they are not quantized: ${namesOf(found)}`,
  };
}

function isConstant(name: string, index: GraphIndex): boolean {
  let current = name;
  const seen = new Set<string>();
  while (index.initializer(current) === undefined) {
    const producer = index.producer(current)?.node;
    if (producer === undefined || seen.has(current)) return false;
    if (isOp(producer, 'Constant')) return true;
    if (!isOp(producer, 'Identity')) return false;
    seen.add(current);
    current = producer.input[0] ?? '';
  }
  return true;
}

function nothingToQuantize(facts: InspectionFacts): Warning | null {
  if (facts.model.graph.node.some((node) => isQuantizable(node, facts))) return null;
  return {
    code: 'nothing-to-quantize',
    message: 'The model has no Conv, ConvTranspose, Gemm or MatMul with float32 inputs: nothing can be quantized',
  };
}

function countsOf(nodes: readonly Node[]): string {
  const counts = new Map<string, number>();
  for (const node of nodes) counts.set(node.opType, (counts.get(node.opType) ?? 0) + 1);
  return [...counts].map(([op, count]) => `${count} ${op}`).join(', ');
}

function namesOf(nodes: readonly Node[]): string {
  const names = nodes.slice(0, NAMES_SHOWN).map((node) => `${node.opType} "${node.name || (node.output[0] ?? '')}"`);
  return names.join(', ') + (nodes.length > NAMES_SHOWN ? ` and ${nodes.length - NAMES_SHOWN} more` : '');
}
