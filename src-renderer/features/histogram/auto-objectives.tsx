import { formatSignificant } from '../../../src-shared/base/units';
import type { AutoResult } from '../../../src-shared/domain/analysis/analysis';
import { t } from '../../i18n';
import { MethodBadge, Tag } from '../../widgets/badge';
import { methodColor } from '../../widgets/marks';
import { objectiveRows } from './auto-choices';

/** The error at the outputs with every single method and with the choice per tensor, on chosen and on unseen images. */
export function AutoObjectives({ result }: { readonly result: AutoResult }) {
  const { chosen, confirmed } = result.images;
  return (
    <table className="histogram-objectives">
      <caption>
        {t(result.groups.length === 0 ? 'histogram.auto.objective' : 'histogram.auto.objective.groups')}
      </caption>
      <thead>
        <tr>
          <th scope="col">{t('histogram.costs.method')}</th>
          <th scope="col">{t('histogram.auto.onChosen', { images: chosen })}</th>
          <th scope="col">{t('histogram.auto.onUnseen', { images: confirmed })}</th>
        </tr>
      </thead>
      <tbody>
        {objectiveRows(result).map((row) => (
          <tr key={row.method}>
            <th scope="row">
              <MethodBadge method={row.method} title={t(`histogram.method.${row.method}`)} />{' '}
              {t(row.method === 'auto' ? 'histogram.auto.perTensor' : `histogram.method.${row.method}`)}
              {row.isUsed ? <Tag tone="good">{t('histogram.auto.isUsed')}</Tag> : null}
            </th>
            <Bar share={row.chosenShare} value={row.chosen} color={methodColor(row.method)} />
            <Bar share={row.confirmedShare} value={row.confirmed} color={methodColor(row.method)} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Bar({ share, value, color }: { readonly share: number; readonly value: number; readonly color: string }) {
  return (
    <td title={String(value)}>
      <span className="histogram-objective">
        <span className="histogram-objective-track" aria-hidden="true">
          <span style={{ width: `${share * 100}%`, background: color }} />
        </span>
        <span className="number">{formatSignificant(value)}</span>
      </span>
    </td>
  );
}
