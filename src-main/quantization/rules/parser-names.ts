import type { Model, Node } from '../../onnx/graph/model';

/**
 * What TensorRT's ONNX parser calls the layers of a prepared model when it reads the model as it was given: preparing names
 * what has no name, and the parser calls such a node `node_of_` and its first output (onnx-tensorrt, importerUtils). A layer is
 * found again by its output, where a BatchNormalization was folded into it through that.
 * @returns layer of the prepared model -> name in TensorRT's network; without layers that the given model does not have.
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
