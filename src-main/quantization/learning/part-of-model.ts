import { makeValueInfo } from '../../onnx/graph/make';
import { DataType, type Graph, type Model } from '../../onnx/graph/model';
import { GraphIndex } from '../../onnx/graph/graph-index';
import { capturedNames } from '../../onnx/graph/subgraphs';
import type { Dims } from '../../onnx/graph/static-shapes';

/**
 * The part of a model that computes `outputs` from `inputs`: a model of its own.
 * @param inputs tensors of the model; those that the outputs do not depend on are left out.
 * @param dims sizes of float inputs that are not inputs of the model, if they are known.
 */
export function partOf(
  model: Model,
  inputs: readonly string[],
  outputs: readonly string[],
  dims: ReadonlyMap<string, Dims> = new Map(),
): Model {
  const { graph } = model;
  const index = new GraphIndex(graph);
  const given = new Set(inputs);
  const needed = new Set<number>();
  const used = new Set<string>();
  const pending = [...outputs];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    const producer = given.has(name) ? undefined : index.producer(name);
    if (!producer || needed.has(producer.nodeIndex)) continue;
    needed.add(producer.nodeIndex);
    pending.push(...producer.node.input.filter((input) => input !== ''), ...capturedNames(producer.node));
  }
  const declared = new Map(graph.input.map((info) => [info.name, info]));
  const part: Graph = {
    ...graph,
    node: graph.node.filter((_, i) => needed.has(i)),
    initializer: graph.initializer.filter(({ name }) => used.has(name)),
    input: inputs
      .filter((name) => used.has(name))
      .map((name) => declared.get(name) ?? makeValueInfo(name, DataType.FLOAT, dims.get(name) ?? null)),
    output: outputs.map((name) => makeValueInfo(name, DataType.FLOAT, null)),
    valueInfo: [],
  };
  return { ...model, graph: part };
}
