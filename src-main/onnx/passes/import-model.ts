import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Model, Node } from '../graph/model';
import { isDefaultDomain, isOp } from '../graph/opset';
import { inlineFunctions } from './inline-functions';
import type { Notes, PrepareNote } from './note';
import { takeOutQdq, type WithoutQdq } from './take-out-qdq';
import { widenFloats } from './widen-floats';

/** A model file as the workbench works on it: a float32 model without functions and without Q/DQ. */
export interface ImportedModel {
  readonly model: Model;
  /** What was found and done, for the user to read. */
  readonly notes: readonly PrepareNote[];
  /** Thresholds of the Q/DQ that the file carries: tensor -> real units; empty without Q/DQ. */
  readonly thresholds: Readonly<Record<string, number>>;
}

/** Operators that compute on integers, without a float layer that could be quantized otherwise. */
const INTEGER_OPS = ['QLinearConv', 'QLinearMatMul', 'ConvInteger', 'MatMulInteger', 'DynamicQuantizeLinear'];

/**
 * Brings a model into the form that everything else works on. Reads the graph and small constants, not the weights.
 * @throws WorkbenchError 'model-unsupported' for integer operators, Q/DQ that cannot be taken out, and functions that
 *   cannot be inlined.
 */
export function importModel(file: Model): ImportedModel {
  const notes: Notes = [];
  const inlined = inlineFunctions(file);
  if (inlined !== file) {
    const count = file.functions?.length ?? 0;
    notes.push({
      code: 'functions-inlined',
      message: `${counted(count, 'model-local function was', 'model-local functions were')} inlined; the function of the model is the same`,
    });
  }
  refuseIntegerOps(inlined);
  // First, because a pair of Q/DQ may lead from float32 to FP16.
  const widened = widenFloats(inlined, notes);
  const float = takeOutQdq(widened);
  if (float) notes.push(qdqNote(float));
  return {
    model: float?.model ?? widened,
    notes,
    thresholds: Object.fromEntries(float?.thresholds ?? []),
  };
}

function refuseIntegerOps({ graph }: Model): void {
  const found = graph.node.filter(isIntegerOp);
  if (found.length === 0) return;
  const counts = new Map<string, number>();
  for (const { opType } of found) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  throw new WorkbenchError(
    'model-unsupported',
    `The model is quantized into integer operators (${[...counts].map(([op, count]) => `${count} ${op}`).join(', ')}), ` +
      'from which the float32 model cannot be restored',
    {
      hint:
        'Start from the float32 original. A model with QuantizeLinear and DequantizeLinear (QuantFormat.QDQ in ONNX ' +
        'Runtime) can be opened.',
    },
  );
}

function isIntegerOp(node: Node): boolean {
  return (
    isOp(node, ...INTEGER_OPS) || (!isDefaultDomain(node.domain) && /^(QLinear|QGemm|QAttention)/.test(node.opType))
  );
}

function qdqNote({
  thresholds,
  symmetric,
  asymmetric,
  restored,
  integerWeights,
  floatWeights,
}: WithoutQdq): PrepareNote {
  const parts = [
    thresholds.size === 0
      ? 'no scale of an activation was found'
      : `the scales of ${counted(symmetric + asymmetric, 'activation', 'activations')} are thresholds of the method imported` +
        (asymmetric === 0
          ? ''
          : ` (${asymmetric} with a zero point beside the middle: the threshold is the larger end of the range)`),
    integerWeights === 0
      ? ''
      : `${counted(integerWeights, 'integer constant is', 'integer constants are')} float32 again`,
    restored === 0
      ? ''
      : `${counted(restored, 'activation function that was', 'activation functions that were')} part of a range stand in the model again`,
    floatWeights === 0 ? '' : `${counted(floatWeights, 'weight keeps its', 'weights keep their')} float32 values`,
  ].filter((part) => part !== '');
  return {
    code: 'qdq-imported',
    message:
      `The model carries Q/DQ, which was taken out: ${parts.join('; ')}` +
      (thresholds.size === 0
        ? ''
        : '. A new project uses the method imported until another one is chosen, and best where the file has no scale'),
  };
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
