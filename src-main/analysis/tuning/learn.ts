import type { KernelTimes } from '../../../src-shared/domain/engines/kernel-times';
import { setOwnValue } from '../../../src-shared/base/records';
import { findParts, type ProfiledEngine, type TunedModel } from './parts';

/**
 * What profiled engines say about single compute layers, for other models with layers of the same sizes. Parts with
 * several compute layers are left out, because their time belongs to no single one.
 *
 * @param keyOf compute layer -> operator with its sizes; null if the sizes are not known.
 */
export function learnTimes(
  model: TunedModel,
  engines: readonly ProfiledEngine[],
  {
    computeLayers,
    keyOf,
  }: { readonly computeLayers: readonly string[]; readonly keyOf: (layer: string) => string | null },
): KernelTimes['times'] {
  const parts = findParts(model, engines);
  const layersOf = new Map<number, string[]>();
  for (const layer of computeLayers) {
    const part = parts.of.get(layer);
    if (part !== undefined) layersOf.set(part, [...(layersOf.get(part) ?? []), layer]);
  }
  const times: KernelTimes['times'] = {};
  for (const [part, layers] of layersOf) {
    const [layer] = layers;
    const key = layer === undefined || layers.length > 1 ? null : keyOf(layer);
    if (key === null) continue;
    const ms = (isInt8: boolean): number | undefined =>
      parts.observed.map((observed) => observed[part]).findLast((own) => own?.isInt8 === isInt8 && own.kernelMs > 0)
        ?.kernelMs;
    const [floatMs, int8Ms] = [ms(false), ms(true)];
    setOwnValue(times, key, {
      ...(floatMs === undefined ? {} : { floatMs }),
      ...(int8Ms === undefined ? {} : { int8Ms }),
    });
  }
  return times;
}
