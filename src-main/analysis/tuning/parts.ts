import { ownValue } from '../../../src-shared/base/records';
import type { ConversionTime } from '../../../src-shared/domain/engines/conversion-model';
import { conversionTimes } from '../../../src-shared/domain/engines/conversion-times';
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
  /** Layers of the part that tuning may change. */
  readonly tunable: readonly string[];
}

/** What an engine says about a part. */
export interface Observation {
  /**
   * `int8`: all its tunable layers were asked for in INT8. `float`: none of its layers was. `mixed`: the time belongs
   * to neither precision, because part of a fused group ran in the other one.
   */
  readonly state: 'int8' | 'float' | 'mixed';
  readonly kernelMs: number;
  readonly conversionMs: number;
}

/** A tensor that one part computes and others read. */
export interface Border {
  readonly from: number;
  readonly to: readonly number[];
  readonly elements: number;
}

export interface Parts {
  readonly list: readonly Part[];
  readonly borders: readonly Border[];
  /** For each engine, the observation of each part. */
  readonly observed: readonly (readonly Observation[])[];
  /** Layer -> index of its part. */
  readonly of: ReadonlyMap<string, number>;
  /** Conversions between INT8 and floating point in all engines. */
  readonly conversions: readonly ConversionTime[];
}

/**
 * Divides the model into parts that every engine computes with kernels of their own.
 * @param tunable layers that tuning may change.
 */
export function findParts(model: TunedModel, engines: readonly ProfiledEngine[], tunable: ReadonlySet<string>): Parts {
  const lists = groupsBySharedKernels(
    model.layers.map(({ layer }) => layer),
    engines.map(({ layers }) => layers),
    model.partitions,
  );
  const of = new Map(lists.flatMap((layers, index) => layers.map((layer) => [layer, index] as const)));
  const list = lists.map((layers) => ({ layers, tunable: layers.filter((layer) => tunable.has(layer)) }));
  return {
    list,
    of,
    borders: bordersOf(model, of),
    observed: engines.map((engine) => observe(list, engine, model)),
    conversions: engines.flatMap(({ layers, asked }) =>
      conversionTimes(layers, { model: model.layers, asked, valuesOf: (tensor) => model.elements(tensor) }),
    ),
  };
}

/**
 * Whether a part consists of kernels of its tunable layers only. A kernel that also computes other layers (a
 * normalization, for example) would be divided by INT8, and its time says nothing about what INT8 saves.
 */
export function isWhole({ layers, tunable }: Part, { partitions }: TunedModel): boolean {
  const own = new Set(partitions.flatMap((members) => (tunable.includes(members[0] ?? '') ? members : [])));
  return layers.every((layer) => own.has(layer));
}

function bordersOf(model: TunedModel, of: ReadonlyMap<string, number>): Border[] {
  const producers = new Map(
    model.layers.flatMap(({ layer, outputs }) => outputs.map((name) => [name, layer] as const)),
  );
  const readers = new Map<string, Set<number>>();
  for (const { layer, inputs } of model.layers) {
    const to = of.get(layer);
    for (const name of inputs) {
      if (to === undefined || !producers.has(name) || of.get(producers.get(name) ?? '') === to) continue;
      readers.set(name, (readers.get(name) ?? new Set()).add(to));
    }
  }
  return [...readers].flatMap(([name, to]) => {
    const from = of.get(producers.get(name) ?? '');
    return from === undefined ? [] : [{ from, to: [...to], elements: model.elements(name) }];
  });
}

function observe(parts: readonly Part[], { layers, asked }: ProfiledEngine, model: TunedModel): Observation[] {
  const charges = chargeLayers(layers, model.layers, asked).layers;
  const isInt8 = (layer: string): boolean => ownValue(asked, layer) === 'int8';
  return parts.map((part) => {
    const own = part.layers.flatMap((layer) => charges.get(layer) ?? []);
    return {
      state: !part.layers.some(isInt8) ? 'float' : part.tunable.every(isInt8) ? 'int8' : 'mixed',
      kernelMs: own.reduce((sum, { kernelMs }) => sum + kernelMs, 0),
      conversionMs: own.reduce((sum, { conversionMs }) => sum + conversionMs, 0),
    };
  });
}
