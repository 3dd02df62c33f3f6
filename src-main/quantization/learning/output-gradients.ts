import { makeValueInfo } from '../../onnx/graph/make';
import { DataType, type Model } from '../../onnx/graph/model';
import type { Dims } from '../../onnx/graph/static-shapes';
import { GradientScope } from './gradient-scope';
import { addGradients } from './gradients';

/** A model that computes gradients with respect to tensors in the middle of another model. */
export interface OutputGradients {
  /** Inputs: those of the model, and the gradient with respect to each of its float outputs. */
  readonly model: Model;
  /** Output of the model -> input with its gradient. */
  readonly seeds: ReadonlyMap<string, string>;
  /** Tensor -> output with its gradient. Tensors that no output depends on are absent. */
  readonly gradients: ReadonlyMap<string, string>;
}

/**
 * @param outputs float outputs of the model, from which gradients are carried back.
 * @param tensors whose gradients are wanted.
 * @param dims sizes of all float tensors.
 * @throws WorkbenchError model-unsupported, see addGradients.
 */
export function outputGradients(
  model: Model,
  { outputs, tensors }: { readonly outputs: readonly string[]; readonly tensors: readonly string[] },
  dims: ReadonlyMap<string, Dims>,
): OutputGradients {
  const { graph } = model;
  const scope = new GradientScope(graph, dims);
  const seeds = new Map(outputs.map((name) => [name, scope.name(`${name}_gradient`)]));
  const found = addGradients(graph, scope, seeds, new Set(tensors));
  const inputs = [...seeds].map(([name, seed]) => makeValueInfo(seed, DataType.FLOAT, scope.dimsOf(name)));
  return {
    model: scope.extended(model, inputs, [...new Set(found.values())]),
    seeds,
    gradients: found,
  };
}
