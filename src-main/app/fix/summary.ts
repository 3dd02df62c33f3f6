import { formatCountOf, formatFixed } from '../../../src-shared/base/units';
import type { FixAdvice, FixPlan, FixResult } from '../../../src-shared/domain/analysis/fix';
import { formatSpeed, speedAgainst } from '../../../src-shared/domain/runs/speed';
import { accuracyText, planText } from './stage-text';

/** What is known when the stages have ended. */
export type Ended = Omit<FixResult, 'chosen' | 'nearest' | 'reason' | 'notes' | 'advice'>;

export interface Conclusion {
  readonly isFinished: boolean;
  readonly advice?: readonly FixAdvice[];
  /** FP16 on the images that judge, if it was timed and is faster than the chosen plan. */
  readonly fp16?: Pick<FixPlan, 'drop' | 'met'>;
}

/** The result with the plan to take, or the nearest one, and why. */
export function concluded(ended: Ended, { isFinished, advice = [], fp16 }: Conclusion): FixResult {
  const chosen = chosenPlan(ended.plans);
  const nearest = chosen === null ? nearestPlan(ended.plans) : null;
  const plan = ended.plans[chosen ?? nearest ?? -1];
  return {
    ...ended,
    isFinished,
    chosen,
    nearest,
    reason: reasonOf(ended, plan, isFinished),
    notes:
      plan === undefined
        ? []
        : [...referenceNotes(plan, ended), ...latencyNotes(plan, ended, fp16), ...chanceNotes(plan, ended)],
    advice,
  };
}

/**
 * Among the plans that meet the gates: the fastest one by measured latencies, else the one with the fewest layers in
 * FP16, then the one with the fewest repairs, then the one that loses least.
 */
export function chosenPlan(plans: readonly FixPlan[]): number | null {
  const met = [...plans.keys()].filter((i) => plans[i]?.met === true);
  const isTimed = met.length > 0 && met.every((i) => plans[i]?.latencyKind === 'measured');
  const costOf = (i: number): number => (isTimed ? plans[i]?.latencyMs : plans[i]?.fp16Layers.length) ?? 0;
  return smallest(met, (i) => [costOf(i), plans[i]?.repairs.length ?? 0, lossOf(plans[i])]);
}

/** The plan that exceeds its limits least, in points. */
function nearestPlan(plans: readonly FixPlan[]): number | null {
  const relearned = plans.findIndex(({ stage }) => stage === 'release-learned');
  // What was learned before was replaced.
  const isReplaced = (i: number): boolean => i < relearned && plans[i]?.decisions.method === 'learned';
  const usable = [...plans.keys()].filter((i) => !isReplaced(i));
  return smallest(usable, (i) => [excessOf(plans[i]), lossOf(plans[i])]);
}

function excessOf(plan: FixPlan | undefined): number {
  const excesses = (plan?.gates ?? []).flatMap(({ value, limit, name }) =>
    value === null || limit === null ? [] : [name.startsWith('min') ? limit - value : value - limit],
  );
  return excesses.length === 0 ? (plan?.error ?? Number.POSITIVE_INFINITY) : Math.max(0, ...excesses);
}

function lossOf(plan: FixPlan | undefined): number {
  return plan?.drop ?? plan?.error ?? Number.POSITIVE_INFINITY;
}

/** The first item with the smallest key; the first numbers of keys decide before later ones. */
function smallest(list: readonly number[], keyOf: (i: number) => readonly number[]): number | null {
  return list.reduce<number | null>(
    (found, i) => (found === null || isBefore(keyOf(i), keyOf(found)) ? i : found),
    null,
  );
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

/** What an image that judges is, and what several are. */
const IMAGES: Readonly<Record<FixResult['judgedOn'], readonly [one: string, several: string]>> = {
  validation: ['validation image', 'validation images'],
  against: ['image from the field', 'images from the field'],
  calibration: ['calibration image that did not choose', 'calibration images that did not choose'],
};

function reasonOf(ended: Ended, plan: FixPlan | undefined, isFinished: boolean): string {
  if (plan === undefined) return 'No plan was judged.';
  const on = `on ${formatCountOf(ended.images, ...IMAGES[ended.judgedOn])}`;
  const judged = `${formatCountOf(ended.plans.length, 'plan')} judged`;
  if (plan.met) return `The gates are met by ${planText(plan)}: ${accuracyText(plan)} ${on}; ${judged}.`;
  const skipped = ended.stages.filter(({ outcome, note }) => outcome === 'skipped' && note.includes('minutes'));
  const time = skipped.length === 0 ? '' : ` ${formatCountOf(skipped.length, 'stage')} did not fit into the time.`;
  const left = isFinished ? 'No plan meets the gates' : 'The gates are not met yet';
  return `${left}; the nearest is ${planText(plan)}: ${accuracyText(plan)} ${on}; ${judged}.${time}`;
}

/** A least value that FP32 does not reach either: no repair of the quantization is meant to exceed FP32. */
function referenceNotes({ gates, met }: FixPlan, { fp32 }: Ended): string[] {
  const { measure } = fp32;
  const missed = gates.find((gate) => /^min(Measure|Top1)$/.test(gate.name) && !gate.met);
  const limit = missed?.limit ?? null;
  if (met || limit === null || measure === undefined || measure.value >= limit) return [];
  return [
    `FP32 itself does not meet ${missed?.name}: ${measure.name} ${formatFixed(measure.value, 2)}, the limit is ` +
      `${formatFixed(limit, 2)}. Lower the limit, or train the model further.`,
  ];
}

/** FP32 or FP16 that is faster than the plan, and safer. */
function latencyNotes(plan: FixPlan, { references }: Ended, fp16: Conclusion['fp16']): string[] {
  const { latencyMs, latencyKind } = plan;
  if (latencyMs === undefined || latencyKind !== 'measured') return [];
  return references.flatMap((reference): readonly string[] => {
    const speed = speedAgainst({ latencyMs, latencyKind }, reference);
    if (speed?.kind !== 'slower') return [];
    const name = reference.variant.toUpperCase();
    if (reference.variant === 'fp32')
      return [`${name} is faster and loses nothing (this plan is ${formatSpeed(speed)}): ship FP32.`];
    const isSafer = fp16 !== undefined && fp16.met && (fp16.drop ?? 0) <= (plan.drop ?? 0);
    return [
      isSafer
        ? `${name} is both faster and safer (this plan is ${formatSpeed(speed)}): ship FP16.`
        : `${name} is faster (this plan is ${formatSpeed(speed)}): compare before you ship.`,
    ];
  });
}

/** How far chance reaches: the interval of the difference, and the number of plans that were judged on these images. */
function chanceNotes({ difference, measure, met }: FixPlan, { plans }: Ended): string[] {
  if (difference === undefined || measure === undefined) return [];
  const [low, high] = difference.interval95;
  const points = (value: number): string => formatFixed(value, 2);
  return [
    `Difference from FP32 in ${measure.name}: ${points(difference.value)} (95 % interval over the choice of images: ` +
      `${points(low)} to ${points(high)}).` +
      (met && plans.length > 1
        ? ` It is the best of ${plans.length} plans that were judged on these images, so that a part of it may be luck.`
        : ''),
  ];
}
