import { formatCountOf, formatDb, formatSignificant } from '../../src-shared/base/units';
import type { SmoothingResult } from '../../src-shared/domain/analysis/smoothing';
import type { CommandContext } from './command';

/**
 * Switches smoothing on with the factors of the last search, or of a new one if a setting has changed since. If no
 * factors bring the outputs nearer to FP32, smoothing is off.
 * @returns one line about it
 */
export async function switchSmoothingOn(
  projectPath: string,
  { api, runJob }: Pick<CommandContext, 'api' | 'runJob'>,
): Promise<string> {
  const { smoothing } = await api.getAnalyses({ projectPath });
  const result = smoothing?.isCurrent === true ? smoothing.result : await runJob({ kind: 'smooth', projectPath });
  const key = result.choice?.key ?? null;
  await api.editProject({ projectPath, edits: [{ kind: 'smoothing', key }] });
  return smoothingText(result);
}

/** What a search found, in one sentence. */
export function smoothingText(result: SmoothingResult): string {
  const { choice, candidates, without, groups, images, notSmoothed } = result;
  if (groups === 0) {
    const [most] = notSmoothed;
    return `Smoothing finds no channels to scale${most === undefined ? '' : `: ${most.reason}`}; it stays off`;
  }
  const best = candidates.find(({ alpha }) => alpha === choice?.alpha);
  const seen = `${formatCountOf(images.confirmed, 'image')} that did not choose`;
  if (best?.confirmed === undefined || without.confirmed === undefined)
    return `Smoothing brings the outputs no nearer to FP32 on ${seen}; it stays off`;
  return (
    `Smoothing of ${formatCountOf(groups, 'normalization or layer', 'normalizations and layers')}, alpha ` +
    `${best.alpha}: ${changeText(result, without.confirmed, best.confirmed)} on ${seen}`
  );
}

function changeText({ comparesAnswers, comparesCandidates }: SmoothingResult, before: number, after: number): string {
  const numbers = `${formatSignificant(before)} becomes ${formatSignificant(after)}`;
  if (comparesCandidates === true) return `the error of the candidates ${numbers}`;
  if (comparesAnswers === true) return `the part of the answers that differs from FP32 ${numbers}`;
  return `output SQNR ${dbOf(before)} becomes ${dbOf(after)}`;
}

function dbOf(error: number): string {
  return error > 0 ? formatDb(-10 * Math.log10(error)) : 'without limit';
}
