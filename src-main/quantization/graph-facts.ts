import { DataType, type Graph, type Model, type Node, type Tensor, type ValueInfo } from '../onnx/model';
import { inferElementTypes } from './element-inference';

/** One use of a tensor: input `slot` of `node`. */
export interface Use {
  readonly node: Node;
  readonly slot: number;
}

/** What placement asks about a prepared graph. Built once per model; holds no weights. */
export interface GraphFacts {
  readonly model: Model;
  readonly nodes: readonly Node[];
  /** Position of a node in topological order. */
  indexOf(node: Node): number;
  /** The node that computes a tensor; undefined for graph inputs and initializers. */
  producer(tensor: string): Node | undefined;
  uses(tensor: string): readonly Use[];
  initializer(tensor: string): Tensor | undefined;
  /** Initializer, or computed from initializers only. */
  isConstant(tensor: string): boolean;
  /** Graph output, or read inside the body of an If, Loop or Scan: its float value must exist under its own name. */
  isObserved(tensor: string): boolean;
  isGraphOutput(tensor: string): boolean;
  /** A float32 tensor that depends on the graph's inputs. */
  isActivation(tensor: string): boolean;
  elementType(tensor: string): number | undefined;
  /** Dimensions where the model states them; null for an unknown one, undefined when even the rank is unknown. */
  shape(tensor: string): readonly (number | null)[] | undefined;
}

const factsByModel = new WeakMap<Model, GraphFacts>();

/** Facts of a prepared model; kept as long as the model is. */
export function graphFacts(model: Model): GraphFacts {
  const known = factsByModel.get(model);
  if (known) return known;
  const facts = buildFacts(model);
  factsByModel.set(model, facts);
  return facts;
}

function buildFacts(model: Model): GraphFacts {
  const { graph } = model;
  const nodes = graph.node;
  const indices = new Map(nodes.map((node, i) => [node, i]));
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const producers = new Map<string, Node>();
  const uses = new Map<string, Use[]>();
  for (const node of nodes) {
    for (const name of node.output) if (name !== '') producers.set(name, node);
    for (const [slot, name] of node.input.entries()) {
      if (name === '') continue;
      const list = uses.get(name);
      if (list) list.push({ node, slot });
      else uses.set(name, [{ node, slot }]);
    }
  }
  const outputs = new Set(graph.output.map((output) => output.name));
  const captured = new Set<string>();
  for (const node of nodes) for (const body of subgraphs(node)) collectNames(body, captured);
  const constants = constantTensors(nodes, initializers);
  const types = inferElementTypes(graph);
  const infos = new Map([...graph.valueInfo, ...graph.input, ...graph.output].map((info) => [info.name, info]));

  return {
    model,
    nodes,
    indexOf: (node) => indices.get(node) ?? -1,
    producer: (tensor) => producers.get(tensor),
    uses: (tensor) => uses.get(tensor) ?? [],
    initializer: (tensor) => initializers.get(tensor),
    isConstant: (tensor) => constants.has(tensor),
    isObserved: (tensor) => outputs.has(tensor) || captured.has(tensor),
    isGraphOutput: (tensor) => outputs.has(tensor),
    isActivation: (tensor) => tensor !== '' && !constants.has(tensor) && types.get(tensor) === DataType.FLOAT,
    elementType: (tensor) => types.get(tensor),
    shape: (tensor) => shapeOf(initializers.get(tensor), infos.get(tensor)),
  };
}

function shapeOf(initializer: Tensor | undefined, info: ValueInfo | undefined): readonly (number | null)[] | undefined {
  if (initializer) return initializer.dims;
  return info?.tensorType?.shape?.map((dimension) => (dimension.kind === 'value' ? dimension.value : null));
}

/** Bodies of a node: graphs among its attributes. */
export function subgraphs(node: Node): readonly Graph[] {
  return node.attribute.flatMap(({ value }) => (value.kind === 'graph' ? [value.value] : value.kind === 'graphs' ? value.value : []));
}

/** Every tensor name that a body reads or returns, its own included: too many is harmless, too few is not. */
function collectNames(graph: Graph, into: Set<string>): void {
  for (const node of graph.node) {
    for (const name of node.input) into.add(name);
    for (const body of subgraphs(node)) collectNames(body, into);
  }
  for (const output of graph.output) into.add(output.name);
}

function constantTensors(nodes: readonly Node[], initializers: ReadonlyMap<string, Tensor>): Set<string> {
  const constants = new Set(initializers.keys());
  for (const node of nodes) {
    const isRandom = node.opType.startsWith('Random');
    if (isRandom || subgraphs(node).length > 0 || !node.input.every((name) => name === '' || constants.has(name))) continue;
    for (const name of node.output) constants.add(name);
  }
  return constants;
}
