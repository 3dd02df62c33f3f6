import type { AutoChoice, AutoObjective, AutoResult } from '../../../src-shared/domain/analysis/analysis';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { ProjectFile } from '../../../src-shared/domain/project/project';

/** One row of the comparison: a method for all tensors, or the choice per tensor. */
export interface ObjectiveRow extends AutoObjective {
  readonly method: Method;
  /** What auto uses: the choice per tensor, or the best single method. */
  readonly isUsed: boolean;
  /** Share of the largest error, 0..1, for bars. */
  readonly chosenShare: number;
  readonly confirmedShare: number;
}

/** Every single method and the choice per tensor (as `auto`), the smallest error on unseen images first. */
export function objectiveRows({ singles, descent, verdict, bestSingle }: AutoResult): readonly ObjectiveRow[] {
  const all = [...singles, { ...descent, method: 'auto' as const }];
  const most = all.reduce((high, { chosen, confirmed }) => Math.max(high, chosen, confirmed), 0);
  const share = (value: number): number => (most > 0 ? value / most : 0);
  const used = verdict === 'descent' ? 'auto' : bestSingle;
  return all
    .map((row) => ({
      ...row,
      isUsed: row.method === used,
      chosenShare: share(row.chosen),
      confirmedShare: share(row.confirmed),
    }))
    .sort((a, b) => a.confirmed - b.confirmed);
}

/** The choices that are not those of the best single method. */
export function differingChoices({
  choices,
  bestSingle,
}: Pick<AutoResult, 'choices' | 'bestSingle'>): readonly AutoChoice[] {
  return choices.filter(({ method }) => method !== bestSingle);
}

/** Every tensor follows auto already. */
export function isAutoEverywhere(file: Pick<ProjectFile, 'method' | 'tensorMethods'>): boolean {
  return file.method === 'auto' && Object.keys(file.tensorMethods).length === 0;
}
