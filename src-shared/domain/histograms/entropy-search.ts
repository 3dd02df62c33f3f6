import { upperEdgeInBins, type FoldedHistogram } from './folded-histogram';

/**
 * The search of TensorRT's entropy calibrator over 2048 equal bins: candidates keep i = 128 .. 2048 bins and 128
 * levels. The LAST candidate whose Kullback-Leibler divergence (natural log) is within ENTROPY_TIE_NATS of the smallest
 * is chosen, so that the last bits of a sum do not decide between equal candidates.
 */
export const ENTROPY_BINS = 2048;
export const ENTROPY_LEVELS = 128;
/** Absolute: 1000 times the rounding error of the sums, and far below any difference that matters. */
export const ENTROPY_TIE_NATS = 1e-12;

export interface EntropySearch {
  /** i*: the number of bins that are kept, 128 .. 2048. */
  readonly index: number;
  /**
   * Divergence of candidate i at [i - 128], nats; +infinity if a kept bin that must take the clipped values is empty.
   */
  readonly divergences: Float64Array;
}

/**
 * 2048 equal bins over [0, amax]; a source bin that overlaps several is split in proportion. Zeros are added to the
 * first bin.
 */
export function entropyBins(folded: FoldedHistogram): Float64Array {
  const bins = new Float64Array(ENTROPY_BINS);
  const add = (bin: number, count: number): void => {
    bins[bin] = (bins[bin] ?? 0) + count;
  };
  add(0, folded.zeroCount);
  const amaxInBins = folded.amaxReal / folded.binWidthReal;
  for (const [j, count] of folded.counts.entries()) {
    if (count === 0) continue;
    const low = (j * ENTROPY_BINS) / amaxInBins;
    const high = (upperEdgeInBins(folded, j) * ENTROPY_BINS) / amaxInBins;
    const first = Math.min(ENTROPY_BINS - 1, Math.floor(low));
    const last = Math.min(ENTROPY_BINS - 1, Math.floor(high));
    if (first === last) {
      add(first, count);
      continue;
    }
    const density = count / (high - low);
    add(first, density * (first + 1 - low));
    for (let b = first + 1; b < last; b += 1) add(b, density);
    add(last, density * (high - last));
  }
  return bins;
}

/**
 * Levels have L or L + 1 bins if 128 L <= i < 128 (L + 1). A level's share of the divergence, s ln(s / c) for sum s and
 * c non-empty bins, depends only on its start and its length, so that each is computed once: about 18,000 logarithms
 * instead of 246,000. Entry 2a is the level of L bins that begins at a, entry 2a + 1 the one of L + 1.
 */
class LevelTable {
  readonly terms: Float64Array;
  private readonly sums: Float64Array;
  private readonly filled: Float64Array;
  private length = 0;

  constructor(private readonly bins: Float64Array) {
    this.terms = new Float64Array(2 * bins.length);
    this.sums = new Float64Array(bins.length);
    this.filled = new Float64Array(bins.length);
    this.extend();
    this.advance();
  }

  /** Advances to levels that are one bin longer. */
  advance(): void {
    const { terms } = this;
    for (let a = 0; a < terms.length; a += 2) terms[a] = terms[a + 1] ?? 0;
    this.extend();
  }

  private extend(): void {
    const { bins, sums, filled, terms } = this;
    const added = this.length;
    this.length += 1;
    const fitting = bins.length - added;
    for (let a = 0; a < fitting; a += 1) {
      const count = bins[a + added] ?? 0;
      sums[a] = (sums[a] ?? 0) + count;
      if (count > 0) filled[a] = (filled[a] ?? 0) + 1;
    }
    // No level of this length begins at 128 * (length + 1) or above.
    const begins = Math.min(fitting, ENTROPY_LEVELS * (this.length + 1));
    for (let a = 0; a < begins; a += 1) {
      const sum = sums[a] ?? 0;
      terms[2 * a + 1] = sum > 0 ? sum * Math.log(sum / (filled[a] ?? 1)) : 0;
    }
  }
}

/** Bin at which level k begins if i bins are kept: ceil(k * i / 128). */
function levelBegin(k: number, i: number): number {
  return (k * i + ENTROPY_LEVELS - 1) >> 7;
}

/** Sum of P ln Q over the kept bins, without the clipped values. */
function innerCrossEntropy(terms: Float64Array, i: number): number {
  const length = i >> 7;
  let sum = 0;
  let begin = 0;
  for (let k = 1; k <= ENTROPY_LEVELS; k += 1) {
    const end = levelBegin(k, i);
    sum += terms[2 * begin + (end - begin - length)] ?? 0;
    begin = end;
  }
  return sum;
}

/** ln of the value that Q has in each non-empty bin of the last level. */
function lastLevelLog(bins: Float64Array, i: number): number {
  let sum = 0;
  let filled = 0;
  for (let j = levelBegin(ENTROPY_LEVELS - 1, i); j < i; j += 1) {
    const count = bins[j] ?? 0;
    sum += count;
    if (count > 0) filled += 1;
  }
  return Math.log(sum / filled);
}

function xLogX(x: number): number {
  return x > 0 ? x * Math.log(x) : 0;
}

function lastMinimum(divergences: Float64Array): number {
  let best = Number.POSITIVE_INFINITY;
  for (const value of divergences) best = Math.min(best, value);
  return divergences.findLastIndex((value) => value <= best + ENTROPY_TIE_NATS);
}

/** `binCounts`: ENTROPY_BINS counts; the first is replaced by the second. Null if the sum is then 0. */
export function searchEntropy(binCounts: Float64Array): EntropySearch | null {
  const bins = binCounts.slice(0, ENTROPY_BINS);
  bins[0] = bins[1] ?? 0;
  const outliers = new Float64Array(ENTROPY_BINS + 1);
  for (let j = ENTROPY_BINS - 1; j >= 0; j -= 1) outliers[j] = (outliers[j + 1] ?? 0) + (bins[j] ?? 0);
  const total = outliers[0] ?? 0;
  if (!(total > 0)) return null;

  const divergences = new Float64Array(ENTROPY_BINS - ENTROPY_LEVELS + 1).fill(Number.POSITIVE_INFINITY);
  const table = new LevelTable(bins);
  let kept = 0;
  let keptXLogX = 0;
  for (let i = 1; i <= ENTROPY_BINS; i += 1) {
    const last = bins[i - 1] ?? 0;
    const clipped = outliers[i] ?? 0;
    kept += last;
    if (i >= ENTROPY_LEVELS) {
      if (i % ENTROPY_LEVELS === 0 && i > ENTROPY_LEVELS) table.advance();
      if (kept > 0 && (last > 0 || clipped === 0)) {
        let sum = keptXLogX + xLogX(last + clipped) - innerCrossEntropy(table.terms, i);
        if (clipped > 0) sum -= clipped * lastLevelLog(bins, i);
        divergences[i - ENTROPY_LEVELS] = sum / total + Math.log(kept / total);
      }
    }
    keptXLogX += xLogX(last);
  }
  return { index: lastMinimum(divergences) + ENTROPY_LEVELS, divergences };
}
