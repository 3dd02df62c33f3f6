import type { Decoder } from '../../../src-shared/domain/tasks/decoder';
import type { Matrix } from '../decoders/matrix';
import { share, valueAt } from './facts';

export interface GuessedScores {
  readonly activation: Decoder['activation'];
  readonly background: Decoder['background'];
}

const MAX_ROWS = 2000;
/** Rounding errors of a function whose values lie between 0 and 1. */
const SLACK = 1e-3;

/** The scores of rows that are spread over all images. */
export function scoreRows(tables: readonly Matrix[], first: number, count?: number): readonly (readonly number[])[] {
  return tables.flatMap((table) => {
    const step = Math.max(1, Math.ceil(table.rows / MAX_ROWS));
    const columns = count ?? table.columns - first;
    const rows: number[][] = [];
    for (let row = 0; row < table.rows; row += step)
      rows.push(Array.from({ length: columns }, (_, i) => valueAt(table, row, first + i)));
    return rows;
  });
}

export function isProbability(value: number): boolean {
  return value >= -SLACK && value <= 1 + SLACK;
}

/**
 * Guesses which function has to be applied to scores: none if all values lie between 0 and 1. A first or last class
 * that wins in most rows stands for "no object", because most boxes of an image hold no object.
 * @param mayHaveBackground false for layouts in which no score stands for "no object".
 */
export function guessScores(rows: readonly (readonly number[])[], mayHaveBackground: boolean): GuessedScores {
  const isApplied = rows.every((row) => row.every((value) => isProbability(value) || Number.isNaN(value)));
  const background = mayHaveBackground ? guessBackground(rows) : undefined;
  if (!isApplied)
    return background === undefined ? { activation: 'sigmoid', background } : { activation: 'softmax', background };
  // After a softmax the scores of a row add up to 1; scores by themselves have no background.
  const isSoftmax = share(rows, (row) => Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 0.02) > 0.95;
  return { activation: 'none', background: isSoftmax ? background : undefined };
}

function guessBackground(rows: readonly (readonly number[])[]): Decoder['background'] {
  const count = rows[0]?.length ?? 0;
  if (count < 2) return undefined;
  const wins = (column: number): number =>
    share(rows, (row) => row.every((value, i) => i === column || value <= (row[column] ?? Number.NaN)));
  if (wins(0) > 0.6) return 'first';
  return wins(count - 1) > 0.6 ? 'last' : undefined;
}
