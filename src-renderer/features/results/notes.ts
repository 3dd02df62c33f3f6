import { formatFraction, formatProbability } from '../../../src-shared/base/units';
import { isUnstable } from '../../../src-shared/domain/runs/latency';
import type { RunRecord, ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { isDifferenceClear } from '../../../src-shared/domain/runs/run-table';
import { formatMeasureDifference } from '../../../src-shared/domain/tasks/measure-text';
import { t } from '../../i18n';

/** A sentence below the table, as a message key with its parameters. */
export interface Note {
  readonly key: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly tone: 'plain' | 'caution';
}

/** Notes on how the numbers of a run may be interpreted. */
export function statisticsNotes(record: RunRecord): readonly Note[] {
  return [...validationNotes(record), ...differenceNotes(record), ...latencyNotes(record)];
}

function validationNotes({ validation }: RunRecord): readonly Note[] {
  if (validation === null) return [{ key: 'results.stat.noValidation', params: {}, tone: 'plain' }];
  const isFew = validation.variants.some((report) => report.difference?.fewImages === true);
  return [
    ...unlabelledNotes(validation),
    ...(isFew ? [{ key: 'results.stat.fewImages', params: { n: validation.images }, tone: 'caution' } as const] : []),
  ];
}

/** What stands in the place of the accuracy, if there is none. */
function unlabelledNotes({ labelled, classCount, task, variants, noMeasure }: ValidationRecord): readonly Note[] {
  if (labelled || noMeasure !== undefined) return [];
  const measure = variants.find((report) => report.againstFp32)?.measure;
  if ((task?.kind ?? 'classification') !== 'classification')
    return measure === undefined
      ? []
      : [{ key: 'results.stat.againstFp32', params: { measure: measure.name }, tone: 'plain' }];
  return [{ key: classCount === 0 ? 'results.stat.noClasses' : 'results.stat.unlabelled', params: {}, tone: 'plain' }];
}

/** Why the variants have no measure. It belongs above the table, which otherwise shows errors of outputs only. */
export function measureNote({ validation }: Pick<RunRecord, 'validation'>): Note | null {
  if (validation?.noMeasure === undefined) return null;
  return { key: `results.stat.noMeasure.${validation.noMeasure.code}`, params: {}, tone: 'caution' };
}

/** Notes on the shipped variants only; the table has the differences of all variants. */
function differenceNotes(record: RunRecord): readonly Note[] {
  return record.table.flatMap((row): readonly Note[] => {
    const { difference, measure, comparedToFp32 } = row;
    if (difference === undefined || measure === undefined || !record.shipped.includes(row.variant)) return [];
    const show = (value: number): string => formatMeasureDifference(measure.name, value);
    const [low, high] = difference.interval95;
    const params = {
      variant: row.variant,
      measure: measure.name,
      difference: show(difference.value),
      test:
        comparedToFp32 === undefined
          ? t('results.stat.interval', { low: show(low), high: show(high) })
          : t('results.stat.mcnemar', { p: probabilityText(comparedToFp32.mcnemarP) }),
    };
    if (!isDifferenceClear(row)) return [{ key: 'results.stat.unclear', params, tone: 'plain' }];
    const isWorse = measure.higherIsBetter ? difference.value < 0 : difference.value > 0;
    return [{ key: 'results.stat.clear', params, tone: isWorse ? 'caution' : 'plain' }];
  });
}

/** The probability with its relation, such as `= 0.125` or `< 0.0001`. */
function probabilityText(probability: number): string {
  const text = formatProbability(probability);
  return text.startsWith('<') ? text : `= ${text}`;
}

function latencyNotes({ benchmark }: RunRecord): readonly Note[] {
  const unsteady = (benchmark?.variants ?? []).filter(isUnstable);
  if (unsteady.length === 0) return [];
  const most = formatFraction(Math.max(...unsteady.map((entry) => entry.coefficientOfVariation)));
  return [
    {
      key: 'results.stat.unsteady',
      params: { variants: [...new Set(unsteady.map((entry) => entry.variant))].join(', '), most },
      tone: 'caution',
    },
  ];
}
