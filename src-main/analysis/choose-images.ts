/** Evenly over the list, the same ones every time. */
export function spread<T>(list: readonly T[], count: number): T[] {
  if (count >= list.length) return [...list];
  return Array.from({ length: count }, (_, i) => list[Math.floor(((i + 0.5) * list.length) / count)] as T);
}

/**
 * About `count` images: the same number of every group, so that a small group has its say, each evenly over its images.
 * In the order of the list.
 */
export function chooseImages<T extends { readonly group: string | null }>(entries: readonly T[], count: number): T[] {
  const groups = [...new Set(entries.map(({ group }) => group))]
    .map((group) => entries.filter((entry) => entry.group === group))
    .sort((a, b) => a.length - b.length);
  const chosen = new Set<T>();
  for (const [i, group] of groups.entries()) {
    // What a small group cannot give, the larger ones do.
    for (const entry of spread(group, Math.ceil((count - chosen.size) / (groups.length - i)))) chosen.add(entry);
  }
  return entries.filter((entry) => chosen.has(entry));
}

/** `perGroup` images of every group, evenly over each; all of a smaller group. In the order of the list. */
export function chooseFromGroups<T extends { readonly group: string | null }>(
  entries: readonly T[],
  perGroup: number,
): T[] {
  const groups = new Set(entries.map(({ group }) => group));
  const chosen = new Set(
    [...groups].flatMap((group) =>
      spread(
        entries.filter((entry) => entry.group === group),
        perGroup,
      ),
    ),
  );
  return entries.filter((entry) => chosen.has(entry));
}

/** Images that confirm a choice: the error of single images varies so much that fewer would decide by chance. */
const CONFIRMING = 512;

/**
 * `count` images to choose on, and up to 512 others to confirm on; each half of what there is when there are too few.
 */
export function chooseAndConfirm<T extends { readonly group: string | null }>(
  entries: readonly T[],
  count: number,
): { readonly chosen: readonly T[]; readonly confirmed: readonly T[] } {
  return chooseDisjoint(entries, Math.min(count, Math.floor(entries.length / 2)), CONFIRMING);
}

/** Images to choose (or to measure) on, and others, up to `confirmedCount`, that confirm what came of it. */
export function chooseDisjoint<T extends { readonly group: string | null }>(
  entries: readonly T[],
  chosenCount: number,
  confirmedCount: number,
): { readonly chosen: readonly T[]; readonly confirmed: readonly T[] } {
  const chosen = chooseImages(entries, chosenCount);
  const taken = new Set(chosen);
  return {
    chosen,
    confirmed: chooseImages(
      entries.filter((entry) => !taken.has(entry)),
      confirmedCount,
    ),
  };
}
