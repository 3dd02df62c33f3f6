import { formatCount, formatCountOf, formatFixed, formatReal } from '../../base/units';

/**
 * Choice of the fewest images of a pool that a calibration set lacks. Two goals are followed at the same time:
 *
 * - Elements: everything of the pool that would raise a threshold. An element is a level of a tensor's largest |x|
 *   beyond the calibrated one, in quarters of an octave, or a range of values that the pool has and the calibration set
 *   hardly has. Each element is to be covered by one image (greedy set cover; Johnson, Journal of Computer and System
 *   Sciences 9, 1974).
 * - Drift: the mean distribution of the pool's values, as a mixture of the groups of the calibration set and of the
 *   images that were taken (Frank and Wolfe, Naval Research Logistics Quarterly 3, 1956). The distance that remains is
 *   in standard deviations between single images, as in domain/histograms/drift.
 *
 * If the pool drifts, more images are then taken until they are a part of the set that thresholds see: those with which
 * the mean of all taken images comes nearest to what lacks (herding; Welling, ICML 2009).
 */
export interface PickTensor {
  readonly tensor: string;
  /** Largest |x| over the calibration set, real units. */
  readonly calibratedMaximum: number;
  /** Real values, ascending: cumulative shares are known at these. */
  readonly edges: Float64Array;
  /** s^2 of the shares between single calibration images, weighted like `distance`; 0 if they do not differ. */
  readonly spread: number;
}

/** Cumulative shares (0..1) at the edges of every tensor, one array per tensor. */
export type Shares = readonly Float32Array[];

export interface PickImage {
  readonly file: string;
  /** Largest |x| in every tensor, real units; NaN if unknown. */
  readonly maxima: Float32Array;
  readonly shares: Shares;
}

export interface PickTask {
  readonly tensors: readonly PickTensor[];
  /** Mean shares of the groups of the calibration set. */
  readonly references: readonly Shares[];
  readonly pool: readonly PickImage[];
  /** Most images that are taken. */
  readonly most: number;
  /** The distance from the pool that may remain. */
  readonly limit: number;
  /** Images that a pool needs that lies farther away than the limit: a smaller part of the set is hardly seen. */
  readonly least: number;
}

/** Why an image was taken. */
export type PickReason =
  | {
      readonly code: 'raises-maximum';
      readonly tensor: string;
      readonly value: number;
      readonly calibrated: number;
      /** How many tensors have larger values in this image than in all that was there before. */
      readonly tensors: number;
    }
  | {
      readonly code: 'missing-values';
      readonly tensor: string;
      readonly from: number;
      readonly to: number;
      readonly ranges: number;
    }
  | { readonly code: 'drift'; readonly before: number; readonly after: number }
  | { readonly code: 'share'; readonly needed: number };

export interface PickedImage {
  readonly file: string;
  /** Most important first. */
  readonly reasons: readonly PickReason[];
}

export interface Pick {
  readonly picked: readonly PickedImage[];
  readonly elements: { readonly all: number; readonly covered: number };
  /** Distance of the pool from what is calibrated, before and after, in standard deviations between images. */
  readonly distance: { readonly before: number; readonly after: number };
  /** Whether nothing is left to cover: more images would not help. */
  readonly isComplete: boolean;
}

/** Levels per octave; a maximum below the first one is within what rounding of thresholds hides. */
const LEVELS_PER_OCTAVE = 4;
/** The pool's share of values in a missing range is at least this, and this many times the calibrated share. */
const MISSING_SHARE = 1e-3;
const MISSING_RATIO = 4;
/** An image covers a range if it has at least this part of the pool's share there. */
const COVERING_PART = 0.5;
const MIXTURE_STEPS = 200;
/** An image that shortens the distance by a smaller part than this is not worth a calibration image. */
const LEAST_GAIN = 0.01;

type Element =
  | { readonly kind: 'level'; readonly tensor: number; readonly level: number }
  | { readonly kind: 'range'; readonly tensor: number; readonly range: number; readonly share: number };

/** @returns the images in the order in which they were taken, best first; equal inputs give equal picks. */
export function pickImages(task: PickTask): Pick {
  const elements = elementsOf(task);
  const space = new MixtureSpace(task);
  const points = task.pool.map(({ shares }) => space.point(shares));
  const state: PickState = {
    elements,
    isOpen: new Uint8Array(elements.length).fill(1),
    covers: task.pool.map((_, image) => coveredBy(task, image, elements)),
    points,
    target: meanOf(points),
    atoms: task.references.map((shares) => space.point(shares)),
    left: new Set(points.keys()),
    picked: [],
  };
  const before = distanceOf(state);
  const after = cover(task, state, before);
  const needed = before > task.limit ? Math.min(task.least, task.pool.length) : 0;
  fillUp(task, state, needed);
  const { isOpen, picked } = state;
  const open = isOpen.reduce((sum, one) => sum + one, 0);
  return {
    picked: picked.map(({ image, reasons }) => ({ file: task.pool[image]?.file ?? '', reasons })),
    elements: { all: elements.length, covered: elements.length - open },
    distance: { before, after },
    isComplete: open === 0 && after <= task.limit && picked.length >= needed,
  };
}

interface PickState {
  readonly elements: readonly Element[];
  /** 1 for an element that no taken image covers. */
  readonly isOpen: Uint8Array;
  /** The elements that each image covers, by their places. */
  readonly covers: readonly Int32Array[];
  readonly points: readonly Float64Array[];
  /** The mean of the pool. */
  readonly target: Float64Array;
  /** What mixtures are made of: groups of the calibration set, then images. */
  readonly atoms: Float64Array[];
  /** Images that were not taken. */
  readonly left: Set<number>;
  readonly picked: { readonly image: number; readonly reasons: readonly PickReason[] }[];
}

function distanceOf({ atoms, target }: PickState): number {
  return Math.sqrt(squared(bestMixture(atoms, target).point, target));
}

/** Takes images until every element is covered and the distance is within the limit. @returns the distance */
function cover(task: PickTask, state: PickState, before: number): number {
  const { elements, isOpen, covers, points, target, atoms, left, picked } = state;
  const openOf = (image: number): readonly number[] => [...(covers[image] ?? [])].filter((at) => isOpen[at] === 1);
  let distance = before;
  while (picked.length < task.most) {
    const mixture = distance > task.limit ? bestMixture(atoms, target).point : null;
    let best: { readonly image: number; readonly score: number } | null = null;
    for (const image of left) {
      const point = points[image];
      const nears = mixture === null || point === undefined ? 0 : reductionBy(point, mixture, target) / before ** 2;
      const score = openOf(image).length / Math.max(1, elements.length) + (nears > LEAST_GAIN ? nears : 0);
      if (score > 0 && (best === null || score > best.score)) best = { image, score };
    }
    if (best === null) break;
    const { image } = best;
    const point = points[image];
    const covered = openOf(image);
    const earlier = distance;
    left.delete(image);
    for (const at of covered) isOpen[at] = 0;
    if (mixture !== null && point !== undefined) {
      atoms.push(point);
      distance = Math.min(earlier, distanceOf(state));
    }
    const found = covered.flatMap((at) => elements[at] ?? []);
    picked.push({ image, reasons: reasonsOf(task, image, found, [earlier, distance]) });
  }
  return distance;
}

/** Takes images until `needed` are taken, so that their mean is like the part of the pool that lacks. */
function fillUp({ most, references }: PickTask, state: PickState, needed: number): void {
  const { points, atoms, target, left, picked } = state;
  const lacking = remainderOf(atoms.slice(0, references.length), bestMixture(atoms, target), target);
  const sum = new Float64Array(target.length);
  for (const { image } of picked) addTo(sum, points[image]);
  while (picked.length < Math.min(most, needed) && left.size > 0) {
    let best: { readonly image: number; readonly far: number } | null = null;
    for (const image of left) {
      const point = points[image];
      if (point === undefined) continue;
      let far = 0;
      for (let i = 0; i < sum.length; i += 1) {
        const mean = ((sum[i] ?? 0) + (point[i] ?? 0)) / (picked.length + 1);
        far += (mean - (lacking[i] ?? 0)) ** 2;
      }
      if (best === null || far < best.far) best = { image, far };
    }
    if (best === null) break;
    left.delete(best.image);
    addTo(sum, points[best.image]);
    picked.push({ image: best.image, reasons: [{ code: 'share', needed }] });
  }
}

/** The part of the target that the first atoms do not give, as a distribution: (target - part) / (1 - its weight). */
function remainderOf(atoms: readonly Float64Array[], { weights }: Mixture, target: Float64Array): Float64Array {
  const known = atoms.reduce((sum, _, i) => sum + (weights[i] ?? 0), 0);
  if (1 - known < 0.01) return target;
  return target.map((value, i) => {
    const part = atoms.reduce((sum, atom, a) => sum + (weights[a] ?? 0) * (atom[i] ?? 0), 0);
    return (value - part) / (1 - known);
  });
}

function addTo(sum: Float64Array, point: Float64Array | undefined): void {
  for (let i = 0; i < sum.length; i += 1) sum[i] = (sum[i] ?? 0) + (point?.[i] ?? 0);
}

function meanOf(points: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(points[0]?.length ?? 0);
  for (const point of points) addTo(sum, point);
  return sum.map((value) => value / points.length);
}

function elementsOf({ tensors, references, pool }: PickTask): readonly Element[] {
  return tensors.flatMap(({ calibratedMaximum, edges }, tensor): Element[] => {
    const maxima = pool.map(({ maxima: own }) => levelOf(own[tensor] ?? Number.NaN, calibratedMaximum));
    const levels = Array.from({ length: Math.max(0, ...maxima) }, (_, i): Element => {
      return { kind: 'level', tensor, level: i + 1 };
    });
    const ranges = [...edges.keys()].slice(1).flatMap((range): Element[] => {
      const share =
        pool.reduce((sum, { shares }) => sum + shareIn(shares, tensor, range), 0) / Math.max(1, pool.length);
      const calibrated = Math.max(0, ...references.map((shares) => shareIn(shares, tensor, range)));
      return share >= MISSING_SHARE && share >= MISSING_RATIO * calibrated
        ? [{ kind: 'range', tensor, range, share }]
        : [];
    });
    return [...levels, ...ranges];
  });
}

/** How many levels |x| is beyond the calibrated maximum; 0 if it is not, or if either is unknown. */
function levelOf(maximum: number, calibrated: number): number {
  if (!(maximum > calibrated) || !(calibrated > 0)) return 0;
  return Math.floor(LEVELS_PER_OCTAVE * Math.log2(maximum / calibrated));
}

/** Share of the values between the edge before `range` and that of `range`. */
function shareIn(shares: Shares, tensor: number, range: number): number {
  const own = shares[tensor];
  return (own?.[range] ?? 0) - (own?.[range - 1] ?? 0);
}

function isCovered({ tensors, pool }: PickTask, image: number, element: Element): boolean {
  const own = pool[image];
  if (own === undefined) return false;
  const { tensor } = element;
  if (element.kind === 'range') return shareIn(own.shares, tensor, element.range) >= COVERING_PART * element.share;
  return levelOf(own.maxima[tensor] ?? Number.NaN, tensors[tensor]?.calibratedMaximum ?? 0) >= element.level;
}

function coveredBy(task: PickTask, image: number, elements: readonly Element[]): Int32Array {
  return Int32Array.from(elements.flatMap((element, at) => (isCovered(task, image, element) ? [at] : [])));
}

function reasonsOf(
  { tensors, pool }: PickTask,
  image: number,
  covered: readonly Element[],
  [before, after]: readonly [number, number],
): readonly PickReason[] {
  const levels = covered.filter((element) => element.kind === 'level');
  const raised = [...new Set(levels.map(({ tensor }) => tensor))];
  const ratioOf = (tensor: number): number =>
    (pool[image]?.maxima[tensor] ?? 0) / (tensors[tensor]?.calibratedMaximum ?? 1);
  const most = raised.reduce((best, tensor) => (ratioOf(tensor) > ratioOf(best) ? tensor : best), raised[0] ?? -1);
  const top = tensors[most];
  const ranges = covered.filter((element) => element.kind === 'range');
  const widest = ranges.reduce<(typeof ranges)[number] | null>(
    (best, range) => (best === null || range.share > best.share ? range : best),
    null,
  );
  const { edges, tensor = '' } = widest === null ? {} : (tensors[widest.tensor] ?? {});
  return [
    ...(top === undefined
      ? []
      : [
          {
            code: 'raises-maximum' as const,
            tensor: top.tensor,
            value: pool[image]?.maxima[most] ?? 0,
            calibrated: top.calibratedMaximum,
            tensors: raised.length,
          },
        ]),
    ...(widest === null || edges === undefined
      ? []
      : [
          {
            code: 'missing-values' as const,
            tensor,
            from: edges[widest.range - 1] ?? 0,
            to: edges[widest.range] ?? 0,
            ranges: ranges.length,
          },
        ]),
    ...(after < before ? [{ code: 'drift' as const, before, after }] : []),
  ];
}

/**
 * Distributions as points: the squared distance of two points is the mean over the tensors of the integral of the
 * squared difference, in units of the spread of single images.
 */
class MixtureSpace {
  private readonly scales: readonly Float64Array[];

  constructor({ tensors }: PickTask) {
    const usable = tensors.filter(({ spread }) => spread > 0).length;
    this.scales = tensors.map(({ edges, spread }) =>
      edges.map((edge, i) =>
        spread > 0 ? Math.sqrt(Math.max(0, (edges[i + 1] ?? edge) - edge) / spread / Math.max(1, usable)) : 0,
      ),
    );
  }

  point(shares: Shares): Float64Array {
    const size = this.scales.reduce((sum, { length }) => sum + length, 0);
    const point = new Float64Array(size);
    let at = 0;
    for (const [tensor, scales] of this.scales.entries()) {
      const own = shares[tensor];
      for (const [i, scale] of scales.entries()) point[at + i] = scale * (own?.[i] ?? 0);
      at += scales.length;
    }
    return point;
  }
}

/** By how much a step toward `point` shortens the squared distance of a mixture from the target at most. */
function reductionBy(point: Float64Array, mixture: Float64Array, target: Float64Array): number {
  const step = stepTo(point, mixture, target);
  return step === null ? 0 : step.weight * step.along;
}

/** The best step from a mixture toward a point; null if none comes nearer to the target. */
function stepTo(
  point: Float64Array,
  mixture: Float64Array,
  target: Float64Array,
): { readonly weight: number; readonly along: number } | null {
  let along = 0;
  let length = 0;
  for (let i = 0; i < point.length; i += 1) {
    const direction = (point[i] ?? 0) - (mixture[i] ?? 0);
    along += direction * ((target[i] ?? 0) - (mixture[i] ?? 0));
    length += direction * direction;
  }
  return along > 0 && length > 0 ? { weight: Math.min(1, along / length), along } : null;
}

interface Mixture {
  /** One per atom, at least 0, with the sum 1. */
  readonly weights: Float64Array;
  readonly point: Float64Array;
}

/** The mixture of atoms that is nearest to the target. */
function bestMixture(atoms: readonly Float64Array[], target: Float64Array): Mixture {
  const weights = new Float64Array(atoms.length);
  const distances = atoms.map((atom) => squared(atom, target));
  const nearest = distances.indexOf(Math.min(...distances));
  if (nearest < 0) return { weights, point: new Float64Array(target.length) };
  weights[nearest] = 1;
  const point = Float64Array.from(atoms[nearest] ?? []);
  for (let step = 0; step < MIXTURE_STEPS; step += 1) {
    let found: { readonly at: number; readonly weight: number; readonly along: number } | null = null;
    for (const [at, atom] of atoms.entries()) {
      const own = stepTo(atom, point, target);
      if (own !== null && own.along > (found?.along ?? 0)) found = { at, ...own };
    }
    if (found === null || found.weight < 1e-4) break;
    const { at, weight } = found;
    for (let i = 0; i < point.length; i += 1)
      point[i] = (point[i] ?? 0) + weight * ((atoms[at]?.[i] ?? 0) - (point[i] ?? 0));
    for (let i = 0; i < weights.length; i += 1) weights[i] = (weights[i] ?? 0) * (1 - weight) + (i === at ? weight : 0);
  }
  return { weights, point };
}

function squared(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return sum;
}

/** One English sentence about why an image was taken. */
export function pickSentence(reasons: readonly PickReason[]): string {
  return reasons.map(reasonText).join('; ');
}

function reasonText(reason: PickReason): string {
  switch (reason.code) {
    case 'raises-maximum': {
      const others = reason.tensors - 1;
      const more = others === 0 ? '' : `, and larger values in ${formatCountOf(others, 'other tensor')}`;
      return (
        `|x| up to ${formatReal(reason.value)} in ${reason.tensor} (calibrated: ` +
        `${formatReal(reason.calibrated)})${more}`
      );
    }
    case 'missing-values': {
      const others = reason.ranges - 1;
      const more = others === 0 ? '' : `, and ${formatCount(others)} other such ranges`;
      return (
        `values of ${reason.tensor} from ${formatReal(reason.from)} to ${formatReal(reason.to)}, which the ` +
        `calibration set hardly has${more}`
      );
    }
    case 'share':
      return `like the images that lack; with ${formatCount(reason.needed)} of them, thresholds see them`;
    case 'drift':
      return `distance of the pool ${formatFixed(reason.before, 2)} -> ${formatFixed(reason.after, 2)}`;
  }
}
