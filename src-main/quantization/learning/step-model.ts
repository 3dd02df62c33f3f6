import { makeValueInfo } from '../../onnx/graph/make';
import { DataType, type Model } from '../../onnx/graph/model';
import type { Dims } from '../../onnx/graph/static-shapes';
import { addGradients } from './gradients';
import { GradientScope } from './gradient-scope';
import type { Parameter } from './learnable-part';

/** A model that computes the loss of one block for one sample, and its gradients. */
export interface StepModel {
  /** Inputs: those of the block, the parameters, and the target of every output. */
  readonly model: Model;
  /** Output with the loss, a scalar. */
  readonly loss: string;
  /** Output with the gradient of the loss with respect to a parameter; null: the loss does not depend on it. */
  readonly gradients: readonly (string | null)[];
  /** Inputs with the targets, one per output of the block. */
  readonly targets: readonly string[];
  /** Inputs with the weights of the values, one per output of the block; empty: all values count alike. */
  readonly weights: readonly string[];
}

/** What the error of a block is divided by: averages over samples. */
export interface LossScales {
  /** For each output of the block, FP32's sum of squares. */
  readonly signals: readonly number[];
  /** The weighted error if every output has a relative error of one, spread evenly; null: all values count alike. */
  readonly weightedSignal: number | null;
}

/**
 * The part of the plain error in a weighted loss: values without weight must not drift, because weights are those of
 * FP32's answer.
 */
const PLAIN_SHARE = 0.1;

/**
 * Adds to a block the squared error of its outputs, each divided by the mean square sum of FP32's, and the gradients
 * with respect to the parameters. With weights, the weighted error of all outputs counts, and the plain error in part.
 * Outputs that are always 0 do not count.
 * @param part the block with its parameters as inputs, see learnablePart.
 * @param dims sizes of all float tensors of the part.
 * @param wantsGradients false: the model computes the loss only.
 * @throws WorkbenchError model-unsupported, see addGradients.
 */
export function stepModel(
  part: { readonly model: Model; readonly parameters: readonly Parameter[] },
  dims: ReadonlyMap<string, Dims>,
  { signals, weightedSignal }: LossScales,
  wantsGradients = true,
): StepModel {
  const { graph } = part.model;
  const scope = new GradientScope(graph, dims);
  const outputs = graph.output.map(({ name }) => name);
  const targets = outputs.map((name) => scope.name(`${name}_target`));
  const weights = weightedSignal === null ? [] : outputs.map((name) => scope.name(`${name}_weight`));
  const seeds = new Map<string, string>();
  const losses = outputs.map((name, i) => {
    const plain = scope.scalar((weightedSignal === null ? 1 : PLAIN_SHARE) * inverse(signals[i] ?? 0));
    const given = weights[i];
    const weight =
      given === undefined || weightedSignal === null
        ? plain
        : scope.op('Add', [scope.op('Mul', [given, scope.scalar(inverse(weightedSignal))]), plain]);
    const difference = scope.op('Sub', [name, targets[i] ?? '']);
    const weighted = scope.op('Mul', [difference, weight]);
    seeds.set(name, scope.op('Mul', [weighted, scope.scalar(2)]));
    return scope.sum(scope.op('Mul', [weighted, difference]), [...scope.dimsOf(name).keys()], false);
  });
  const loss = scope.op('Sum', losses);
  const wanted = new Set(wantsGradients ? part.parameters.map(({ name }) => name) : []);
  const found = addGradients(graph, scope, seeds, wanted);
  const gradients = part.parameters.map(({ name }) => found.get(name) ?? null);
  const inputs = [targets, weights].flatMap((names) =>
    names.map((name, i) => makeValueInfo(name, DataType.FLOAT, scope.dimsOf(outputs[i] ?? ''))),
  );
  return {
    model: scope.extended(part.model, inputs, [loss, ...gradients.flatMap((name) => name ?? [])]),
    loss,
    gradients,
    targets,
    weights,
  };
}

/** 0 for an output without signal, which has no relative error, and where float32 has no such large number. */
function inverse(signal: number): number {
  const found = Math.fround(1 / signal);
  return signal > 0 && Number.isFinite(found) ? found : 0;
}
