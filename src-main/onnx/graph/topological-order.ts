import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Graph } from './model';
import { capturedNames } from './subgraphs';

/** Numbers that are taken out smallest first. */
class MinHeap {
  private readonly items: number[] = [];

  push(value: number): void {
    let at = this.items.push(value) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.at(parent) <= value) break;
      this.items[at] = this.at(parent);
      at = parent;
    }
    this.items[at] = value;
  }

  pop(): number | undefined {
    const first = this.items[0];
    const last = this.items.pop();
    if (last === undefined || this.items.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.items.length) break;
      if (child + 1 < this.items.length && this.at(child + 1) < this.at(child)) child++;
      if (this.at(child) >= last) break;
      this.items[at] = this.at(child);
      at = child;
    }
    this.items[at] = last;
    return first;
  }

  private at(index: number): number {
    return this.items[index] ?? Infinity;
  }
}

/**
 * Indices of the graph's nodes such that producers come before consumers, subgraph captures included; among nodes that
 * are ready the file's order is kept, so a sorted graph stays as it is.
 * @throws WorkbenchError 'model-invalid' for a cycle or a tensor that two nodes produce.
 */
export function topologicalOrder(graph: Graph): readonly number[] {
  const producer = producers(graph);
  const waiting: number[] = [];
  const dependants = graph.node.map((): number[] => []);
  graph.node.forEach((node, index) => {
    const before = new Set<number>();
    for (const name of [...node.input, ...capturedNames(node)]) {
      const from = producer.get(name);
      if (from !== undefined) before.add(from);
    }
    waiting[index] = before.size;
    for (const from of before) dependants[from]?.push(index);
  });
  const ready = new MinHeap();
  waiting.forEach((count, index) => {
    if (count === 0) ready.push(index);
  });
  const order: number[] = [];
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    order.push(index);
    for (const dependant of dependants[index] ?? []) {
      waiting[dependant] = (waiting[dependant] ?? 0) - 1;
      if (waiting[dependant] === 0) ready.push(dependant);
    }
  }
  if (order.length !== graph.node.length) throw cycle(graph, new Set(order));
  return order;
}

function producers(graph: Graph): Map<string, number> {
  const producer = new Map<string, number>();
  graph.node.forEach((node, index) => {
    for (const name of node.output) {
      if (name === '') continue;
      if (producer.has(name))
        throw new WorkbenchError('model-invalid', `Tensor "${name}" is the output of two nodes, expected one`);
      producer.set(name, index);
    }
  });
  return producer;
}

function cycle(graph: Graph, done: ReadonlySet<number>): WorkbenchError {
  const stuck = graph.node.filter((_, index) => !done.has(index)).slice(0, 3);
  const names = stuck.map((node) => `${node.opType} "${node.name || (node.output[0] ?? '')}"`).join(', ');
  return new WorkbenchError('model-invalid', `The graph has a cycle: ${names} wait for each other's outputs`);
}
