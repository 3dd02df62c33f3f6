import { formatDb, formatFraction, formatReal } from '../../base/units';
import type {
  ConvergencePoint,
  DuplicatePair,
  HealthCode,
  HealthFinding,
  HealthGroup,
  HealthImage,
  MaximumImage,
} from './health';
import type { HealthLimits } from './health-limits';
import { finding } from './health-sentences';
import type { TruthFacts } from '../project/image-set';
import type { Method } from '../project/methods';

/** The rules that derive findings about the calibration set from measurements. Pure functions. */

/** Largest number of images that are listed by name. */
const NAMED_IMAGES = 5;
const NAMED_PAIRS = 8;
const NAMED_TENSORS = 8;

/** An image that could not be decoded. */
export interface CorruptImage {
  readonly set: HealthImage['set'];
  readonly file: string;
  readonly reason: string;
}

export function corruptFindings(corrupt: readonly CorruptImage[]): HealthFinding[] {
  return (['calibration', 'validation'] as const).flatMap((set) => {
    const found = corrupt.filter((image) => image.set === set);
    const [first] = found;
    if (first === undefined) return [];
    return [
      finding({
        code: 'images-corrupt',
        severity: 'warning',
        facts: { count: found.length, set, reason: first.reason },
        file: first.file,
        value: found.length,
      }),
    ];
  });
}

/** Boxes of the validation labels that are probably mistakes. */
export function labelFindings(facts: TruthFacts | undefined): HealthFinding[] {
  if (facts === undefined) return [];
  const { empty, outside, duplicates } = facts;
  const count = empty + outside + duplicates;
  if (count === 0) return [];
  return [
    finding({ code: 'labels-odd', severity: 'info', facts: { count, empty, outside, duplicates }, value: count }),
  ];
}

export function duplicateFindings(pairs: readonly DuplicatePair[]): HealthFinding[] {
  const isShared = ({ first, second }: DuplicatePair): boolean => first.set !== second.set;
  const inCalibration = (pair: DuplicatePair): boolean =>
    pair.first.set === 'calibration' && pair.second.set === 'calibration';
  const kinds: readonly (readonly [HealthCode, HealthFinding['severity'], (pair: DuplicatePair) => boolean])[] = [
    ['images-shared', 'warning', (pair) => pair.kind === 'exact' && isShared(pair)],
    ['images-near-shared', 'warning', (pair) => pair.kind === 'near' && isShared(pair)],
    ['images-duplicate', 'warning', (pair) => pair.kind === 'exact' && inCalibration(pair)],
    ['images-near-duplicate', 'info', (pair) => pair.kind === 'near' && inCalibration(pair)],
  ];
  return kinds.flatMap(([code, severity, belongs]) => {
    const found = pairs.filter(belongs);
    const [first] = found;
    if (first === undefined) return [];
    const count = new Set(found.map(({ second }) => second.id)).size;
    return [
      finding({
        code,
        severity,
        facts: { count, first: first.first.id, second: first.second.id },
        file: first.second.id,
        value: count,
        images: found.slice(0, NAMED_PAIRS).flatMap((pair) => [pair.first, pair.second]),
      }),
    ];
  });
}

/** @param methodOf the method that determines a tensor's threshold: a maximum matters most if that method is minmax. */
export function maximumFindings(
  maxima: readonly MaximumImage[],
  methodOf: (tensor: string) => Method,
  limit: number,
): HealthFinding[] {
  return maxima.slice(0, NAMED_IMAGES).flatMap(({ id, tensors }) => {
    const [worst] = tensors;
    if (worst === undefined) return [];
    const isInUse = tensors.some(({ tensor }) => methodOf(tensor) === 'minmax');
    return [
      finding({
        code: 'image-sets-maximum',
        severity: isInUse ? 'warning' : 'info',
        facts: {
          file: id,
          tensors: tensors.length,
          tensor: worst.tensor,
          amax: formatReal(worst.amax),
          without: formatReal(worst.without),
        },
        file: id,
        value: worst.amax / worst.without,
        limit,
        tensors: tensors.slice(0, NAMED_TENSORS).map(({ tensor }) => tensor),
        images: [{ set: 'calibration', id }],
      }),
    ];
  });
}

export function sizeFindings(images: number, limits: HealthLimits): HealthFinding[] {
  if (images >= limits.images) return [];
  return [
    finding({
      code: 'few-images',
      severity: 'warning',
      facts: { count: images, limit: limits.images },
      value: images,
      limit: limits.images,
    }),
  ];
}

export function convergenceFindings(points: readonly ConvergencePoint[], limits: HealthLimits): HealthFinding[] {
  const whole = points.at(-1);
  if (whole === undefined) return [];
  const distance = ({ images }: ConvergencePoint): number => Math.abs(2 * images - whole.images);
  const half = points
    .slice(0, -1)
    .reduce<ConvergencePoint | null>(
      (best, point) => (best === null || distance(point) < distance(best) ? point : best),
      null,
    );
  if (half === null) return [];
  // All parts from half of the images on are checked, because half of them may fit by chance.
  const worst = points
    .filter(({ images }) => images >= half.images && images < whole.images)
    .reduce((most, point) => (point.worstLossDb > most.worstLossDb ? point : most), half);
  const isSteady = worst.worstLossDb <= limits.convergenceLossDb;
  const loss = formatDb(Math.max(worst.worstLossDb, isSteady ? 0.1 : 0));
  return [
    finding({
      code: isSteady ? 'thresholds-steady' : 'thresholds-unsteady',
      severity: isSteady ? 'info' : 'warning',
      facts: { images: whole.images, half: worst.images, tensor: worst.worstTensor ?? '', loss },
      value: worst.worstLossDb,
      limit: limits.convergenceLossDb,
      ...(worst.worstTensor === null ? {} : { tensors: [worst.worstTensor] }),
    }),
  ];
}

/** The effect of one tensor's threshold in use on one group of the calibration set. */
export interface GroupCost {
  readonly tensor: string;
  readonly method: Method;
  readonly group: string;
  /** Squared error over squared signal. */
  readonly noiseToSignal: number;
  readonly clippedFraction: number;
}

/** @param images number of images per group. */
export function healthGroups(
  costs: readonly GroupCost[],
  images: Readonly<Record<string, number>>,
): Readonly<Record<string, HealthGroup>> {
  const total = Object.values(images).reduce((sum, count) => sum + count, 0);
  return Object.fromEntries(
    Object.entries(images).map(([group, count]): [string, HealthGroup] => {
      const own = costs.filter((cost) => cost.group === group);
      const worst = own.reduce<GroupCost | null>(
        (most, cost) => (cost.clippedFraction > (most?.clippedFraction ?? 0) ? cost : most),
        null,
      );
      const noise = own.reduce((sum, cost) => sum + cost.noiseToSignal, 0) / Math.max(1, own.length);
      return [
        group,
        {
          images: count,
          share: total === 0 ? 0 : count / total,
          expectedSqnrDb: noise > 0 ? -10 * Math.log10(noise) : null,
          clippedFraction: worst?.clippedFraction ?? 0,
          clippedTensor: worst?.tensor ?? null,
        },
      ];
    }),
  );
}

export function groupFindings(
  groups: Readonly<Record<string, HealthGroup>>,
  costs: readonly GroupCost[],
  limits: HealthLimits,
): HealthFinding[] {
  const names = Object.keys(groups);
  const clipped = names.flatMap((group) => {
    const found = costs
      .filter((cost) => cost.group === group && cost.clippedFraction > limits.clippedFraction)
      .sort((a, b) => b.clippedFraction - a.clippedFraction);
    const [worst] = found;
    if (worst === undefined) return [];
    return [
      finding({
        code: 'group-clipped-by-method',
        // Values just above the threshold cost little, even if they are many.
        severity: found.some(({ noiseToSignal }) => noiseToSignal > limits.clippedNoise) ? 'error' : 'warning',
        facts: {
          method: worst.method,
          group,
          clipped: formatFraction(worst.clippedFraction),
          tensor: worst.tensor,
          tensors: found.length,
          limit: formatFraction(limits.clippedFraction),
        },
        group,
        value: worst.clippedFraction,
        limit: limits.clippedFraction,
        tensors: found.slice(0, NAMED_TENSORS).map(({ tensor }) => tensor),
      }),
    ];
  });
  if (names.length < 2) return clipped;
  return [...clipped, ...sqnrFindings(groups, limits), ...smallFindings(groups, limits)];
}

function sqnrFindings(groups: Readonly<Record<string, HealthGroup>>, limits: HealthLimits): HealthFinding[] {
  const known = Object.entries(groups).flatMap(([name, { expectedSqnrDb }]) =>
    expectedSqnrDb === null ? [] : [{ name, sqnrDb: expectedSqnrDb }],
  );
  const best = known.reduce<(typeof known)[number] | null>(
    (most, group) => (most === null || group.sqnrDb > most.sqnrDb ? group : most),
    null,
  );
  if (best === null) return [];
  return known
    .filter(({ sqnrDb }) => best.sqnrDb - sqnrDb > limits.groupSqnrGapDb)
    .map(({ name, sqnrDb }) =>
      finding({
        code: 'group-sqnr-low',
        severity: 'warning',
        facts: { group: name, value: formatDb(sqnrDb), gap: formatDb(best.sqnrDb - sqnrDb), best: best.name },
        group: name,
        value: best.sqnrDb - sqnrDb,
        limit: limits.groupSqnrGapDb,
      }),
    );
}

function smallFindings(groups: Readonly<Record<string, HealthGroup>>, limits: HealthLimits): HealthFinding[] {
  return Object.entries(groups)
    .filter(([, { share }]) => share < limits.groupShare)
    .map(([group, { share, images }]) =>
      finding({
        code: 'group-small',
        severity: 'warning',
        facts: { group, share: formatFraction(share), count: images },
        group,
        value: share,
        limit: limits.groupShare,
      }),
    );
}
