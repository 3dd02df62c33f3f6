import type { Graph, Node } from './model';

/** The graphs that a node carries as attributes: bodies of If, Loop and Scan. */
export function subgraphsOf(node: Node): readonly Graph[] {
  return node.attribute.flatMap(({ value }) =>
    value.kind === 'graph' ? [value.value] : value.kind === 'graphs' ? value.value : [],
  );
}

/** Names of the outer graph that the subgraphs of a node read, each once. */
export function capturedNames(node: Node): ReadonlySet<string> {
  const captured = new Set<string>();
  for (const graph of subgraphsOf(node)) collect(graph, captured);
  return captured;
}

function collect(graph: Graph, captured: Set<string>): void {
  const local = new Set([
    ...graph.input.map((value) => value.name),
    ...graph.initializer.map((tensor) => tensor.name),
    ...graph.node.flatMap((node) => node.output),
  ]);
  const used = [
    ...graph.node.flatMap((node) => [...node.input, ...capturedNames(node)]),
    ...graph.output.map((value) => value.name),
  ];
  for (const name of used) if (name !== '' && !local.has(name)) captured.add(name);
}
