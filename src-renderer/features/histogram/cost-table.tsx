import { useMemo } from 'react';
import { formatDb, formatFraction, formatReal } from '../../../src-shared/base/units';
import { groupProperty } from '../../../src-shared/domain/palette';
import { t } from '../../i18n';
import { MethodBadge } from '../../widgets/badge';
import { classNames } from '../../widgets/class-names';
import { methodCosts, type MethodCost, type GroupCost } from './method-costs';
import type { ThresholdSession } from './use-threshold-session';

/** Methods against groups: what each threshold costs day and night, before one is chosen. */
export function CostTable({ session: { analysis, row } }: { readonly session: ThresholdSession }) {
  const rows = useMemo(() => methodCosts(analysis, row), [analysis, row]);
  const { groups } = analysis;
  const title = t(groups.length === 0 ? 'histogram.costs' : 'histogram.costs.groups');
  if (rows.length === 0) return null;
  return (
    <section className="histogram-costs" aria-label={title}>
      <h3>{title}</h3>
      <div className="histogram-costs-scroll" tabIndex={0} role="group" aria-label={title}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('histogram.costs.method')}</th>
              <th scope="col" className="number">
                {t('histogram.costs.all')}
              </th>
              {groups.map((group, i) => (
                <th key={group.name} scope="col" className="number" title={group.name}>
                  <span className="histogram-swatch" style={{ background: `var(${groupProperty(i)})` }} />
                  {group.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((cost) => (
              <CostRow key={cost.method} row={cost} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="dim">{t('histogram.costs.hint')}</p>
    </section>
  );
}

function CostRow({ row }: { readonly row: MethodCost }) {
  const name = t(`histogram.method.${row.method}`);
  return (
    <tr className={row.isInUse ? 'histogram-cost-used' : undefined} aria-current={row.isInUse ? 'true' : undefined}>
      <th scope="row" title={name}>
        <span className="histogram-cost-method">
          <MethodBadge method={row.method} title={name} />
          <span className="number" title={String(row.thresholdReal)}>
            {formatReal(row.thresholdReal)}
          </span>
        </span>
      </th>
      {row.costs.map((cost) => (
        <td key={cost.group ?? ''} className="number" title={exactText(row, cost)}>
          <span className={classNames(cost.isBest && 'histogram-cost-best')}>{formatDb(cost.sqnrDb)}</span>
          <span className="dim">{formatFraction(cost.clippedFraction)}</span>
        </td>
      ))}
    </tr>
  );
}

function exactText(row: MethodCost, cost: GroupCost): string {
  return t('histogram.costs.cell', {
    method: t(`histogram.method.${row.method}`),
    value: String(row.thresholdReal),
    group: cost.group ?? t('histogram.costs.all'),
    sqnr: `${cost.sqnrDb} dB`,
    clipped: `${cost.clippedFraction * 100} %`,
  });
}
