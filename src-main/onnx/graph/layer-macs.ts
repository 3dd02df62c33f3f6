import { attrInt } from './attributes';
import { elementCount } from './element-types';
import type { Graph, Node } from './model';
import { isOp } from './opset';
import { matMulDims, staticShapes, type Dims } from './static-shapes';
import { subgraphsOf } from './subgraphs';

/**
 * Multiply-accumulate operations of convolutions and matrix products, for a batch of one or the batch that the model
 * fixes.
 */
export interface GraphMacs {
  /** Per layer: every convolution and matrix product of known size. */
  readonly ofNode: ReadonlyMap<Node, number>;
  /** Sum over all layers; null if the sizes of one are unknown or one is in the body of an If, Loop or Scan. */
  readonly total: number | null;
}

const macsByGraph = new WeakMap<Graph, GraphMacs>();

/** Cached per graph, because graphs are immutable. */
export function graphMacs(graph: Graph): GraphMacs {
  const known = macsByGraph.get(graph);
  if (known !== undefined) return known;
  const macs = countMacs(graph);
  macsByGraph.set(graph, macs);
  return macs;
}

function countMacs(graph: Graph): GraphMacs {
  const shapes = staticShapes(graph);
  const ofNode = new Map<Node, number>();
  let total: number | null = 0;
  for (const node of graph.node) {
    if (subgraphsOf(node).some((body) => body.node.some(multiplies))) total = null;
    if (!multiplies(node)) continue;
    const macs = macsOf(node, (input) => shapes.get(node.input[input] ?? ''), shapes.get(node.output[0] ?? ''));
    if (macs === undefined) total = null;
    else {
      ofNode.set(node, macs);
      if (total !== null) total += macs;
    }
  }
  return { ofNode, total };
}

function multiplies(node: Node): boolean {
  return isOp(node, 'Conv', 'ConvTranspose', 'Gemm', 'MatMul');
}

function macsOf(node: Node, input: (index: number) => Dims | undefined, output: Dims | undefined): number | undefined {
  const [a, b] = [input(0), input(1)];
  if (a === undefined || b === undefined) return undefined;
  switch (node.opType) {
    case 'Conv':
      // Every output value sums over the kernel and the input channels of its group.
      return output && elementCount(output) * elementCount(b.slice(1));
    case 'ConvTranspose':
      // Every input value is multiplied with the kernel of each output channel of its group.
      return elementCount(a) * elementCount(b.slice(1));
    case 'Gemm':
      return output && elementCount(output) * (a[attrInt(node, 'transA', 0) === 1 ? 0 : 1] ?? 1);
    default: {
      const product = matMulDims(a, b);
      return product && elementCount(product) * (a.at(-1) ?? 1);
    }
  }
}
