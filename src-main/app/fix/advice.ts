import { formatCount, formatCountOf, formatFixed } from '../../../src-shared/base/units';
import type { FixAdvice, FixPlan } from '../../../src-shared/domain/analysis/fix';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';

/** With fewer calibration images of a group, single images decide its thresholds. */
const IMAGES_A_GROUP = 64;
/** The number of layers that are named. */
const NAMED_LAYERS = 3;
/** Larger factors than this are no useful advice. */
const MOST_MORE_IMAGES = 20;

/** What the advice is drawn from. */
export interface AdviceFacts {
  /** The plan that came nearest to the gates. */
  readonly plan: FixPlan;
  /** Number of images that judged. */
  readonly images: number;
  readonly calibration: readonly Pick<ImageEntry, 'group'>[];
  /** Groups of the images that judged. */
  readonly groups: readonly string[];
  /** The error of the plan on some images, and what the release of another layer wins back of it. */
  readonly release: { readonly error: number; readonly ranking: readonly { layer: string; gain: number }[] } | null;
}

/** What to do when no plan meets the gates, with numbers. */
export function adviceFor(facts: AdviceFacts): FixAdvice[] {
  return [...groupAdvice(facts), ...layerAdvice(facts), ...imageAdvice(facts), TRAINING_ADVICE];
}

/** The group that loses too much, and groups with few or no calibration images. */
function groupAdvice({ plan, calibration, groups }: AdviceFacts): FixAdvice[] {
  const missed = plan.gates.find(({ met, group }) => !met && group !== undefined);
  const { group: lostGroup, value = null, limit = null } = missed ?? {};
  const count = (group: string): string => formatCount(countOf(calibration, group));
  const lost =
    lostGroup === undefined || value === null || limit === null
      ? []
      : [
          `Group ${lostGroup} loses ${formatFixed(value, 2)} points, the limit is ${formatFixed(limit, 2)}; it has ` +
            `${count(lostGroup)} of ${formatCountOf(calibration.length, 'calibration image')}.`,
        ];
  const hasGroups = calibration.some(({ group }) => group !== null);
  const few = groups.flatMap((group): string[] => {
    const missing = IMAGES_A_GROUP - countOf(calibration, group);
    if (!hasGroups || missing <= 0) return [];
    return [`Add about ${formatCount(missing)} calibration images of group ${group}, which has ${count(group)}.`];
  });
  return [...lost, ...few].map((sentence) => ({ kind: 'group', sentence }));
}

function countOf(calibration: AdviceFacts['calibration'], group: string): number {
  return calibration.filter((entry) => entry.group === group).length;
}

/** The layers that hold most of the remaining error. */
function layerAdvice({ release }: AdviceFacts): FixAdvice[] {
  if (release === null || !(release.error > 0)) return [];
  const named = release.ranking
    .filter(({ gain }) => gain > 0)
    .toSorted((a, b) => b.gain - a.gain)
    .slice(0, NAMED_LAYERS);
  if (named.length === 0) return [];
  const share = (gain: number): string => `${formatFixed((100 * gain) / release.error, 0)} %`;
  const list = named.map(({ layer, gain }) => `${layer} ${share(gain)}`).join(', ');
  return [
    {
      kind: 'layers',
      sentence: `The release of a single layer takes this part of the remaining output error back: ${list}.`,
    },
  ];
}

/** How many more images would tell whether the plan misses its limit, if chance may explain it. */
function imageAdvice({ plan, images }: AdviceFacts): FixAdvice[] {
  const missed = plan.gates.find(({ met, name, value }) => !met && value !== null && /^max(Top1)?Drop$/.test(name));
  const { difference } = plan;
  const { value = null, limit = null } = missed ?? {};
  if (value === null || limit === null || difference === undefined) return [];
  const [low, high] = difference.interval95;
  const excess = value - limit;
  const half = (high - low) / 2;
  if (!(half > excess) || !(excess > 0)) return [];
  const factor = (half / excess) ** 2;
  const exceeded = `The limit is exceeded by ${formatFixed(excess, 2)} points`;
  const chance = `chance (±${formatFixed(half, 2)})`;
  const sentence =
    factor > MOST_MORE_IMAGES
      ? `${exceeded}, which these ${formatCount(images)} images cannot tell from ${chance}.`
      : `${exceeded}, within ${chance}: about ${formatCount(Math.ceil((factor - 1) * images))} more validation ` +
        'images would tell.';
  return [{ kind: 'images', sentence }];
}

const TRAINING_ADVICE: FixAdvice = {
  kind: 'training',
  sentence: 'Train with quantization, beginning with the scales that were found.',
};
