import { formatFixed } from '../../../src-shared/base/units';
import type { VariantReport } from '../../../src-shared/domain/runs/accuracy';
import type { DistinctRow } from '../../../src-shared/domain/runs/run-table';
import { t } from '../../i18n';
import { VariantBadge } from '../../widgets/badge';
import { classNames } from '../../widgets/class-names';
import { scoreColumns } from './class-table';
import shared from './results.module.css';

interface ScoresPanelProps {
  readonly reports: readonly DistinctRow<VariantReport>[];
  readonly chosen: string;
}

/** The scores of a task besides its measure, one row per variant: by overlap and size of objects, Dice, retrieval. */
export function ScoresPanel({ reports, chosen }: ScoresPanelProps) {
  const rows = reports.map(({ row }) => row);
  const columns = scoreColumns(rows);
  if (columns.length < 2) return null;
  const reference = rows.find(({ variant }) => variant === 'fp32');
  const convention = rows.find((row) => row.convention !== undefined)?.convention;
  return (
    <section className={shared.panel} aria-labelledby="results-scores">
      <div className={shared.panelHead}>
        <h3 id="results-scores">{t('scores.title')}</h3>
        <span className="dim">
          {convention === undefined ? t('scores.unit') : t(`scores.convention.${convention}`)}
        </span>
      </div>
      <div className={shared.scroll} tabIndex={0} role="region" aria-label={t('scores.title')}>
        <table className={shared.table}>
          <thead>
            <tr>
              <th scope="col">{t('results.column.variant')}</th>
              {columns.map(({ id }) => (
                <th key={id} scope="col" className="number" title={t(`scores.${id}.hint`)}>
                  {t(`scores.${id}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {reports.map(({ row, kind, names }) => (
              <tr key={row.variant} className={classNames(row.variant === chosen && shared.rowChosen)}>
                <th scope="row">
                  <VariantBadge variant={kind} /> {names.join(' = ')}
                </th>
                {columns.map(({ id, value }) => (
                  <Score
                    key={id}
                    value={value(row)}
                    reference={row === reference || reference === undefined ? null : value(reference)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** A score in points, and below it the difference to FP32. */
function Score({ value, reference }: { readonly value: number | null; readonly reference: number | null }) {
  if (value === null) return <td className="number dim">–</td>;
  const difference = reference === null ? null : value - reference;
  return (
    <td className="number">
      {formatFixed(value, 2)}
      {difference === null ? null : (
        <span className={classNames(shared.detail, difference < -0.005 && shared.worseText)}>
          {`${difference > 0.005 ? '+' : ''}${formatFixed(difference, 2)}`}
        </span>
      )}
    </td>
  );
}
