import { formatAccuracy, formatPoints } from '../../../src-shared/base/units';
import type { VariantReport } from '../../../src-shared/domain/accuracy';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { useResults } from './results-store';
import { variantColor, VariantBadge } from '../../widgets/variant-badge';
import { groupTable, type GroupRow } from './what-got-worse';
import { canExplain } from './why';
import { WhyButton } from './why-button';

interface GroupsPanelProps {
  readonly reports: readonly VariantReport[];
  readonly chosen: string;
}

/** One bar per group and variant, the groups that lost most first. */
export function GroupsPanel({ reports, chosen }: GroupsPanelProps) {
  const { rows, isTop1 } = groupTable(reports);
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="results-groups">
      <h3 id="results-groups">{t(isTop1 ? 'results.groups' : 'results.groups.agreement')}</h3>
      <div className="results-groups">
        {rows.map((row) => (
          <Group key={row.group} row={row} chosen={chosen} />
        ))}
      </div>
    </section>
  );
}

function Group({ row, chosen }: { readonly row: GroupRow; readonly chosen: string }) {
  const filter = useResults((state) => state.filter);
  const toggleFacet = useResults((state) => state.toggleFacet);
  return (
    <div className="results-group">
      <div className="results-group-head">
        <button
          type="button"
          className="results-facet results-group-name"
          aria-pressed={filter.group === row.group}
          title={t('results.groups.filter', { group: row.group })}
          onClick={() => toggleFacet({ group: row.group })}
        >
          <span>{row.group}</span>
          <span className="dim">{t('results.groups.images', { n: row.images })}</span>
        </button>
        {canExplain(chosen) ? <WhyButton subject={{ kind: 'group', group: row.group }} name={row.group} /> : null}
      </div>
      <ul className="results-group-bars">
        {row.bars.map((bar) => (
          <li key={bar.variant} className={classNames('results-group-bar', bar.variant === chosen && 'results-row-chosen')}>
            <VariantBadge variant={bar.variant} />
            <span className="ellipsis">{bar.variant}</span>
            <span className="results-track">
              <span className="results-track-fill" style={{ width: `${bar.percent ?? 0}%`, background: variantColor(bar.variant) }} />
              {row.reference === null ? null : <span className="results-reference" style={{ left: `${row.reference}%` }} />}
            </span>
            <span className="number">{bar.percent === null ? '–' : formatAccuracy(bar.percent)}</span>
            <span className={classNames('number', (bar.difference ?? 0) < 0 ? 'results-worse-text' : 'dim')}>{bar.difference === null ? '' : formatPoints(bar.difference)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
