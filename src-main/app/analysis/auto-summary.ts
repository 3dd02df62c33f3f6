import { formatCountOf, formatDb, formatFraction, formatSignificant } from '../../../src-shared/base/units';
import { ownValue } from '../../../src-shared/base/records';
import type { ThresholdCost, ThresholdRow, ThresholdTable } from '../../../src-shared/contract/views';
import type { AutoChoice } from '../../../src-shared/domain/analysis/analysis';
import type { Method } from '../../../src-shared/domain/project/methods';
import type { AutoOutcome } from '../../analysis/auto';

type Outcome = Pick<AutoOutcome, 'singles' | 'descent' | 'verdict' | 'bestSingle' | 'methods' | 'thresholds'> & {
  readonly images: { readonly chosen: number; readonly confirmed: number };
  readonly comparesAnswers?: boolean;
  readonly comparesCandidates?: boolean;
};

/** A smaller share of clipped values is not mentioned. */
const WORTH_MENTIONING = 1e-4;

/** One sentence that says what auto chose, and whether that is better than one method for all tensors. */
export function summarizeAuto(outcome: Outcome): string {
  const { singles, descent, verdict, bestSingle, methods, images } = outcome;
  const error = errorName(outcome);
  const single = singles.find(({ method }) => method === bestSingle);
  const own = formatSignificant(descent.confirmed);
  const other = formatSignificant(single?.confirmed ?? Number.NaN);
  const on = `on ${formatCountOf(images.confirmed, 'calibration image')} that the choice did not see`;
  if (verdict === 'descent') {
    const changed = Object.values(methods).filter((method) => method !== bestSingle).length;
    const tensors = formatCountOf(Object.keys(methods).length, 'tensor');
    return (
      `A threshold per tensor is better than one method for all: ${error} ${own} against ${other} ` +
      `with ${bestSingle} ${on}; ${changed} of ${tensors} differ from ${bestSingle}.`
    );
  }
  return (
    `Auto is ${bestSingle} for all tensors: choosing per tensor is no better ${on} ` +
    `(${error} ${own} against ${other}).`
  );
}

/** What the numbers of the comparison are. */
function errorName({ comparesAnswers, comparesCandidates }: Outcome): string {
  if (comparesCandidates) return 'error of the candidates';
  return comparesAnswers ? 'part of the answers that differs from FP32' : 'output error';
}

/**
 * The reason for the threshold of each tensor.
 * @param tensors in graph order.
 * @param table thresholds of all methods, with costs.
 */
export function explainChoices(outcome: Outcome, tensors: readonly string[], table: ThresholdTable): AutoChoice[] {
  const rows = new Map(table.tensors.map((row) => [row.name, row]));
  return tensors.flatMap((tensor) => {
    const row = rows.get(tensor);
    const method = ownValue(outcome.methods, tensor);
    return row && method !== undefined ? [explainChoice(tensor, method, row, outcome)] : [];
  });
}

function explainChoice(tensor: string, method: Method, row: ThresholdRow, outcome: Outcome): AutoChoice {
  const { bestSingle, verdict, thresholds } = outcome;
  const error = errorName(outcome);
  const threshold = ownValue(thresholds, tensor) ?? row.methods[method] ?? 0;
  const choice = { tensor, method, threshold };
  if (method === bestSingle) {
    const reason =
      verdict === 'single'
        ? `${bestSingle} for all tensors is the best there is`
        : `as ${bestSingle} for all tensors: no other method gives a smaller ${error}`;
    return { ...choice, code: 'same-as-single', reason };
  }
  return { ...choice, code: 'descent', reason: differenceReason([method, bestSingle], row, error) };
}

/** Compares the method of a tensor with the best single method, in the group in which they differ most. */
function differenceReason([method, single]: readonly [Method, Method], row: ThresholdRow, error: string): string {
  const ownThreshold = row.methods[method] ?? 0;
  const singleThreshold = row.methods[single] ?? 0;
  const wider = ownThreshold > singleThreshold;
  const costs = row.costs ?? [];
  const hurt = worstOf(costs, wider ? single : method, (cost) => cost.clippedFraction);
  const where = hurt === null || hurt.group === null ? 'of the values' : `of the ${hurt.group} group`;
  if (wider && hurt !== null && hurt.clippedFraction >= WORTH_MENTIONING) {
    const own = costs.find((cost) => cost.method === method && cost.group === hurt.group);
    const clipped = formatFraction(own?.clippedFraction ?? 0);
    return `${single} would clip ${formatFraction(hurt.clippedFraction)} ${where} here; ${method} clips ${clipped}`;
  }
  const before = sqnrOf(costs, single);
  const after = sqnrOf(costs, method);
  const change =
    before === undefined || after === undefined
      ? ''
      : `: SQNR here ${formatDb(before)} with ${single}, ${formatDb(after)} with ${method}`;
  const share =
    hurt !== null && !wider && hurt.clippedFraction >= WORTH_MENTIONING
      ? `, although it clips ${formatFraction(hurt.clippedFraction)} ${where}`
      : '';
  const steps = wider ? 'a wider range' : 'finer steps';
  return `${steps} than ${single}'s give a smaller ${error}${share}${change}`;
}

function worstOf(
  costs: readonly ThresholdCost[],
  method: Method,
  valueOf: (cost: ThresholdCost) => number,
): ThresholdCost | null {
  const own = costs.filter((cost) => cost.method === method);
  const groups = own.filter(({ group }) => group !== null);
  return (groups.length > 0 ? groups : own).reduce<ThresholdCost | null>(
    (worst, cost) => (worst !== null && valueOf(worst) >= valueOf(cost) ? worst : cost),
    null,
  );
}

function sqnrOf(costs: readonly ThresholdCost[], method: Method): number | undefined {
  return costs.find((cost) => cost.method === method && cost.group === null)?.sqnrDb;
}
