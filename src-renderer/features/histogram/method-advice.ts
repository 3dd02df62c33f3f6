import { formatDb, formatSignificant } from '../../../src-shared/base/units';
import type { ModelView, ThresholdRow, ThresholdTable } from '../../../src-shared/contract/views';
import type { AutoChoice, AutoObjective, AutoResult } from '../../../src-shared/domain/analysis/analysis';
import { COSTLY_DB, POOR_TENSOR_DB } from '../../../src-shared/domain/analysis/best-method';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { hasMessage, type Language, t } from '../../i18n';

/** One row of the comparison: a method for all tensors, or the choice per tensor. */
export interface ObjectiveRow extends AutoObjective {
  readonly method: Method;
  /** True for the row that auto uses: the choice per tensor, or the best single method. */
  readonly isUsed: boolean;
  /** Error relative to the largest error, 0..1, for the bars. */
  readonly chosenShare: number;
  readonly confirmedShare: number;
}

/** Every single method and the choice per tensor (named `auto`), sorted by increasing error on unseen images. */
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

/** The choices that differ from the best single method. */
export function differingChoices({
  choices,
  bestSingle,
}: Pick<AutoResult, 'choices' | 'bestSingle'>): readonly AutoChoice[] {
  return choices.filter(({ method }) => method !== bestSingle);
}

/** True if every tensor already uses auto. */
export function isAutoEverywhere(file: Pick<ProjectFile, 'method' | 'tensorMethods'>): boolean {
  return file.method === 'auto' && Object.keys(file.tensorMethods).length === 0;
}

/**
 * What auto uses for this model and whether it is better than one method: in English the application's own sentence,
 * otherwise a sentence made of its numbers.
 */
export function autoSummary(result: AutoResult, language: Language): string {
  if (language === 'en') return result.summary;
  const single = result.singles.find(({ method }) => method === result.bestSingle);
  return t(`histogram.auto.verdict.${result.verdict}`, {
    kind: errorName(result),
    single: t(`histogram.method.${result.bestSingle}`),
    own: formatSignificant(result.descent.confirmed),
    error: single === undefined ? '–' : formatSignificant(single.confirmed),
    images: result.images.confirmed,
    differ: differingChoices(result).length,
    tensors: result.choices.length,
  });
}

/** What the numbers of a result are. */
export function errorName({
  comparesAnswers,
  comparesCandidates,
}: Pick<AutoResult, 'comparesAnswers' | 'comparesCandidates'>): string {
  if (comparesCandidates === true) return t('histogram.auto.error.candidates');
  return t(comparesAnswers === true ? 'histogram.auto.error.answers' : 'histogram.auto.error.output');
}

/** The reason for a tensor's threshold; in languages other than English it is found by the code of the reason. */
export function choiceReason(
  choice: AutoChoice,
  result: Pick<AutoResult, 'bestSingle' | 'comparesAnswers' | 'comparesCandidates'>,
  language: Language,
): string {
  const key = `histogram.auto.reason.${choice.code}`;
  return language === 'en' || !hasMessage(key)
    ? choice.reason
    : t(key, { single: t(`histogram.method.${result.bestSingle}`), kind: errorName(result) });
}

/** The largest number of tensors that a warning names. */
const NAMED = 3;

/** Warnings about the current thresholds: their loss at the outputs, and tensors that have too low an SQNR. */
export function methodWarnings(table: ThresholdTable, model: ModelView | null): string[] {
  const rows = quantizedRows(table, model);
  return [...costlyText(table, rows), ...poorText(rows)];
}

/** Rows of the tensors that at least one INT8 layer reads; all rows while the model is not loaded. */
export function quantizedRows({ tensors }: ThresholdTable, model: ModelView | null): readonly ThresholdRow[] {
  if (model === null) return tensors;
  const read = new Set(
    model.layers.filter(({ decision }) => decision.precision === 'int8').flatMap(({ inputs }) => inputs),
  );
  return tensors.filter(({ name }) => read.has(name));
}

function costlyText({ best, lostDb }: ThresholdTable, rows: readonly ThresholdRow[]): string[] {
  const method = best?.decision.singles[0]?.method;
  if (method === undefined || lostDb === undefined || (lostDb !== null && lostDb <= COSTLY_DB)) return [];
  const name = t(`histogram.method.${method}`);
  // Only thresholds that differ from the better method's can cause the loss; those with the lowest SQNR are named.
  const named = rows
    .filter((row) => row.threshold !== row.methods[method])
    .toSorted((a, b) => a.sqnrDb - b.sqnrDb)
    .slice(0, NAMED);
  const loss =
    lostDb === null
      ? t('histogram.best.warning.notFinite')
      : t('histogram.best.warning.costly', { db: formatDb(lostDb), method: name });
  return [named.length === 0 ? loss : `${loss} ${t('histogram.best.warning.tensors', { tensors: listOf(named) })}`];
}

function poorText(rows: readonly ThresholdRow[]): string[] {
  const poor = rows.filter(({ sqnrDb }) => sqnrDb < POOR_TENSOR_DB).toSorted((a, b) => a.sqnrDb - b.sqnrDb);
  if (poor.length === 0) return [];
  return [
    t('histogram.best.warning.poor', {
      n: poor.length,
      db: formatDb(POOR_TENSOR_DB),
      tensors: listOf(poor.slice(0, NAMED)),
    }),
  ];
}

function listOf(rows: readonly ThresholdRow[]): string {
  return rows.map(({ name, sqnrDb }) => `${name} (${formatDb(sqnrDb)})`).join(', ');
}
