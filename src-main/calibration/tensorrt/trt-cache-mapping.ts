import type { CacheName } from './tensorrt-names';
import type { CalibrationCache } from './trt-cache';

export interface CacheMapping {
  readonly mapped: readonly { readonly name: string; readonly tensor: string; readonly threshold: number }[];
  /** Names that do not exist in the model. */
  readonly unmapped: readonly string[];
  readonly ignored: readonly { readonly name: string; readonly reason: string }[];
}

/** The possible meanings of the names of a cache in one model. */
export interface CacheVocabulary {
  /** Activations of the prepared model. */
  readonly tensors: ReadonlySet<string>;
  /** All names that TensorRT gives in the original model file. */
  readonly names: readonly CacheName[];
  /**
   * The Identity and Dropout nodes of the file: output -> input. The preparation removes them and keeps one of the two
   * names.
   */
  readonly copies: ReadonlyMap<string, string>;
}

/**
 * Assigns cache entries to tensors of the prepared model. Thresholds are scale * 127 in real units. This is exact in
 * double precision, so that threshold / 127 gives the same float32 scale again. If several names mean one tensor, the
 * name of the tensor itself is used.
 */
export function mapCache(cache: CalibrationCache, vocabulary: CacheVocabulary): CacheMapping {
  const { tensors } = vocabulary;
  const known = new Map(vocabulary.names.map((entry) => [entry.name, entry]));
  const own = new Set(
    cache.entries.filter(({ name, scale }) => tensors.has(name) && isUsable(scale)).map(({ name }) => name),
  );
  const mapped: { name: string; tensor: string; threshold: number }[] = [];
  const unmapped: string[] = [];
  const ignored: { name: string; reason: string }[] = [];
  for (const { name, scale } of cache.entries) {
    const tensor = tensors.has(name) ? name : copyOf(name, vocabulary);
    if (!isUsable(scale)) ignored.push({ name, reason: 'its scale is not a number above 0' });
    else if (tensor !== null && (tensor === name || !own.has(tensor))) {
      own.add(tensor);
      mapped.push({ name, tensor, threshold: scale * 127 });
    } else if (tensor !== null) ignored.push({ name, reason: `a copy of ${tensor}, which has a scale of its own` });
    else {
      const reason = ignoreReason(name, known.get(name));
      if (reason === null) unmapped.push(name);
      else ignored.push({ name, reason });
    }
  }
  return { mapped, unmapped, ignored };
}

function isUsable(scale: number): boolean {
  return Number.isFinite(scale) && scale > 0;
}

/** The tensor that replaced `name` when Identity and Dropout nodes were removed, under either of the two names. */
function copyOf(name: string, { tensors, copies }: CacheVocabulary): string | null {
  for (let source = copies.get(name); source !== undefined; source = copies.get(source))
    if (tensors.has(source)) return source;
  for (const [output, input] of copies) if (input === name && tensors.has(output)) return output;
  return null;
}

function ignoreReason(name: string, known: CacheName | undefined): string | null {
  if (/^ONNXTRT_Broadcast(_\d+)?_output$/.test(name)) return 'a broadcast that TensorRT adds itself';
  switch (known?.kind) {
    case undefined:
      return null;
    case 'constant':
      return 'a constant: the weights of the model get their scales from their own values';
    case 'alias':
      return 'a Softmax before its reshape: the same values as its output';
    case 'activation':
      return (
        'an intermediate that the prepared model does not have (a product before its bias, an input of a ' +
        'folded layer)'
      );
  }
}
