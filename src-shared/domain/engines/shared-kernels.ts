import type { EngineLayer } from './engine-layers';

/**
 * Divides the layers of a model into the smallest groups whose time is comparable between engines: layers that share a
 * kernel in one of them are in one group, and so are the layers of each of `together`.
 *
 * @param layers names in the order of the model, which is also the order of the groups and within them.
 */
export function groupsBySharedKernels(
  layers: readonly string[],
  engines: readonly (readonly Pick<EngineLayer, 'onnxLayers'>[])[],
  together: readonly (readonly string[])[] = [],
): string[][] {
  const sets = new DisjointSets(layers);
  for (const some of together) sets.join(some);
  for (const engine of engines) for (const { onnxLayers } of engine) sets.join(onnxLayers);
  const groups = new Map<string, string[]>();
  for (const layer of layers) {
    const set = sets.find(layer);
    const group = groups.get(set);
    if (group) group.push(layer);
    else groups.set(set, [layer]);
  }
  return [...groups.values()];
}

/** Union-find over names. */
class DisjointSets {
  private readonly parents: Map<string, string>;

  constructor(names: readonly string[]) {
    this.parents = new Map(names.map((name) => [name, name]));
  }

  find(name: string): string {
    let root = name;
    for (let parent = this.parents.get(root); parent !== undefined && parent !== root; parent = this.parents.get(root))
      root = parent;
    this.parents.set(name, root);
    return root;
  }

  join([first, ...others]: readonly string[]): void {
    if (first === undefined) return;
    for (const other of others) this.parents.set(this.find(other), this.find(first));
  }
}
