import { formatDb } from '../../../src-shared/base/units';
import type { ModelView, ThresholdRow, ThresholdTable } from '../../../src-shared/contract/views';
import { COSTLY_DB, POOR_TENSOR_DB } from '../../../src-shared/domain/analysis/best-method';
import { t } from '../../i18n';

/** Tensors that a warning names. */
const NAMED = 3;

/** What is to be said of the thresholds in use: what they lose at the outputs, and tensors that they leave too little of. */
export function methodWarnings(table: ThresholdTable, model: ModelView | null): string[] {
  const rows = quantizedRows(table, model);
  return [...costlyText(table, rows), ...poorText(rows)];
}

/** Rows of tensors that some INT8 layer reads; all of them while the model is not known. */
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
  // A threshold that is not the better method's is what the loss comes from; the lowest SQNR hurts most.
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
