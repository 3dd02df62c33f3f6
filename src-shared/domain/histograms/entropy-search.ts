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
  for (let j = 0; j < folded.counts.length; j += 1) {
    const count = folded.counts[j] ?? 0;
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
      terms[2 * a + 1] = levelTerm(sum, filled[a] ?? 1);
    }
  }
}

/** s ln(s / c) for a level of sum s with c non-empty bins. */
function levelTerm(sum: number, filled: number): number {
  return sum > 0 ? sum * Math.log(sum / filled) : 0;
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

/** The counts that the search works on, and their sums; entry j of a sum is over the bins from j on, or before j. */
interface SearchBins {
  readonly bins: Float64Array;
  /** Sum of the bins from j on: what candidate i = j clips. */
  readonly clipped: Float64Array;
  /** Sum of all bins. */
  readonly total: number;
}

/** `binCounts`: ENTROPY_BINS counts; the first is replaced by the second. Null if the sum is then 0. */
function searchBinsOf(binCounts: Float64Array): SearchBins | null {
  const bins = binCounts.slice(0, ENTROPY_BINS);
  bins[0] = bins[1] ?? 0;
  const clipped = new Float64Array(ENTROPY_BINS + 1);
  for (let j = ENTROPY_BINS - 1; j >= 0; j -= 1) clipped[j] = (clipped[j + 1] ?? 0) + (bins[j] ?? 0);
  const total = clipped[0] ?? 0;
  return total > 0 ? { bins, clipped, total } : null;
}

/** Every divergence, for a plot; see entropyIndex for the index alone. Null if there is nothing to search. */
export function searchEntropy(binCounts: Float64Array): EntropySearch | null {
  const search = searchBinsOf(binCounts);
  if (search === null) return null;
  const { bins, total } = search;
  const divergences = new Float64Array(ENTROPY_BINS - ENTROPY_LEVELS + 1).fill(Number.POSITIVE_INFINITY);
  const table = new LevelTable(bins);
  let kept = 0;
  let keptXLogX = 0;
  for (let i = 1; i <= ENTROPY_BINS; i += 1) {
    const last = bins[i - 1] ?? 0;
    const clipped = search.clipped[i] ?? 0;
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

/** Every candidate at this stride is evaluated first: the best of them bounds the divergence of all others. */
const COARSE_STRIDE = 32;
/** Nats; far above the rounding error of a bound, far below any difference that matters. */
const BOUND_MARGIN_NATS = 1e-9;
const BOUND_MARGIN_RELATIVE = 1e-6;

/**
 * The index that searchEntropy finds, without the curve. Every level adds to a divergence (log sum inequality), so that
 * a candidate is given up as soon as its last level, which takes the clipped values, and its first levels exceed the
 * smallest divergence so far. A divergence that is computed to its end has the bits of searchEntropy.
 */
export function entropyIndex(binCounts: Float64Array): number | null {
  const search = searchBinsOf(binCounts);
  if (search === null) return null;
  const candidates = new EntropyCandidates(search);
  const divergences = new Float64Array(ENTROPY_BINS - ENTROPY_LEVELS + 1).fill(Number.POSITIVE_INFINITY);
  let best = Number.POSITIVE_INFINITY;
  const consider = (i: number): void => {
    const divergence = candidates.divergence(i, best + ENTROPY_TIE_NATS + BOUND_MARGIN_NATS);
    divergences[i - ENTROPY_LEVELS] = divergence;
    if (divergence < best) best = divergence;
  };
  for (let i = ENTROPY_BINS; i >= ENTROPY_LEVELS; i -= COARSE_STRIDE) consider(i);
  for (let i = ENTROPY_BINS; i >= ENTROPY_LEVELS; i -= 1) if (i % COARSE_STRIDE !== 0) consider(i);
  return lastMinimum(divergences) + ENTROPY_LEVELS;
}

/** The divergence of single candidates, with what they share. Sums are formed in the order of searchEntropy. */
class EntropyCandidates {
  /** Entry i: sum over the bins before i. */
  private readonly keptXLogX = new Float64Array(ENTROPY_BINS + 1);
  private readonly kept = new Float64Array(ENTROPY_BINS + 1);
  /**
   * Terms of the levels of an even number of bins by the bin at which they begin, then those of an odd number; 0 until
   * they are needed. Candidate i has levels of two lengths only, so that one length of each parity is enough.
   */
  private readonly terms = new Float64Array(2 * ENTROPY_BINS);
  private readonly lengths: [even: number, odd: number] = [0, 0];

  constructor(private readonly search: SearchBins) {
    const { bins } = search;
    for (let i = 0; i < ENTROPY_BINS; i += 1) {
      const count = bins[i] ?? 0;
      this.kept[i + 1] = (this.kept[i] ?? 0) + count;
      this.keptXLogX[i + 1] = (this.keptXLogX[i] ?? 0) + xLogX(count);
    }
  }

  /** +infinity if candidate i is impossible, or if its divergence is certain to be above `enough`. */
  divergence(i: number, enough: number): number {
    const { bins, total } = this.search;
    const { keptXLogX } = this;
    const last = bins[i - 1] ?? 0;
    const clipped = this.search.clipped[i] ?? 0;
    const kept = this.kept[i] ?? 0;
    if (!(kept > 0 && (last > 0 || clipped === 0)) || this.clippingBound(i) > enough) return Number.POSITIVE_INFINITY;

    this.prepareTerms(i >> 7);
    const logKept = Math.log(kept / total);
    const logOfLast = clipped > 0 ? lastLevelLog(bins, i) : 0;
    const xLogXOfLast = xLogX(last + clipped);
    const lastBegin = levelBegin(ENTROPY_LEVELS - 1, i);
    const lastTerm = this.term(lastBegin, i - lastBegin);
    const lastLevel =
      (keptXLogX[i - 1] ?? 0) - (keptXLogX[lastBegin] ?? 0) + xLogXOfLast - lastTerm - clipped * logOfLast;
    const allowance = (enough - logKept) * total - lastLevel;
    if (allowance < 0) return Number.POSITIVE_INFINITY;

    let inner = 0;
    let begin = 0;
    for (let k = 1; k < ENTROPY_LEVELS; k += 1) {
      const end = levelBegin(k, i);
      inner += this.term(begin, end - begin);
      begin = end;
      if ((keptXLogX[end] ?? 0) - inner > allowance) return Number.POSITIVE_INFINITY;
    }
    inner += lastTerm;
    let sum = (keptXLogX[i - 1] ?? 0) + xLogXOfLast - inner;
    if (clipped > 0) sum -= clipped * logOfLast;
    return sum / total + logKept;
  }

  /**
   * A lower bound of the divergence, nats, without logarithms: with kept sum K, clipped sum c, last level s and total T
   * it is at least ((s + c) ln(1 + c / s)) / T - ln(1 + c / K); and for x >= 0,
   * 4 (r - 1) / (r + 1) <= ln(1 + x) <= x / r, where r is the square root of 1 + x.
   */
  private clippingBound(i: number): number {
    const { total } = this.search;
    const clipped = this.search.clipped[i] ?? 0;
    const kept = this.kept[i] ?? 0;
    const lastLevelAndClipped = this.search.clipped[levelBegin(ENTROPY_LEVELS - 1, i)] ?? 0;
    const rootOfLast = Math.sqrt(lastLevelAndClipped / (lastLevelAndClipped - clipped));
    const ofLast = (lastLevelAndClipped / total) * ((4 * (rootOfLast - 1)) / (rootOfLast + 1));
    return ofLast * (1 - BOUND_MARGIN_RELATIVE) - clipped / kept / Math.sqrt(1 + clipped / kept);
  }

  /** Makes room for the levels of `length` and of `length` + 1 bins. */
  private prepareTerms(length: number): void {
    for (const wanted of [length, length + 1]) {
      const parity = wanted % 2 === 0 ? 0 : 1;
      if (this.lengths[parity] === wanted) continue;
      this.lengths[parity] = wanted;
      this.terms.fill(0, parity * ENTROPY_BINS, (parity + 1) * ENTROPY_BINS);
    }
  }

  private term(begin: number, length: number): number {
    const at = (length & 1) * ENTROPY_BINS + begin;
    const known = this.terms[at] ?? 0;
    if (known !== 0) return known;
    const { bins } = this.search;
    let sum = 0;
    let filled = 0;
    for (let j = begin; j < begin + length; j += 1) {
      const count = bins[j] ?? 0;
      sum += count;
      if (count > 0) filled += 1;
    }
    const term = levelTerm(sum, filled);
    this.terms[at] = term;
    return term;
  }
}
