import { floatOutput, makeValueInfo } from '../../onnx/graph/make';
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
}

/**
 * Adds to a block the squared error of its outputs, each divided by the mean square sum of FP32's, and the gradients
 * with respect to the parameters.
 * @param part the block with its parameters as inputs, see learnablePart.
 * @param dims sizes of all float tensors of the part.
 * @param signals for each output of the part, FP32's sum of squares for one sample, averaged over samples.
 * @param wantsGradients false: the model computes the loss only.
 * @throws WorkbenchError model-unsupported, see addGradients.
 */
export function stepModel(
  part: { readonly model: Model; readonly parameters: readonly Parameter[] },
  dims: ReadonlyMap<string, Dims>,
  signals: readonly number[],
  wantsGradients = true,
): StepModel {
  const { graph } = part.model;
  const scope = new GradientScope(graph, dims);
  const outputs = graph.output.map(({ name }) => name);
  const targets = outputs.map((name) => scope.name(`${name}_target`));
  const seeds = new Map<string, string>();
  const losses = outputs.map((name, i) => {
    const weight = 1 / Math.max(signals[i] ?? 0, Number.MIN_VALUE);
    const difference = scope.op('Sub', [name, targets[i] ?? '']);
    seeds.set(name, scope.op('Mul', [difference, scope.scalar(2 * weight)]));
    const squares = scope.op('Mul', [difference, difference]);
    return scope.op('Mul', [scope.sum(squares, [...scope.dimsOf(name).keys()], false), scope.scalar(weight)]);
  });
  const loss = scope.op('Sum', losses);
  const wanted = new Set(wantsGradients ? part.parameters.map(({ name }) => name) : []);
  const found = addGradients(graph, scope, seeds, wanted);
  const gradients = part.parameters.map(({ name }) => found.get(name) ?? null);
  return {
    model: {
      ...part.model,
      graph: {
        ...graph,
        node: [...graph.node, ...scope.nodes],
        initializer: [...graph.initializer, ...scope.constants],
        input: [
          ...graph.input,
          ...outputs.map((name, i) => makeValueInfo(targets[i] ?? '', DataType.FLOAT, scope.dimsOf(name))),
        ],
        output: [loss, ...gradients.flatMap((name) => name ?? [])].map(floatOutput),
      },
    },
    loss,
    gradients,
    targets,
  };
}
