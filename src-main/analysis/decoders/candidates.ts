import type { Decoder } from '../../../src-shared/domain/tasks/decoder';
import type { Matrix } from './matrix';

/** More candidates than this are not suppressed one by one; the ones with the best scores remain. */
const MAX_CANDIDATES = 30_000;
const CAPACITY = 4 * MAX_CANDIDATES;
/** Order numbers of candidates take this many bits of a sort key. */
const ORDER_BITS = 18;

/**
 * Pairs of a row (a box) and a class whose score is high enough. Among equal scores the pair that was found first
 * comes first. Memory is bounded: if a broken model scores everything high, the best MAX_CANDIDATES pairs are kept.
 */
export class Candidates {
  private rows = new Int32Array(1024);
  private classes = new Int32Array(1024);
  private scores = new Float32Array(1024);
  private count = 0;

  /** @param minScore pairs with lower scores are not taken; rises when memory is full. */
  constructor(public minScore: number) {}

  /** A score that is not a number, or infinite, is not taken. */
  add(row: number, label: number, score: number): void {
    if (!(score >= this.minScore && score < Number.POSITIVE_INFINITY)) return;
    if (this.count === this.scores.length) this.grow();
    this.rows[this.count] = row;
    this.classes[this.count] = label;
    this.scores[this.count] = score + 0; // -0 becomes 0, whose bits are ordered like the other scores
    this.count += 1;
  }

  /** The candidates, best score first. */
  sorted(): SortedCandidates {
    const order = this.best(Math.min(this.count, MAX_CANDIDATES));
    const { length } = order;
    const sorted = {
      rows: new Int32Array(length),
      classes: new Int32Array(length),
      scores: new Float32Array(length),
    };
    for (let to = 0; to < length; to += 1) {
      const from = order[to] ?? 0;
      sorted.rows[to] = this.rows[from] ?? 0;
      sorted.classes[to] = this.classes[from] ?? 0;
      sorted.scores[to] = this.scores[from] ?? 0;
    }
    return sorted;
  }

  /** Positions of the best `count` candidates. Sorts numbers made of score and position, which needs no comparator. */
  private best(count: number): Uint32Array {
    // The bits of positive floats are ordered like the floats.
    const bits = new Uint32Array(this.scores.buffer, 0, this.count);
    const size = 2 ** ORDER_BITS;
    const keys = new Float64Array(this.count);
    for (let i = 0; i < keys.length; i += 1) keys[i] = i - (bits[i] ?? 0) * size;
    keys.sort();
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i += 1) {
      const key = keys[i] ?? 0;
      order[i] = key - Math.floor(key / size) * size;
    }
    return order;
  }

  private grow(): void {
    if (this.count < CAPACITY) {
      const size = Math.min(CAPACITY, this.count * 2);
      this.rows = copied(this.rows, new Int32Array(size));
      this.classes = copied(this.classes, new Int32Array(size));
      this.scores = copied(this.scores, new Float32Array(size));
      return;
    }
    const kept = this.best(MAX_CANDIDATES).sort(); // in the order of finding
    for (const [to, from] of kept.entries()) {
      this.rows[to] = this.rows[from] ?? 0;
      this.classes[to] = this.classes[from] ?? 0;
      this.scores[to] = this.scores[from] ?? 0;
    }
    this.count = kept.length;
    let lowest = Number.POSITIVE_INFINITY;
    for (const score of this.scores.subarray(0, this.count)) lowest = Math.min(lowest, score);
    this.minScore = Math.max(this.minScore, lowest);
  }
}

export interface SortedCandidates {
  readonly rows: Int32Array;
  readonly classes: Int32Array;
  readonly scores: Float32Array;
}

function copied<T extends Int32Array | Float32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

export interface ScoreTable {
  readonly matrix: Matrix;
  /** Column of the first class score, background included, and the number of these columns. */
  readonly firstColumn: number;
  readonly count: number;
  readonly activation: Decoder['activation'];
  readonly background: Decoder['background'];
  /** Column of a score that multiplies all class scores of a row; null: none. */
  readonly objectness: number | null;
  /** Take only the best class of each row. */
  readonly bestOnly: boolean;
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Adds every pair of a row and a class with a sufficient score. Class indices do not count the background. */
export function addScores(candidates: Candidates, table: ScoreTable): void {
  if (table.activation === 'softmax') addSoftmaxScores(candidates, table);
  else if (table.objectness !== null || table.bestOnly) addRowScores(candidates, table, table.objectness);
  else addPlainScores(candidates, table);
}

/** The columns that are classes, background excluded. */
function classColumns({ count, background }: ScoreTable): { readonly from: number; readonly to: number } {
  return { from: background === 'first' ? 1 : 0, to: background === 'last' ? count - 1 : count };
}

/** The raw value below which no score is sufficient, so that most of the values need no exponential function. */
function rawLimit(minScore: number, activation: Decoder['activation']): number {
  if (activation === 'none') return minScore;
  return minScore >= 1 ? Number.POSITIVE_INFINITY : Math.log(minScore / (1 - minScore)) - 1e-3;
}

/** Reads memory in its order. */
function addPlainScores(candidates: Candidates, table: ScoreTable): void {
  const { values, rows, rowStep, columnStep } = table.matrix;
  const isSigmoid = table.activation === 'sigmoid';
  const { from, to } = classColumns(table);
  const base = table.firstColumn * columnStep;
  const take = (row: number, column: number, raw: number): void => {
    candidates.add(row, column - from, isSigmoid ? sigmoid(raw) : raw);
  };
  const limit = (): number => rawLimit(candidates.minScore, table.activation);
  if (rowStep >= columnStep) {
    for (let row = 0; row < rows; row += 1) {
      const atLeast = limit();
      for (let column = from; column < to; column += 1) {
        const raw = values[base + row * rowStep + column * columnStep] ?? Number.NaN;
        if (raw >= atLeast) take(row, column, raw);
      }
    }
    return;
  }
  for (let column = from; column < to; column += 1) {
    const atLeast = limit();
    const start = base + column * columnStep;
    for (let row = 0; row < rows; row += 1) {
      const raw = values[start + row * rowStep] ?? Number.NaN;
      if (raw >= atLeast) take(row, column, raw);
    }
  }
}

function addRowScores(candidates: Candidates, table: ScoreTable, objectness: number | null): void {
  const { values, rows, rowStep, columnStep } = table.matrix;
  const activate = table.activation === 'sigmoid' ? sigmoid : (x: number): number => x;
  const { from, to } = classColumns(table);
  for (let row = 0; row < rows; row += 1) {
    const start = row * rowStep;
    const factor = objectness === null ? 1 : activate(values[start + objectness * columnStep] ?? Number.NaN);
    if (!(factor >= candidates.minScore)) continue;
    if (table.count === 0) candidates.add(row, 0, factor); // A detector of one class may have the objectness alone.
    const base = start + table.firstColumn * columnStep;
    let best = -1;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (let column = from; column < to; column += 1) {
      const score = factor * activate(values[base + column * columnStep] ?? Number.NaN);
      if (!table.bestOnly) candidates.add(row, column - from, score);
      else if (score > bestScore) {
        best = column - from;
        bestScore = score;
      }
    }
    if (best >= 0) candidates.add(row, best, bestScore);
  }
}

function addSoftmaxScores(candidates: Candidates, table: ScoreTable): void {
  const { values, rows, rowStep, columnStep } = table.matrix;
  const { from, to } = classColumns(table);
  for (let row = 0; row < rows; row += 1) {
    const base = row * rowStep + table.firstColumn * columnStep;
    let largest = Number.NEGATIVE_INFINITY;
    for (let column = 0; column < table.count; column += 1)
      largest = Math.max(largest, values[base + column * columnStep] ?? Number.NaN);
    let sum = 0;
    for (let column = 0; column < table.count; column += 1)
      sum += Math.exp((values[base + column * columnStep] ?? Number.NaN) - largest);
    let best = -1;
    let bestRaw = Number.NEGATIVE_INFINITY;
    for (let column = from; column < to; column += 1) {
      const raw = values[base + column * columnStep] ?? Number.NaN;
      if (!table.bestOnly) candidates.add(row, column - from, Math.exp(raw - largest) / sum);
      else if (raw > bestRaw) {
        best = column - from;
        bestRaw = raw;
      }
    }
    if (best >= 0) candidates.add(row, best, Math.exp(bestRaw - largest) / sum);
  }
}
