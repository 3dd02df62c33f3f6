/**
 * How well `query` fits `title`: all its characters in order; runs and beginnings of words count more. Null when it does
 * not fit. Case does not matter; an empty query fits everything.
 */
export function matchScore(query: string, title: string): number | null {
  const wanted = query.toLowerCase().replaceAll(' ', '');
  const text = title.toLowerCase();
  let score = 0;
  let from = 0;
  let previous = -2;
  for (const character of wanted) {
    const at = text.indexOf(character, from);
    if (at < 0) return null;
    const isWordStart = at === 0 || /[\s:_./-]/.test(text[at - 1] ?? '');
    score += at === previous + 1 ? 3 : isWordStart ? 2 : 0;
    score -= Math.min(2, (at - from) / 10);
    previous = at;
    from = at + 1;
  }
  return score - text.length / 1000;
}

/** Best first; equal ones in the order given. */
export function rankByQuery<T>(items: readonly T[], query: string, titleOf: (item: T) => string): readonly T[] {
  const scored = items.flatMap((item) => {
    const score = matchScore(query, titleOf(item));
    return score === null ? [] : [{ item, score }];
  });
  if (query.trim() === '') return scored.map(({ item }) => item);
  return scored.sort((a, b) => b.score - a.score).map(({ item }) => item);
}
