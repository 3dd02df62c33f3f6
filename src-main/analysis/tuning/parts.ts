import { ownValue } from '../../../src-shared/base/records';
import type { EngineLayer } from '../../../src-shared/domain/engines/engine-layers';
import { chargeLayers } from '../../../src-shared/domain/engines/layer-charges';
import type { ModelLayer } from '../../../src-shared/domain/engines/engine-view';
import { groupsBySharedKernels } from '../../../src-shared/domain/engines/shared-kernels';
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
  const lists = groupsBySharedKernels(
    model.layers.map(({ layer }) => layer),
    engines.map(({ layers }) => layers),
    model.partitions,
  );
  const of = new Map(lists.flatMap((layers, index) => layers.map((layer) => [layer, index] as const)));
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
