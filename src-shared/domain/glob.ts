import type { Advice } from '../base/advice';
import { WorkbenchError } from '../base/errors';

/**
 * True if the whole of `text` matches `pattern`. `*` matches any sequence of characters, including `/` and the empty
 * sequence; `?` matches one character; all other characters match themselves.
 */
export function matchGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resumeAt = 0;
  // Greedy matching with backtracking to the last star only: no earlier star can need another length.
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      resumeAt = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/**
 * The names that match a pattern.
 * @param what the kind of names, for the message: `tensor`, `layer`
 * @throws WorkbenchError not-found if no name matches; the message has the nearest name
 */
export function requireMatches(
  pattern: string,
  names: readonly string[],
  { what, hint }: { readonly what: string; readonly hint: string | Advice },
): string[] {
  const found = names.filter((name) => matchGlob(pattern, name));
  if (found.length > 0) return found;
  const near = nearestName(pattern, names);
  throw new WorkbenchError(
    'not-found',
    `No ${what} matches "${pattern}"${near === null ? '' : `; the nearest name is "${near}"`}`,
    { hint },
  );
}

/**
 * The name that shares the longest sequence of characters with a pattern, ignoring wildcards; null if no sequence has
 * two characters.
 */
export function nearestName(pattern: string, names: readonly string[]): string | null {
  const words = pattern.split(/[*?]+/).filter((word) => word.length >= 2);
  const score = (name: string): number =>
    Math.max(0, ...words.map((word) => longestCommonRun(word.toLowerCase(), name.toLowerCase())));
  const best = names.reduce<{ name: string; score: number } | null>((found, name) => {
    const own = score(name);
    return own >= 2 && (found === null || own > found.score) ? { name, score: own } : found;
  }, null);
  return best?.name ?? null;
}

function longestCommonRun(a: string, b: string): number {
  let best = 0;
  for (let start = 0; start < a.length; start++) {
    while (start + best < a.length && b.includes(a.slice(start, start + best + 1))) best++;
  }
  return best;
}
