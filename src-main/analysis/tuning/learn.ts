import { setOwnValue } from '../../../src-shared/base/records';
import { conversionKey, type LearntTimes } from '../../../src-shared/domain/engines/kernel-times';
import { findParts, isWhole, type ProfiledEngine, type TunedModel } from './parts';

/**
 * What profiled engines say about single compute layers and about conversions, for other models with layers of the same
 * sizes. A part with several compute layers, or with layers that no compute layer is fused with, is left out, because
 * its time belongs to no single one.
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
): LearntTimes {
  const parts = findParts(model, engines, new Set(computeLayers));
  const times: LearntTimes['times'] = {};
  for (const [i, part] of parts.list.entries()) {
    const [layer, ...others] = part.tunable;
    const key = layer === undefined || others.length > 0 || !isWhole(part, model) ? null : keyOf(layer);
    if (key === null) continue;
    const ms = (state: 'int8' | 'float'): number | undefined =>
      parts.observed.map((observed) => observed[i]).findLast((own) => own?.state === state && own.kernelMs > 0)
        ?.kernelMs;
    const [floatMs, int8Ms] = [ms('float'), ms('int8')];
    if (floatMs === undefined && int8Ms === undefined) continue;
    setOwnValue(times, key, {
      ...(floatMs === undefined ? {} : { floatMs }),
      ...(int8Ms === undefined ? {} : { int8Ms }),
    });
  }
  const conversions: LearntTimes['conversions'] = {};
  for (const conversion of parts.conversions) setOwnValue(conversions, conversionKey(conversion), conversion.ms);
  return { times, conversions };
}
