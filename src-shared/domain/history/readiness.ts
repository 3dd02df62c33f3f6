import { createRandom, type Random } from '../random';
import { medianOfSorted } from '../statistics';
import type { HistoryEntry } from './history-entry';

/** Fewer runs say too little about how much runs differ. */
export const MIN_READINESS_RUNS = 8;
/** Only the newest runs count. */
const MOST_RUNS = 30;
/** A slope is used only if it is that many standard errors from 0: a slope that is noise makes the outlook worse. */
const CLEAR_SLOPE = 2;
const LONGEST_OUTLOOK = 20;
const DRAWS = 1000;
const SEED = 20_261_201;
const DAY_MS = 24 * 3600 * 1000;

/** The gate that is nearest to its limit, or farthest beyond it. */
export interface TightestGate {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
}

export interface Outlook {
  /** Probability that a candidate meets all gates, for each of the next iterations. */
  readonly probabilities: readonly number[];
  /**
   * The first iteration (1-based) with a probability of at least 50 %, and of at least 80 %; null: none of the next 20.
   */
  readonly likelyAt: number | null;
  readonly safeAt: number | null;
  /** ISO 8601 dates of these iterations at the usual pace; null as above. */
  readonly likelyOn: string | null;
  readonly safeOn: string | null;
}

export type Readiness =
  | {
      readonly state: 'estimated';
      /** Probability (0 to 1) that the next run, as the project is now, meets all gates. */
      readonly probability: number;
      readonly tightest: TightestGate;
      readonly outlook: Outlook;
      /** What the estimate was made from. */
      readonly inputs: {
        readonly runs: number;
        readonly from: string;
        readonly to: string;
        /** Days between two runs, median. */
        readonly daysPerRun: number;
        /** Change of each gate's value from one run to the next; 0: no clear trend. */
        readonly gates: readonly { readonly name: string; readonly change: number }[];
      };
    }
  | { readonly state: 'refused'; readonly code: 'few-runs' | 'no-gates' | 'unjudged'; readonly reason: string };

/**
 * The probability that a release candidate meets all gates, by a simple model of the recorded runs: the distance of
 * each gate's value from today's limit follows a level, or a straight line where one is clear, with normal noise. What
 * a later run can be is drawn from that (multivariate t: prediction errors of the lines, with the correlation that the
 * gates had in the recorded runs, so that gates that move together do so in the draws), and the probability is the
 * share of draws that meet every limit. The draws have a fixed seed.
 *
 * @param entries runs of one project, in any order; only those with the backend, target, hardware and images of the
 *   newest one count.
 */
export function estimateReadiness(entries: readonly HistoryEntry[]): Readiness {
  const sorted = [...entries].sort((a, b) => (a.runId < b.runId ? -1 : 1));
  const newest = sorted.at(-1);
  if (newest === undefined || newest.gates.length === 0)
    return { state: 'refused', code: 'no-gates', reason: 'the newest run has no gates, so there is nothing to meet' };
  const unjudged = newest.gates.filter(({ value, limit }) => value === null || limit === null);
  if (unjudged.length > 0)
    return {
      state: 'refused',
      code: 'unjudged',
      reason: `the newest run could not judge ${unjudged.map(({ name }) => name).join(', ')}`,
    };
  const gates = newest.gates.flatMap(({ name, limit }) => (limit === null ? [] : [{ name, limit }]));
  const runs = sorted.filter((entry) => isSameKind(entry, newest) && hasAll(entry, gates)).slice(-MOST_RUNS);
  if (runs.length < MIN_READINESS_RUNS)
    return {
      state: 'refused',
      code: 'few-runs',
      reason: `an estimate needs ${MIN_READINESS_RUNS} comparable runs, found ${runs.length}`,
    };
  const lines = gates.map((gate) => fitLine(gate, runs));
  const probabilities = probabilitiesOf(lines);
  const times = runs.map(({ createdAt }) => Date.parse(createdAt));
  const daysPerRun = medianOfSorted(
    times
      .slice(1)
      .map((time, i) => (time - (times[i] ?? time)) / DAY_MS)
      .sort((a, b) => a - b),
  );
  return {
    state: 'estimated',
    probability: probabilities[0] ?? 0,
    tightest: tightestOf(lines),
    outlook: outlookOf(probabilities, { from: times.at(-1) ?? 0, daysPerRun }),
    inputs: {
      runs: runs.length,
      from: runs[0]?.createdAt ?? '',
      to: newest.createdAt,
      daysPerRun,
      gates: lines.map(({ name, slope }) => ({ name, change: name.startsWith('min') ? slope : 0 - slope })),
    },
  };
}

function isSameKind(entry: HistoryEntry, newest: HistoryEntry): boolean {
  return (
    entry.project === newest.project &&
    entry.backend === newest.backend &&
    entry.target === newest.target &&
    entry.hardware === newest.hardware &&
    entry.validationSet === newest.validationSet
  );
}

interface Limit {
  readonly name: string;
  readonly limit: number;
}

function valueOf(entry: HistoryEntry, name: string): number | null {
  return entry.gates.find((gate) => gate.name === name)?.value ?? null;
}

function hasAll(entry: HistoryEntry, gates: readonly Limit[]): boolean {
  return gates.every(({ name }) => valueOf(entry, name) !== null);
}

/** The margins of one gate: how far its values are on the right side of the limit. */
interface Line {
  readonly name: string;
  readonly limit: number;
  /** The value of the newest run. */
  readonly value: number;
  /** At the last run. */
  readonly level: number;
  /** Per run; 0 if no slope is clear. */
  readonly slope: number;
  /** Distances of the margins from the line, divided by their standard deviation. */
  readonly residuals: readonly number[];
  readonly deviation: number;
  readonly degrees: number;
}

function fitLine({ name, limit }: Limit, runs: readonly HistoryEntry[]): Line {
  const sign = name.startsWith('min') ? 1 : -1;
  const margins = runs.map((entry) => sign * ((valueOf(entry, name) ?? Number.NaN) - limit));
  const n = margins.length;
  const mean = margins.reduce((sum, margin) => sum + margin, 0) / n;
  const middle = (n - 1) / 2;
  const spread = spreadOf(n);
  const steepness = margins.reduce((sum, margin, i) => sum + (i - middle) * (margin - mean), 0) / spread;
  const squares = margins.reduce((sum, margin, i) => sum + (margin - mean - steepness * (i - middle)) ** 2, 0);
  const isClear = Math.abs(steepness) > CLEAR_SLOPE * Math.sqrt(squares / (n - 2) / spread);
  const slope = isClear ? steepness : 0;
  const degrees = isClear ? n - 2 : n - 1;
  const residuals = margins.map((margin, i) => margin - mean - slope * (i - middle));
  const deviation = Math.sqrt(residuals.reduce((sum, residual) => sum + residual ** 2, 0) / degrees);
  return {
    name,
    limit,
    value: sign * (margins[n - 1] ?? Number.NaN) + limit,
    level: mean + slope * middle,
    slope,
    residuals: residuals.map((residual) => (deviation === 0 ? 0 : residual / deviation)),
    deviation,
    degrees,
  };
}

/** Sum of the squared distances of the run numbers from their mean. */
function spreadOf(runs: number): number {
  return (runs * (runs * runs - 1)) / 12;
}

/** The gate whose newest value is nearest to its limit, or farthest beyond it, in units of its noise. */
function tightestOf(lines: readonly Line[]): TightestGate {
  const marginOf = ({ name, value, limit, deviation }: Line): number =>
    ((name.startsWith('min') ? 1 : -1) * (value - limit)) / Math.max(deviation, 1e-9);
  const { name, value, limit } = lines.reduce((least, line) => (marginOf(line) < marginOf(least) ? line : least));
  return { name, value, limit };
}

/** The probability that all gates are met, for each of the next runs. */
function probabilitiesOf(lines: readonly Line[]): readonly number[] {
  const runs = lines[0]?.residuals.length ?? 0;
  const draws = weightsOf(runs).map((weights) =>
    lines.map(
      ({ residuals, degrees }) =>
        residuals.reduce((sum, residual, run) => sum + residual * (weights[run] ?? 0), 0) / Math.sqrt(degrees),
    ),
  );
  return Array.from({ length: LONGEST_OUTLOOK }, (_, i) => {
    const ahead = i + 1;
    const predicted = lines.map(({ level, slope, deviation }) => {
      const distance = slope === 0 ? 0 : (runs - 1) / 2 + ahead;
      const error = deviation * Math.sqrt(1 + 1 / runs + distance ** 2 / spreadOf(runs));
      return { margin: level + slope * ahead, error };
    });
    const met = draws.filter((draw) =>
      predicted.every(({ margin, error }, gate) => margin + error * (draw[gate] ?? 0) >= 0),
    );
    return met.length / DRAWS;
  });
}

/** The weights of each number of runs, at most 23 of them. The seed is fixed, so that they are drawn once. */
const drawnWeights = new Map<number, readonly Float64Array[]>();

function weightsOf(runs: number): readonly Float64Array[] {
  const known = drawnWeights.get(runs) ?? randomWeights(runs);
  drawnWeights.set(runs, known);
  return known;
}

/**
 * Weights of the recorded residuals, one list for each draw: normal values, so that the sums have the correlations of
 * the residuals, divided by the root of a chi-squared value over its degrees of freedom, which makes the sums Student's
 * t.
 */
function randomWeights(runs: number): readonly Float64Array[] {
  const random = createRandom(SEED);
  return Array.from({ length: DRAWS }, () => {
    const weights = Float64Array.from({ length: runs }, () => nextNormal(random));
    let squares = 0;
    for (let i = 1; i < runs; i += 1) squares += nextNormal(random) ** 2;
    const scale = Math.sqrt(squares / (runs - 1));
    return weights.map((weight) => weight / scale);
  });
}

/** A normal value (Box and Muller, Annals of Mathematical Statistics 29, 1958). */
function nextNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.nextUnit())) * Math.cos(2 * Math.PI * random.nextUnit());
}

function outlookOf(
  probabilities: readonly number[],
  { from, daysPerRun }: { readonly from: number; readonly daysPerRun: number },
): Outlook {
  const firstAt = (least: number): number | null => {
    const index = probabilities.findIndex((probability) => probability >= least);
    return index < 0 ? null : index + 1;
  };
  const on = (iteration: number | null): string | null =>
    iteration === null ? null : new Date(from + iteration * daysPerRun * DAY_MS).toISOString();
  const likelyAt = firstAt(0.5);
  const safeAt = firstAt(0.8);
  return { probabilities, likelyAt, safeAt, likelyOn: on(likelyAt), safeOn: on(safeAt) };
}
