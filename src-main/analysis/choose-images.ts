/** Selects images evenly over the list; the same images every time. */
export function spread<T>(list: readonly T[], count: number): T[] {
  if (count >= list.length) return [...list];
  return Array.from({ length: count }, (_, i) => list[Math.floor(((i + 0.5) * list.length) / count)] as T);
}

/**
 * Selects about `count` images, the same number from every group and evenly within each group, so that small groups are
 * represented. The result is in the order of the list.
 */
export function chooseImages<T extends { readonly group: string | null }>(entries: readonly T[], count: number): T[] {
  const groups = [...new Set(entries.map(({ group }) => group))]
    .map((group) => entries.filter((entry) => entry.group === group))
    .sort((a, b) => a.length - b.length);
  const chosen = new Set<T>();
  for (const [i, group] of groups.entries()) {
    // Images that a small group lacks are taken from larger groups.
    for (const entry of spread(group, Math.ceil((count - chosen.size) / (groups.length - i)))) chosen.add(entry);
  }
  return entries.filter((entry) => chosen.has(entry));
}

/**
 * Selects `perGroup` images of every group, evenly within the group, or all images of a smaller group. The result is in
 * the order of the list.
 */
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

/**
 * The number of images that confirm a choice; with fewer, chance would decide, because the error of single images
 * varies widely.
 */
const CONFIRMING = 512;

/**
 * Selects `count` images for a choice and up to 512 others to confirm it; half of the images each if there are too few.
 */
export function chooseAndConfirm<T extends { readonly group: string | null }>(
  entries: readonly T[],
  count: number,
): { readonly chosen: readonly T[]; readonly confirmed: readonly T[] } {
  return chooseDisjoint(entries, Math.min(count, Math.floor(entries.length / 2)), CONFIRMING);
}

/** Selects images for a choice or a measurement, and up to `confirmedCount` others that confirm the result. */
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
