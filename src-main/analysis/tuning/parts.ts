import { ownValue } from '../../../src-shared/base/records';
import type { EngineLayer } from '../../../src-shared/domain/engines/engine-layers';
import { chargeLayers } from '../../../src-shared/domain/engines/layer-charges';
import type { ModelLayer } from '../../../src-shared/domain/engines/engine-view';
import type { Precision } from '../../../src-shared/domain/project/precision';

/** A profiled engine and the precisions that were asked for in it. */
export interface ProfiledEngine {
  readonly layers: readonly EngineLayer[];
  /** Layer -> precision in the rewritten model. */
  readonly asked: Readonly<Record<string, Precision>>;
}

/** The model as far as tuning needs it. */
export interface TunedModel {
  /** In topological order. */
  readonly layers: readonly ModelLayer[];
  /** Layers that have one precision, because they are fused into the kernel of the first of them. */
  readonly partitions: readonly (readonly string[])[];
  /** Number of values of a tensor in one inference; 0 if it is unknown. */
  elements(tensor: string): number;
}

/**
 * A part of the model whose time is comparable between engines: layers that share a kernel in one of them, or that must
 * have the same precision.
 */
export interface Part {
  readonly layers: readonly string[];
}

/** What an engine says about a part. */
export interface Observation {
  /** Whether a layer of the part was asked for in INT8. */
  readonly isInt8: boolean;
  readonly kernelMs: number;
  readonly conversionMs: number;
}

/** Tensors that one part computes and another reads. */
export interface Border {
  readonly from: number;
  readonly to: number;
  readonly elements: number;
}

export interface Parts {
  readonly list: readonly Part[];
  readonly borders: readonly Border[];
  /** For each engine, the observation of each part. */
  readonly observed: readonly (readonly Observation[])[];
  /** Layer -> index of its part. */
  readonly of: ReadonlyMap<string, number>;
}

/** Divides the model into parts that every engine computes with kernels of their own. */
export function findParts(model: TunedModel, engines: readonly ProfiledEngine[]): Parts {
  const sets = new DisjointSets(model.layers.map(({ layer }) => layer));
  for (const layers of model.partitions) sets.join(layers);
  for (const { layers } of engines) for (const { onnxLayers } of layers) sets.join(onnxLayers);
  const of = new Map<string, number>();
  const lists: string[][] = [];
  const indexOfSet = new Map<string, number>();
  for (const { layer } of model.layers) {
    const set = sets.find(layer);
    const index = indexOfSet.get(set) ?? lists.length;
    indexOfSet.set(set, index);
    of.set(layer, index);
    const list = lists[index];
    if (list) list.push(layer);
    else lists.push([layer]);
  }
  const list = lists.map((layers) => ({ layers }));
  return { list, of, borders: bordersOf(model, of), observed: engines.map((engine) => observe(list, engine, model)) };
}

function bordersOf(model: TunedModel, of: ReadonlyMap<string, number>): Border[] {
  const producers = new Map(
    model.layers.flatMap(({ layer, outputs }) => outputs.map((name) => [name, layer] as const)),
  );
  const found = new Map<string, Border>();
  for (const { layer, inputs } of model.layers) {
    const to = of.get(layer) ?? -1;
    for (const name of inputs) {
      const from = of.get(producers.get(name) ?? '');
      if (from === undefined || from === to) continue;
      found.set(`${name}>${to}`, { from, to, elements: model.elements(name) });
    }
  }
  return [...found.values()];
}

function observe(parts: readonly Part[], { layers, asked }: ProfiledEngine, model: TunedModel): Observation[] {
  const charges = chargeLayers(layers, model.layers, asked).layers;
  return parts.map((part) => {
    const own = part.layers.flatMap((layer) => charges.get(layer) ?? []);
    return {
      isInt8: part.layers.some((layer) => ownValue(asked, layer) === 'int8'),
      kernelMs: own.reduce((sum, { kernelMs }) => sum + kernelMs, 0),
      conversionMs: own.reduce((sum, { conversionMs }) => sum + conversionMs, 0),
    };
  });
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
