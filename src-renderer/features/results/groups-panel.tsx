import { formatAccuracy, formatPoints } from '../../../src-shared/base/units';
import type { VariantReport } from '../../../src-shared/domain/runs/accuracy';
import type { DistinctRow } from '../../../src-shared/domain/runs/run-table';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { useNarrowing, useResults } from './results-store';
import { VariantBadge, variantColor } from '../../widgets/badge';
import { groupTable, type GroupRow } from './what-got-worse';
import { canExplain } from './why';
import { WhyButton } from './why-panel';
import shared from './results.module.css';
import styles from './groups-panel.module.css';

interface GroupsPanelProps {
  readonly reports: readonly DistinctRow<VariantReport>[];
  readonly chosen: string;
}

function groupsTitle(measure: string | null): string {
  if (measure === null) return t('results.groups.agreement');
  return measure === 'top-1' ? t('results.groups') : t('results.groups.measure', { measure });
}

/** One bar per group and variant; the groups with the largest loss come first. */
export function GroupsPanel({ reports, chosen }: GroupsPanelProps) {
  const { rows, measure } = groupTable(reports.map(({ row }) => row));
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="results-groups">
      <h3 id="results-groups">{groupsTitle(measure)}</h3>
      <div className={styles.groups}>
        {rows.map((row) => (
          <Group key={row.group} row={row} reports={reports} chosen={chosen} />
        ))}
      </div>
    </section>
  );
}

/** The axis of the bars, from 0 to 100 %. */
function GroupAxis() {
  return (
    <div className={classNames(styles.bar, styles.axis)} aria-hidden="true">
      <span />
      <span />
      <span className={styles.scale}>
        <span>0 %</span>
        <span>50</span>
        <span>100 %</span>
      </span>
      <span />
      <span />
    </div>
  );
}

function Group({ row, reports, chosen }: GroupsPanelProps & { readonly row: GroupRow }) {
  const filter = useResults((state) => state.filter);
  const known = new Map(reports.map((report) => [report.row.variant, report]));
  const nameOf = (variant: string): string => known.get(variant)?.names.join(' = ') ?? variant;
  const kindOf = (variant: string): string => known.get(variant)?.kind ?? variant;
  const narrowTo = useNarrowing();
  return (
    <div>
      <div className={styles.head}>
        <button
          type="button"
          className={classNames(shared.facet, styles.name)}
          aria-pressed={filter.group === row.group}
          title={t('results.groups.filter', { group: row.group })}
          onClick={() => narrowTo({ group: row.group })}
        >
          <span className="ellipsis">{row.group}</span>
          <span className="dim">{t('results.groups.images', { n: row.images })}</span>
        </button>
        {canExplain(chosen) ? <WhyButton subject={{ kind: 'group', group: row.group }} name={row.group} /> : null}
      </div>
      <ul className={styles.bars}>
        {row.bars.map((bar) => (
          <li key={bar.variant} className={classNames(styles.bar, bar.variant === chosen && shared.rowChosen)}>
            <VariantBadge variant={kindOf(bar.variant)} />
            <span className="ellipsis" title={nameOf(bar.variant)}>
              {nameOf(bar.variant)}
            </span>
            <span className={styles.track}>
              <span
                className={styles.trackFill}
                style={{ width: `${bar.percent ?? 0}%`, background: variantColor(kindOf(bar.variant)) }}
              />
              {row.reference === null ? null : (
                <span className={styles.reference} style={{ left: `${row.reference}%` }} />
              )}
            </span>
            <span className="number">{bar.percent === null ? '–' : formatAccuracy(bar.percent)}</span>
            <span className={classNames('number', (bar.difference ?? 0) < 0 ? shared.worseText : 'dim')}>
              {bar.difference === null ? '' : formatPoints(bar.difference)}
            </span>
          </li>
        ))}
      </ul>
      <GroupAxis />
    </div>
  );
}
