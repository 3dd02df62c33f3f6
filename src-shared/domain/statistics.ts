import { type InferOutput, number, object, optional, pair, yes } from '../base/schema';
import { createRandom, type Random } from './random';

/** If fewer images than this are compared, a difference of accuracies is reported to be based on few images. */
export const FEW_IMAGES = 500;
/** A difference is significant if the p of McNemar's exact test is below this. */
export const SIGNIFICANT_P = 0.05;
export const BOOTSTRAP_RESAMPLES = 10_000;
export const BOOTSTRAP_SEED = 20_261_121;

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * ln(n!) for an integer n >= 0; relative error about 1e-15 (Stirling series, DLMF 5.11.1, after shifting to n >= 16).
 */
export function logFactorial(n: number): number {
  if (n < 16) {
    let product = 1;
    for (let i = 2; i <= n; i += 1) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  const r = 1 / (x * x);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + series;
}

/** ln of the binomial coefficient n over k, 0 <= k <= n. */
export function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/**
 * McNemar's exact two-sided test on paired answers: `losses` images that only the reference has right, `gains` images
 * that only the variant has right. p = min(1, 2 * P(X <= min)), X ~ Binomial(losses + gains, 1/2). 1 without discordant
 * images.
 */
export function mcnemarExactP(losses: number, gains: number): number {
  const discordant = losses + gains;
  if (losses === gains) return 1;
  const smaller = Math.min(losses, gains);
  let term = Math.exp(logChoose(discordant, smaller) - discordant * Math.LN2);
  let tail = 0;
  for (let i = smaller; i >= 0 && term > 0; i -= 1) {
    tail += term;
    // The terms fall at least geometrically below the centre, so the rest can no longer change the sum.
    if (term < tail * 1e-18) break;
    term *= i / (discordant - i + 1);
  }
  return Math.min(1, 2 * tail);
}

/** One draw from Binomial(n, p): inversion that starts at the mode and walks outwards, about sqrt(n p (1-p)) steps. */
export function drawBinomial(random: Random, n: number, p: number): number {
  if (n === 0 || p <= 0) return 0;
  if (p >= 1) return n;
  const odds = p / (1 - p);
  const mode = Math.min(n, Math.floor((n + 1) * p));
  const atMode = Math.exp(logChoose(n, mode) + mode * Math.log(p) + (n - mode) * Math.log1p(-p));
  let rest = random.nextUnit() - atMode;
  let up = mode;
  let down = mode;
  let pUp = atMode;
  let pDown = atMode;
  while (rest >= 0 && (up < n || down > 0)) {
    if (up < n) {
      pUp *= ((n - up) / (up + 1)) * odds;
      up += 1;
      rest -= pUp;
      if (rest < 0) return up;
    }
    if (down > 0) {
      pDown *= down / ((n - down + 1) * odds);
      down -= 1;
      rest -= pDown;
      if (rest < 0) return down;
    }
    // Rounding left a tiny probability beyond both tails.
    if (pUp < 1e-300 && pDown < 1e-300) return mode;
  }
  return mode;
}

export interface PairedCounts {
  readonly images: number;
  /** Number of images that only the reference answered correctly. */
  readonly losses: number;
  /** Number of images that only the variant answered correctly. */
  readonly gains: number;
}

/**
 * 95 % percentile-bootstrap interval of the paired difference (variant - reference) in percentage points: resampling
 * the images with replacement is a multinomial draw over the outcomes -1 / 0 / +1, so one resample costs two binomial
 * draws. 10,000 resamples, fixed seed; bounds are the 250th smallest and the 250th largest. [0, 0] without images.
 */
export function bootstrapDifference95(counts: PairedCounts, seed = BOOTSTRAP_SEED): readonly [number, number] {
  const { images, losses, gains } = counts;
  if (images === 0 || losses + gains === 0) return [0, 0];
  const random = createRandom(seed);
  const lossRate = losses / images;
  const gainRateAmongRest = gains / (images - losses);
  const differences = new Float64Array(BOOTSTRAP_RESAMPLES);
  for (let resample = 0; resample < BOOTSTRAP_RESAMPLES; resample += 1) {
    const lost = drawBinomial(random, images, lossRate);
    const gained = images === losses ? 0 : drawBinomial(random, images - lost, gainRateAmongRest);
    differences[resample] = (100 * (gained - lost)) / images;
  }
  differences.sort();
  const excluded = BOOTSTRAP_RESAMPLES / 40;
  return [differences[excluded - 1] ?? 0, differences[BOOTSTRAP_RESAMPLES - excluded] ?? 0];
}

export const pairedComparisonSchema = object({
  /** Variant minus FP32, percentage points. */
  top1Difference: number,
  interval95: pair(number, number),
  /** Two-sided p of McNemar's exact test. */
  mcnemarP: number,
  /** Present (true) if fewer than 500 images were compared. */
  fewImages: optional(yes),
});
export type PairedComparison = InferOutput<typeof pairedComparisonSchema>;

/**
 * Whether the answers differ by more than chance explains. Only the test decides: the bootstrap interval shows the size
 * of the difference, and on few images it may disagree with the test about whether 0 is included.
 */
export function isBeyondChance({ mcnemarP }: Pick<PairedComparison, 'mcnemarP'>): boolean {
  return mcnemarP < SIGNIFICANT_P;
}

/** All paired statistics of one variant against FP32; null if they have no image in common. */
export function comparePaired(counts: PairedCounts): PairedComparison | null {
  if (counts.images === 0) return null;
  return {
    top1Difference: (100 * (counts.gains - counts.losses)) / counts.images,
    interval95: bootstrapDifference95(counts),
    mcnemarP: mcnemarExactP(counts.losses, counts.gains),
    ...(counts.images < FEW_IMAGES ? { fewImages: true as const } : {}),
  };
}

/**
 * Percentile of values sorted ascending, as trtexec defines it: sorted[all - 1 - floor((1 - p/100) * all)], p in
 * 0..100, computed in exact order so that p99 of 100 values drops one. NaN for no values.
 */
export function percentileOfSorted(sorted: ArrayLike<number>, percentile: number): number {
  const all = sorted.length;
  if (all === 0) return Number.NaN;
  const excluded = Math.floor(((100 - percentile) * all) / 100);
  return sorted[Math.max(0, all - 1 - excluded)] ?? Number.NaN;
}

/** The middle value, or the mean of the two in the middle. NaN for no values. */
export function medianOfSorted(sorted: ArrayLike<number>): number {
  const all = sorted.length;
  const upper = sorted[Math.floor(all / 2)];
  if (upper === undefined) return Number.NaN;
  return all % 2 === 1 ? upper : ((sorted[all / 2 - 1] ?? upper) + upper) / 2;
}

/**
 * Wilson's 95 % score interval of a share in percent (Wilson 1927, JASA 22:209): the shares from which `percent` of n
 * images lies at most 1.96 standard deviations away. [0, 100] for no images.
 */
export function wilsonInterval95(percent: number, n: number): readonly [number, number] {
  if (n === 0) return [0, 100];
  const share = percent / 100;
  const z = 1.96;
  const centre = share + (z * z) / (2 * n);
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const scale = 100 / (1 + (z * z) / n);
  return [Math.max(0, scale * (centre - spread)), Math.min(100, scale * (centre + spread))];
}

/** The standard normal quantile of p (0..1), with an error below 5e-4 (Abramowitz and Stegun 26.2.23). */
export function normalQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(p, 1 - p)));
  const z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return p < 0.5 ? -z : z;
}

/**
 * The quantile of p (0..1) of Student's t for `degrees` of freedom, by the expansion of Abramowitz and Stegun 26.7.5.
 * From 5 degrees on and for p up to 0.999, its error is below 2 %.
 */
export function studentQuantile(p: number, degrees: number): number {
  const z = normalQuantile(p);
  const z2 = z * z;
  return (
    z *
    (1 +
      (z2 + 1) / (4 * degrees) +
      ((5 * z2 + 16) * z2 + 3) / (96 * degrees ** 2) +
      (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * degrees ** 3))
  );
}

/**
 * The places of outliers: the generalized extreme Studentized deviate test, which finds several
 * outliers that hide each other (Rosner, Technometrics 25, 1983). At most a third of the values are outliers.
 * @param level probability that a normal sample without outliers loses a value.
 */
export function outliersOf(values: readonly number[], level: number): ReadonlySet<number> {
  const kept = [...values.keys()];
  let removed = 0;
  const order: number[] = [];
  for (let i = 1; i <= Math.floor(values.length / 3); i += 1) {
    const n = kept.length;
    const mean = kept.reduce((sum, at) => sum + (values[at] ?? 0), 0) / n;
    const far = (at: number): number => Math.abs((values[at] ?? 0) - mean);
    const deviation = Math.sqrt(kept.reduce((sum, at) => sum + far(at) ** 2, 0) / (n - 1));
    const farthest = kept.reduce((best, at) => (far(at) > far(best) ? at : best));
    const t = studentQuantile(1 - level / (2 * n), n - 2);
    const critical = ((n - 1) * t) / Math.sqrt((n - 2 + t * t) * n);
    if (deviation > 0 && far(farthest) / deviation > critical) removed = i;
    order.push(farthest);
    kept.splice(kept.indexOf(farthest), 1);
  }
  return new Set(order.slice(0, removed));
}
