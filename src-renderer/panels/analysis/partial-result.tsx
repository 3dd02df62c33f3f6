import { formatDb, formatPercent, formatSignificant } from '../../../src-shared/base/units';
import type { PartialResult, PartialSearch, PartialSensitivity } from '../../../src-shared/domain/analysis/partial';
import { formatMeasure } from '../../../src-shared/domain/tasks/measure-text';
import { t } from '../../i18n';
import styles from './analysis.module.css';

/** What a running analysis has found so far, as a small table that scrolls. */
export function PartialTable({ partial }: { readonly partial: PartialResult }) {
  const rows = rowsOf(partial);
  if (rows.length === 0) return null;
  return (
    <div className={styles.partial} tabIndex={0} role="region" aria-label={t(`analysis.partial.${partial.kind}`)}>
      <table>
        <caption>{t(`analysis.partial.${partial.kind}`)}</caption>
        <tbody>
          {rows.map(({ name, value }, i) => (
            <tr key={`${i} ${name}`}>
              <th scope="row" className="ellipsis" title={name}>
                {name}
              </th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Row {
  readonly name: string;
  readonly value: string;
}

/** The rows; the latest or most important ones come first. */
export function rowsOf(partial: PartialResult): readonly Row[] {
  switch (partial.kind) {
    case 'sensitivity':
      return partial.layers.map(({ layer, score }) => ({ name: layer, value: scoreText(partial.question, score) }));
    case 'auto':
      return partial.changes
        .map(({ tensor, method, error }) => ({ name: tensor, value: `${method}, ${formatSignificant(error)}` }))
        .toReversed();
    case 'search':
      return partial.plans.map(planRow).toReversed();
  }
}

function scoreText(question: PartialSensitivity['question'], score: number): string {
  return question === 'release' ? `${score > 0 ? '+' : ''}${formatDb(score)}` : formatDb(-score);
}

function planRow({ released, quality, meetsLimit }: PartialSearch['plans'][number]): Row {
  const { measure, agreement, nmse } = quality;
  const judged = measure
    ? formatMeasure(measure.name, measure.value)
    : agreement !== null
      ? formatPercent(agreement)
      : formatSignificant(nmse);
  return {
    name: t('analysis.partial.plan', { layers: released }),
    value: `${judged} ${t(meetsLimit ? 'analysis.partial.within' : 'analysis.partial.beyond')}`,
  };
}
