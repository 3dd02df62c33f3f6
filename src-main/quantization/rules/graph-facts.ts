import { elementTypes } from '../../onnx/graph/dtypes';
import { GraphIndex } from '../../onnx/graph/graph-index';
import { DataType, type Model, type Node, type Tensor, type ValueInfo } from '../../onnx/graph/model';
import { subgraphsOf } from '../../onnx/graph/subgraphs';

/** One use of a tensor: input `slot` of `node`. */
export interface Use {
  readonly node: Node;
  readonly slot: number;
}

/** Lookups in a prepared graph (nodes in topological order, unique names). Built once per model. */
export interface GraphFacts {
  readonly model: Model;
  readonly nodes: readonly Node[];
  /** Position of a node in topological order. */
  indexOf(node: Node): number;
  /** The node that computes a tensor; undefined for graph inputs and initializers. */
  producer(tensor: string): Node | undefined;
  uses(tensor: string): readonly Use[];
  initializer(tensor: string): Tensor | undefined;
  /** The tensor is an initializer or computed from initializers only. */
  isConstant(tensor: string): boolean;
  /**
   * The tensor is a graph output or is read in the body of an If, Loop or Scan, so that its float value must keep its
   * name.
   */
  isObserved(tensor: string): boolean;
  /** A float32 tensor that depends on the graph's inputs. */
  isActivation(tensor: string): boolean;
  elementType(tensor: string): number | undefined;
  /** Dimensions; null for a dimension that the model does not state, undefined if the rank is unknown. */
  shape(tensor: string): readonly (number | null)[] | undefined;
}

const factsByModel = new WeakMap<Model, GraphFacts>();

/** Facts of a prepared model; cached for the lifetime of the model object. */
export function graphFacts(model: Model): GraphFacts {
  const known = factsByModel.get(model);
  if (known) return known;
  const facts = buildFacts(model);
  factsByModel.set(model, facts);
  return facts;
}

function buildFacts(model: Model): GraphFacts {
  const { graph } = model;
  const index = new GraphIndex(graph);
  const nodes = index.sortedNodes;
  const positions = new Map(nodes.map((node, i) => [node, i]));
  const constants = constantTensors(nodes, graph.initializer);
  const types = elementTypes(model);
  // Placement asks for these a dozen times a tensor, at every edit of a plan.
  const uses = usesByTensor(nodes, index);
  const activations = new Set<string>();
  for (const [name, type] of types)
    if (type === DataType.FLOAT && name !== '' && !constants.has(name)) activations.add(name);
  const infos = new Map([...graph.valueInfo, ...graph.output, ...graph.input].map((info) => [info.name, info]));
  return {
    model,
    nodes,
    indexOf: (node) => positions.get(node) ?? -1,
    producer: (tensor) => index.producer(tensor)?.node,
    uses: (tensor) => uses.get(tensor) ?? NO_USES,
    initializer: (tensor) => index.initializer(tensor),
    isConstant: (tensor) => constants.has(tensor),
    isObserved: (tensor) => index.isGraphOutput(tensor) || index.isCaptured(tensor),
    isActivation: (tensor) => activations.has(tensor),
    elementType: (tensor) => types.get(tensor),
    shape: (tensor) => shapeOf(infos.get(tensor)),
  };
}

const NO_USES: readonly Use[] = [];

/** Uses by tensor name; captures by the bodies of an If, Loop or Scan are not uses. */
function usesByTensor(nodes: readonly Node[], index: GraphIndex): ReadonlyMap<string, readonly Use[]> {
  const uses = new Map<string, readonly Use[]>();
  for (const name of new Set(nodes.flatMap((node) => node.input))) {
    const own = index
      .consumers(name)
      .flatMap(({ node, inputIndex }) => (inputIndex >= 0 ? [{ node, slot: inputIndex }] : []));
    if (own.length > 0) uses.set(name, own);
  }
  return uses;
}

function shapeOf(info: ValueInfo | undefined): readonly (number | null)[] | undefined {
  return info?.tensorType?.shape?.map((dimension) => (dimension.kind === 'value' ? dimension.value : null));
}

function constantTensors(nodes: readonly Node[], initializers: readonly Tensor[]): Set<string> {
  const constants = new Set(initializers.map((tensor) => tensor.name));
  for (const node of nodes) {
    const isRandom = node.opType.startsWith('Random');
    if (isRandom || subgraphsOf(node).length > 0 || !node.input.every((name) => name === '' || constants.has(name)))
      continue;
    for (const name of node.output) constants.add(name);
  }
  return constants;
}
