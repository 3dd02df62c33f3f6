import type { Model, Node } from '../../onnx/graph/model';

/**
 * Maps the layers of a prepared model to the names that TensorRT's ONNX parser uses for the original model. Preparation
 * gives names to unnamed nodes; the parser names them `node_of_` and their first output (onnx-tensorrt, importerUtils).
 * Layers are matched by their output, also through a BatchNormalization that was folded into them.
 * @returns layer of the prepared model -> name in TensorRT's network, for the layers that the original model has.
 */
export function parserNames(prepared: Model, given: Model): ReadonlyMap<string, string> {
  const named = new Set(given.graph.node.map(({ name }) => name).filter((name) => name !== ''));
  const producers = new Map(given.graph.node.flatMap((node) => node.output.map((output) => [output, node] as const)));
  const origin = ({ opType, output }: Node): Node | undefined => {
    let node = producers.get(output[0] ?? '');
    while (node && node.opType !== opType) node = producers.get(node.input[0] ?? '');
    return node;
  };
  return new Map(
    prepared.graph.node.flatMap((node) => {
      if (named.has(node.name)) return [[node.name, node.name] as const];
      const found = origin(node);
      return found ? [[node.name, found.name === '' ? `node_of_${found.output[0] ?? ''}` : found.name] as const] : [];
    }),
  );
}
