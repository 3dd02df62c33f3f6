/** Endings of a path with more components than this are not compared. */
const MAX_COMPONENTS = 8;

/** Which item (label file, or image name in a label file) belongs to each image. */
export interface Assignment {
  /** By image: the index of its item; null if it has none. */
  readonly items: readonly (number | null)[];
  /** Items that belong to no image. */
  readonly unused: readonly number[];
  /** An image with several items that fit equally well, or an item that fits several images equally well. */
  readonly ambiguous: { readonly images: readonly number[]; readonly items: readonly number[] } | null;
}

/**
 * Assigns items to images by their paths: the last component must be the same, and of several such items the one with
 * the most components in common, counted from the end, is taken. So `labels/val/1.txt` belongs to `images/val/1.jpg`
 * even if there is a `labels/train/1.txt`. Letter case is ignored.
 * @param normalise makes an item and an image comparable, for example by removing the extension.
 */
export function assignByPath(
  images: readonly string[],
  items: readonly string[],
  normalise: (path: string) => string = (path) => path,
): Assignment {
  const byEnding = new Map<string, number[]>();
  for (const [item, path] of items.entries())
    for (const ending of endingsOf(normalise(path))) {
      const known = byEnding.get(ending);
      if (known) known.push(item);
      else byEnding.set(ending, [item]);
    }
  const matches = images.map((path) => {
    const ending = endingsOf(normalise(path)).find((candidate) => byEnding.has(candidate)) ?? null;
    return ending === null ? null : { ending, items: byEnding.get(ending) ?? [] };
  });
  /** Length of the longest ending with which an image claims an item. An image with a shorter one does not get it. */
  const claims = new Map<number, number>();
  for (const match of matches)
    for (const item of match?.items ?? [])
      claims.set(item, Math.max(claims.get(item) ?? 0, componentsOf(match?.ending ?? '')));
  const owners = new Map<number, number>();
  const assigned: (number | null)[] = [];
  let ambiguous: Assignment['ambiguous'] = null;
  for (const [image, match] of matches.entries()) {
    const length = componentsOf(match?.ending ?? '');
    const own = (match?.items ?? []).filter((item) => (claims.get(item) ?? 0) <= length);
    const [item = null] = own;
    assigned.push(item);
    if (item === null) continue;
    const owner = owners.get(item);
    if (own.length > 1) ambiguous ??= { images: [image], items: own.slice(0, 2) };
    else if (owner === undefined) owners.set(item, image);
    // Two files of one name that differ in their extension (a.jpg, a.png) share a label file, as in training tools.
    else if (normalise(images[owner] ?? '') !== normalise(images[image] ?? ''))
      ambiguous ??= { images: [owner, image], items: [item] };
  }
  return { items: assigned, unused: items.map((_, item) => item).filter((item) => !owners.has(item)), ambiguous };
}

function componentsOf(ending: string): number {
  return ending === '' ? 0 : ending.split('/').length;
}

/** The last components of a path, the longest ending first: `a/b/c`, `b/c`, `c`. */
function endingsOf(path: string): readonly string[] {
  const parts = path
    .replaceAll('\\', '/')
    .toLowerCase()
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .slice(-MAX_COMPONENTS);
  return parts.map((_, i) => parts.slice(i).join('/'));
}

/** A path without the extension of its last component. */
export function withoutExtension(path: string): string {
  return path.replace(/(?<=[^/\\])\.[^./\\]*$/, '');
}
