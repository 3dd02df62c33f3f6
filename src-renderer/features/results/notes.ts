import { formatFraction, formatPoints, formatProbability } from '../../../src-shared/base/units';
import { isUnstable } from '../../../src-shared/domain/runs/latency';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { isBeyondChance } from '../../../src-shared/domain/statistics';

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
  const isFew = validation.variants.some((report) => report.comparedToFp32?.fewImages === true);
  return [
    ...(validation.labelled
      ? []
      : [
          {
            key: validation.classCount === 0 ? 'results.stat.noClasses' : 'results.stat.unlabelled',
            params: {},
            tone: 'plain',
          } as const,
        ]),
    ...(isFew ? [{ key: 'results.stat.fewImages', params: { n: validation.images }, tone: 'caution' } as const] : []),
  ];
}

/** Notes on the shipped variants only; the table has the differences of all variants. */
function differenceNotes(record: RunRecord): readonly Note[] {
  return record.table.flatMap((row): readonly Note[] => {
    const compared = row.comparedToFp32;
    if (compared === undefined || !record.shipped.includes(row.variant)) return [];
    const params = {
      variant: row.variant,
      p: probabilityText(compared.mcnemarP),
      difference: formatPoints(compared.top1Difference),
    };
    if (!isBeyondChance(compared)) return [{ key: 'results.stat.unclear', params, tone: 'plain' }];
    return [{ key: 'results.stat.clear', params, tone: compared.top1Difference < 0 ? 'caution' : 'plain' }];
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
      params: { variants: unsteady.map((entry) => entry.variant).join(', '), most },
      tone: 'caution',
    },
  ];
}
