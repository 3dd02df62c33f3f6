import type { BuiltVariant } from './variants';

/** Variants that are the same file as an earlier one (mixed without a layer outside INT8 is int8), with the name of that one. */
export function sameEngines(built: readonly Pick<BuiltVariant, 'runnable' | 'dir'>[]): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  const same = new Map<string, string>();
  for (const { runnable, dir } of built) {
    const known = first.get(dir);
    if (known === undefined) first.set(dir, runnable.variant);
    else same.set(runnable.variant, known);
  }
  return same;
}

/** Each engine once: what is the same need not be run twice, and chance must not make the two look different. */
export function distinctEngines<T extends Pick<BuiltVariant, 'runnable' | 'dir'>>(built: readonly T[]): T[] {
  const same = sameEngines(built);
  return built.filter(({ runnable }) => !same.has(runnable.variant));
}

/** The results of distinct engines, each followed by its repetitions, which say `sameAs`. */
export function withRepetitions<T extends { readonly variant: string }>(
  results: readonly T[],
  built: readonly Pick<BuiltVariant, 'runnable' | 'dir'>[],
): (T & { readonly sameAs?: string })[] {
  const same = [...sameEngines(built)];
  return results.flatMap((result) => [
    result,
    ...same.flatMap(([variant, sameAs]) => (sameAs === result.variant ? [{ ...result, variant, sameAs }] : [])),
  ]);
}
