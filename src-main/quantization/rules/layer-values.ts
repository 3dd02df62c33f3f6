import { attrInt } from '../../onnx/graph/attributes';
import type { Node } from '../../onnx/graph/model';
import { staticShapes, type Dims } from '../../onnx/graph/static-shapes';
import type { GraphFacts } from './graph-facts';

const shapesByFacts = new WeakMap<GraphFacts, ReadonlyMap<string, Dims>>();

/** Sizes of a tensor for one image (a batch of one, if the batch is open); undefined if they are not known. */
export function sizesOf(facts: GraphFacts, tensor: string): Dims | undefined {
  let shapes = shapesByFacts.get(facts);
  if (shapes === undefined) {
    shapes = staticShapes(facts.model.graph);
    shapesByFacts.set(facts, shapes);
  }
  return shapes.get(tensor);
}

/** Number of values of a tensor for one image; undefined if its sizes are not known. */
export function valuesOf(facts: GraphFacts, tensor: string): number | undefined {
  return sizesOf(facts, tensor)?.reduce((product, dim) => product * dim, 1);
}

/** Multiply-accumulates of a Conv or ConvTranspose for one image; undefined if sizes are not known. */
export function convMacs(facts: GraphFacts, node: Node): number | undefined {
  const weight = facts.initializer(node.input[1] ?? '')?.dims;
  const positions = valuesOf(facts, (node.opType === 'Conv' ? node.output : node.input)[0] ?? '');
  if (positions === undefined || weight === undefined) return undefined;
  // Each value that a Conv writes, and each that a ConvTranspose reads, meets the weights of its channel once.
  return weight.slice(1).reduce((product, dim) => product * dim, positions);
}

/** Whether a layer computes one position for each channel, as in the branch of a squeeze-and-excite block. */
export function isSinglePosition(facts: GraphFacts, node: Node): boolean {
  const sizes = sizesOf(facts, node.output[0] ?? '');
  return (
    sizes !== undefined &&
    sizes.length > 2 &&
    sizes.slice(2).every((dim) => dim === 1) &&
    attrInt(node, 'group', 1) === 1
  );
}
