import type { Graph, Node, Tensor, ValueInfo } from './model';
import { capturedNames } from './subgraphs';
import { topologicalOrder } from './topological-order';

/** A node that produces a tensor. */
export interface Producer {
  readonly node: Node;
  readonly nodeIndex: number;
  readonly outputIndex: number;
}

/** A node that reads a tensor. */
export interface Consumer {
  readonly node: Node;
  readonly nodeIndex: number;
  /** Which input; -1 when a subgraph of the node (an If or Loop body) captures the tensor by name. */
  readonly inputIndex: number;
}

const NONE: readonly Consumer[] = [];

/** Read-only look-ups in one graph, built once in time proportional to its size. */
export class GraphIndex {
  private readonly producers = new Map<string, Producer>();
  private readonly consumersByName = new Map<string, Consumer[]>();
  private readonly initializers: ReadonlyMap<string, Tensor>;
  private readonly inputs: ReadonlyMap<string, ValueInfo>;
  private readonly outputs: ReadonlySet<string>;
  private readonly captured = new Set<string>();
  private order: readonly number[] | null = null;

  constructor(readonly graph: Graph) {
    this.initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    this.inputs = new Map(
      graph.input.filter((value) => !this.initializers.has(value.name)).map((value) => [value.name, value]),
    );
    this.outputs = new Set(graph.output.map((value) => value.name));
    graph.node.forEach((node, nodeIndex) => this.add(node, nodeIndex));
  }

  private add(node: Node, nodeIndex: number): void {
    node.output.forEach((name, outputIndex) => {
      if (name !== '') this.producers.set(name, { node, nodeIndex, outputIndex });
    });
    node.input.forEach((name, inputIndex) => {
      if (name !== '') this.addConsumer(name, { node, nodeIndex, inputIndex });
    });
    for (const name of capturedNames(node)) {
      this.captured.add(name);
      this.addConsumer(name, { node, nodeIndex, inputIndex: -1 });
    }
  }

  private addConsumer(name: string, consumer: Consumer): void {
    const list = this.consumersByName.get(name);
    if (list === undefined) this.consumersByName.set(name, [consumer]);
    else list.push(consumer);
  }

  /** The node that computes a tensor; undefined for graph inputs and initializers. */
  producer(tensor: string): Producer | undefined {
    return this.producers.get(tensor);
  }

  /** Every use of a tensor in node order; a node that reads it twice is listed twice. Graph outputs are not uses. */
  consumers(tensor: string): readonly Consumer[] {
    return this.consumersByName.get(tensor) ?? NONE;
  }

  initializer(name: string): Tensor | undefined {
    return this.initializers.get(name);
  }

  /** True for an input that needs a value; old models also list initializers among the inputs. */
  isGraphInput(name: string): boolean {
    return this.inputs.has(name);
  }

  isGraphOutput(name: string): boolean {
    return this.outputs.has(name);
  }

  /** Used by name inside an If, Loop or Scan body. */
  isCaptured(name: string): boolean {
    return this.captured.has(name);
  }

  /** Inputs that need a value, in the order of the model. */
  get graphInputs(): readonly ValueInfo[] {
    return [...this.inputs.values()];
  }

  /** Node indices in topological order. @throws WorkbenchError 'model-invalid' for cycles. */
  get topologicalOrder(): readonly number[] {
    this.order ??= topologicalOrder(this.graph);
    return this.order;
  }

  /** Nodes in topological order. */
  get sortedNodes(): readonly Node[] {
    return this.topologicalOrder.flatMap((index) => this.graph.node[index] ?? []);
  }
}
