/**
 * The entropy search written down from its description, by direct summation and with fresh arrays for every candidate:
 * slow and plain, to judge the fast ones.
 */
export function slowDivergences(counts: ArrayLike<number>): number[] {
  const h = Array.from(counts);
  h[0] = h[1] ?? 0;
  const sum = (from: number, to: number): number => h.slice(from, to).reduce((total, x) => total + x, 0);
  const total = sum(0, 2048);
  const divergences: number[] = [];
  for (let i = 128; i <= 2048; i += 1) {
    const p = h.slice(0, i);
    p[i - 1] = (p[i - 1] ?? 0) + sum(i, 2048);
    const kept = sum(0, i);
    const q = new Array<number>(i).fill(0);
    for (let k = 0; k < 128; k += 1) {
      const begin = Math.ceil((k * i) / 128);
      const end = Math.ceil(((k + 1) * i) / 128);
      const filled = h.slice(begin, end).filter((x) => x > 0).length;
      for (let j = begin; j < end; j += 1) if ((h[j] ?? 0) > 0) q[j] = sum(begin, end) / filled;
    }
    let divergence = 0;
    for (let j = 0; j < i; j += 1) {
      const pj = p[j] ?? 0;
      if (pj === 0) continue;
      const qj = q[j] ?? 0;
      divergence += qj === 0 ? Infinity : (pj / total) * Math.log(pj / total / (qj / kept));
    }
    divergences.push(divergence);
  }
  return divergences;
}

/** The LAST candidate that is smallest; values closer than `tie` count as equal. */
export function lastMinimum(divergences: readonly number[], tie: number): number {
  const smallest = Math.min(...divergences);
  return 128 + divergences.findLastIndex((value) => value <= smallest + tie);
}
