import { useState } from 'react';
import { formatAccuracy, formatCount, formatPoints } from '../../../src-shared/base/units';
import type { ClassAccuracy, VariantReport } from '../../../src-shared/domain/runs/accuracy';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { useNarrowing, useResults } from './results-store';
import { classNameOf, sortClasses, summarizeClasses, type ClassOrder } from './what-got-worse';
import { canExplain } from './why';
import { WhyButton } from './why-panel';
import shared from './results.module.css';
import styles from './classes-panel.module.css';

/** Longer lists are collapsed to this many rows at first; expanded lists grow in steps of STEP_ROWS. */
const FOLDED_ROWS = 12;
const STEP_ROWS = 200;

interface ClassesPanelProps {
  readonly report: VariantReport;
  readonly validation: ValidationRecord;
}

/** Classes with the largest loss first; choosing a class filters the images below. */
export function ClassesPanel({ report, validation }: ClassesPanelProps) {
  const order = useResults((state) => state.classOrder);
  const [unfolded, setUnfolded] = useState(0);
  const isUnfolded = unfolded > 0;
  const summary = summarizeClasses(report.classes);
  const sorted = sortClasses(report.classes, order);
  const changed = sorted.filter((entry) => (entry.difference ?? 0) !== 0);
  const shown = isUnfolded ? sorted.slice(0, unfolded) : changed.slice(0, FOLDED_ROWS);
  return (
    <section className={shared.panel} aria-labelledby="results-classes">
      <div className={shared.panelHead}>
        <h3 id="results-classes">{t('results.classes')}</h3>
        <span className="dim">
          {t('results.classes.summary', { worse: summary.worse, same: summary.same, better: summary.better })}
        </span>
      </div>
      {shown.length === 0 ? null : (
        <table className={classNames(shared.table, styles.classes)}>
          <thead>
            <tr>
              <SortHeader column="label" title={t('results.classes.class')} isNumber={false} />
              <SortHeader column="images" title={t('results.classes.images')} isNumber />
              <th scope="col" className="number">
                {t('results.classes.fp32')}
              </th>
              <th scope="col" className="number">
                {t('results.classes.now')}
              </th>
              <SortHeader column="difference" title={t('results.classes.change')} isNumber />
            </tr>
          </thead>
          <tbody>
            {shown.map((entry) => (
              <ClassRow
                key={entry.label}
                entry={entry}
                name={classNameOf(validation, entry.label) ?? ''}
                isExplained={canExplain(report.variant)}
              />
            ))}
          </tbody>
        </table>
      )}
      {isUnfolded && sorted.length > unfolded ? (
        <Button tone="quiet" onClick={() => setUnfolded(unfolded + STEP_ROWS)}>
          {t('results.classes.more', { n: Math.min(STEP_ROWS, sorted.length - unfolded), all: sorted.length })}
        </Button>
      ) : null}
      {report.classes.length > changed.length || changed.length > FOLDED_ROWS ? (
        <Button tone="quiet" aria-expanded={isUnfolded} onClick={() => setUnfolded(isUnfolded ? 0 : STEP_ROWS)}>
          {isUnfolded ? t('results.classes.changed') : t('results.classes.all', { n: report.classes.length })}
        </Button>
      ) : null}
    </section>
  );
}

interface SortHeaderProps {
  readonly column: ClassOrder;
  readonly title: string;
  readonly isNumber: boolean;
}

function SortHeader({ column, title, isNumber }: SortHeaderProps) {
  const order = useResults((state) => state.classOrder);
  const sortBy = useResults((state) => state.sortClassesBy);
  const isSorted = order === column;
  return (
    <th
      scope="col"
      className={classNames(isNumber && 'number')}
      aria-sort={isSorted ? (column === 'images' ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" className={styles.sort} onClick={() => sortBy(column)}>
        {title}
        <span aria-hidden="true">{isSorted ? (column === 'images' ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
}

interface ClassRowProps {
  readonly entry: ClassAccuracy;
  readonly name: string;
  /** True if the variant can be diagnosed. */
  readonly isExplained: boolean;
}

function ClassRow({ entry, name, isExplained }: ClassRowProps) {
  const filter = useResults((state) => state.filter);
  const narrowTo = useNarrowing();
  const difference = entry.difference ?? 0;
  return (
    <tr>
      <th scope="row">
        <div className={styles.nameCell}>
          <button
            type="button"
            className={classNames(shared.facet, styles.name, 'ellipsis')}
            aria-pressed={filter.label === entry.label}
            title={`${name}. ${t('results.classes.filter', { name })}`}
            onClick={() => narrowTo({ label: entry.label })}
          >
            {name}
          </button>
          {difference < 0 && isExplained ? (
            <WhyButton subject={{ kind: 'class', label: entry.label }} name={name} />
          ) : null}
        </div>
      </th>
      <td className="number">{formatCount(entry.images)}</td>
      <td className="number">{entry.top1Fp32 === undefined ? '–' : formatAccuracy(entry.top1Fp32)}</td>
      <td className="number">{formatAccuracy(entry.top1)}</td>
      <td className={classNames('number', difference < 0 && shared.worseText)}>
        <span
          className={classNames(shared.bar, styles.barLoss)}
          style={{ width: `${Math.min(100, Math.max(0, -difference))}%` }}
        />
        <span className={shared.value}>{formatPoints(difference)}</span>
      </td>
    </tr>
  );
}
