import { formatCountOf, formatDb, formatPercent, formatSignificant } from '../../src-shared/base/units';
import type { PartialResult, PartialSearch, PartialSensitivity } from '../../src-shared/domain/analysis/partial';
import { formatMeasure } from '../../src-shared/domain/tasks/measure-text';

/** Returns a function that turns what a job has found so far into lines; each line is returned once. */
export function createPartialLines(): (partial: PartialResult | undefined) => string[] {
  const known = new Set<string>();
  return (partial) => {
    const fresh = partial === undefined ? [] : linesOf(partial).filter((line) => !known.has(line));
    for (const line of fresh) known.add(line);
    return fresh;
  };
}

function linesOf(partial: PartialResult): string[] {
  switch (partial.kind) {
    case 'sensitivity':
      return partial.layers.map(({ layer, score }) => `  ${layer}: ${scoreText(partial.question, score)}`);
    case 'auto':
      return partial.changes.map(
        ({ tensor, method, error }) => `  ${tensor}: ${method}, error ${formatSignificant(error)}`,
      );
    case 'search':
      return partial.plans.map(planText);
  }
}

function scoreText(question: PartialSensitivity['question'], score: number): string {
  switch (question) {
    case 'release':
      return `${score > 0 ? '+' : ''}${formatDb(score)} in floating point`;
    case 'cause':
      return `${formatDb(-score)} if it alone is INT8`;
    case 'visible':
      return `${formatDb(-score)} at its output`;
  }
}

function planText({ released, quality, meetsLimit }: PartialSearch['plans'][number]): string {
  const { measure, agreement, nmse } = quality;
  const judged = measure
    ? formatMeasure(measure.name, measure.value)
    : agreement !== null
      ? `agreement ${formatPercent(agreement)}`
      : `error ${formatSignificant(nmse)}`;
  const verdict = meetsLimit ? 'within the limits' : 'beyond the limits';
  return `  ${formatCountOf(released, 'layer')} in FP16: ${judged}, ${verdict}`;
}
