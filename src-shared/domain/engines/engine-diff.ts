import type { Precision } from '../project/precision';
import type { EngineLayer, EngineType } from './engine-layers';
import type { ModelLayer } from './engine-view';
import { chargeLayers, type EngineCharges } from './layer-charges';
import { groupsBySharedKernels } from './shared-kernels';

/** An engine as it is compared. */
export interface ComparedEngine {
  readonly layers: readonly EngineLayer[];
  /** Layer of the model -> the precision that was requested for it. */
  readonly asked: Readonly<Record<string, Precision>>;
}

/** What an engine does for a group of layers. */
export interface EngineSide {
  readonly ms: number;
  /** The part of it that conversions of type or memory layout take. */
  readonly conversionMs: number;
  readonly conversions: number;
  /** Tensors of the model that are converted for these layers, or for the readers of what they compute. */
  readonly converted: readonly string[];
  /** Types that its kernels compute in. */
  readonly types: readonly EngineType[];
  /** Names of its kernels, and of their implementation where TensorRT states one. */
  readonly kernels: readonly { readonly name: string; readonly tactic: string }[];
}

/** The same layers of the model in two engines. */
export interface EngineDifference {
  readonly layers: readonly string[];
  readonly ops: readonly string[];
  readonly a: EngineSide;
  readonly b: EngineSide;
  /** Milliseconds that b takes more than a. */
  readonly lostMs: number;
}

/**
 * Compares two engines of one model in the terms of the model: the smallest groups of layers that both engines compute
 * with kernels of their own, with the time of these kernels and of the conversions that serve them, sorted by what b
 * loses. The sum over all groups is the time of the engine's profile.
 */
export function diffEngines(
  model: readonly (ModelLayer & { readonly op: string })[],
  a: ComparedEngine,
  b: ComparedEngine,
): EngineDifference[] {
  const opOf = new Map(model.map(({ layer, op }) => [layer, op]));
  const charges = [a, b].map(({ layers, asked }) => chargeLayers(layers, model, asked)) as [
    EngineCharges,
    EngineCharges,
  ];
  return groupsBySharedKernels(
    model.map(({ layer }) => layer),
    [a.layers, b.layers],
  )
    .map((layers): EngineDifference => {
      const [own, other] = [sideOf(layers, charges[0]), sideOf(layers, charges[1])];
      const ops = [...new Set(layers.map((layer) => opOf.get(layer) ?? ''))];
      return { layers, ops, a: own, b: other, lostMs: other.ms - own.ms };
    })
    .filter(({ a: own, b: other }) => own.kernels.length > 0 || other.kernels.length > 0)
    .sort((one, two) => two.lostMs - one.lostMs);
}

/** The layers of two models as one list: those of `a`, then those that only `b` has. */
export function joinedModel<T extends ModelLayer>(a: readonly T[], b: readonly T[]): readonly T[] {
  const known = new Set(a.map(({ layer }) => layer));
  return [...a, ...b.filter(({ layer }) => !known.has(layer))];
}

function sideOf(layers: readonly string[], { layers: charges }: EngineCharges): EngineSide {
  const own = layers.flatMap((layer) => charges.get(layer) ?? []);
  const kernels = [...new Set(own.flatMap(({ kernels: some }) => some))];
  const conversionMs = own.reduce((sum, { conversionMs: ms }) => sum + ms, 0);
  return {
    ms: conversionMs + own.reduce((sum, { kernelMs }) => sum + kernelMs, 0),
    conversionMs,
    conversions: own.reduce((sum, { conversions }) => sum + conversions, 0),
    converted: [...new Set(own.flatMap(({ converted }) => converted))],
    types: [...new Set(kernels.map(({ type }) => type))],
    kernels: kernels.map(({ name, tactic }) => ({ name, tactic })),
  };
}
