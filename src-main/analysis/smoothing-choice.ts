import { choiceError, type TrialQuality } from '../../src-shared/domain/analysis/analysis';
import type { SmoothingResult } from '../../src-shared/domain/analysis/smoothing';

/** The best candidate is calibrated on all images if its error is at most this multiple of that without smoothing. */
const PROMISING = 1.05;

/** Factors of smoothing, under a key. */
export interface SmoothingCandidate {
  readonly alpha: number;
  readonly key: string;
}

/** How the choice measures the model with factors; null: without. */
export interface SmoothingMeasurements {
  /** On the images that choose. @param isScreened with thresholds of few images */
  readonly onChosen: (key: string | null, isScreened: boolean) => Promise<TrialQuality>;
  /** On images that did not choose. */
  readonly onConfirmed: (key: string | null) => Promise<TrialQuality>;
}

export type SmoothingChoice = Pick<
  SmoothingResult,
  'without' | 'candidates' | 'choice' | 'comparesAnswers' | 'comparesCandidates'
>;

/**
 * The factors with the smallest error (choiceError), if they are better than none on images that did not choose them.
 *
 * @param confirm decides instead of these images
 */
export async function chooseSmoothing(
  found: readonly SmoothingCandidate[],
  { onChosen, onConfirmed }: SmoothingMeasurements,
  confirm?: (key: string) => Promise<boolean>,
): Promise<SmoothingChoice> {
  const quality = await onChosen(null, false);
  const without = choiceError(quality);
  const candidates: { alpha: number; key: string; chosen: number; confirmed?: number }[] = [];
  for (const { alpha, key } of found) candidates.push({ alpha, key, chosen: choiceError(await onChosen(key, true)) });
  const least = candidates.reduce<(typeof candidates)[number] | undefined>(
    (smallest, own) => (smallest === undefined || own.chosen < smallest.chosen ? own : smallest),
    undefined,
  );
  const best = least && least.chosen <= PROMISING * without ? least : undefined;
  const isMeasured = best !== undefined && confirm === undefined;
  const before = isMeasured ? choiceError(await onConfirmed(null)) : undefined;
  if (best) {
    best.chosen = choiceError(await onChosen(best.key, false));
    if (isMeasured) best.confirmed = choiceError(await onConfirmed(best.key));
  }
  const isNearer = best !== undefined && (best.confirmed ?? best.chosen) < (before ?? without);
  const isBetter = isNearer && (confirm === undefined || (await confirm(best.key)));
  return {
    without: { chosen: without, ...(before === undefined ? {} : { confirmed: before }) },
    candidates: candidates.map(({ alpha, chosen, confirmed }) => ({
      alpha,
      chosen,
      ...(confirmed === undefined ? {} : { confirmed }),
    })),
    ...(isBetter ? { choice: { alpha: best.alpha, key: best.key } } : {}),
    ...(quality.comparesAnswers ? { comparesAnswers: true } : {}),
    ...(quality.candidateNmse === undefined ? {} : { comparesCandidates: true }),
  };
}
