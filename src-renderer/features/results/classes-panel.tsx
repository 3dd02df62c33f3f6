import { useState } from 'react';
import { formatCount } from '../../../src-shared/base/units';
import { formatMeasure, formatMeasureDifference } from '../../../src-shared/domain/tasks/measure-text';
import type { VariantReport } from '../../../src-shared/domain/runs/accuracy';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { useNarrowing, useResults } from './results-store';
import { type ClassScore, classTable, scoreOfClass, TOP1 } from './class-table';
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
  const { rows, measure, counted } = classTable(report);
  const summary = summarizeClasses(rows);
  const sorted = sortClasses(rows, order);
  const changed = sorted.filter((entry) => (entry.difference ?? 0) !== 0);
  const shown = isUnfolded ? sorted.slice(0, unfolded) : changed.slice(0, FOLDED_ROWS);
  return (
    <section className={shared.panel} aria-labelledby="results-classes">
      <div className={shared.panelHead}>
        <h3 id="results-classes">
          {measure === TOP1 ? t('results.classes') : t('scores.classes', { measure: scoreOfClass(measure) })}
        </h3>
        <span className="dim">
          {t('results.classes.summary', { worse: summary.worse, same: summary.same, better: summary.better })}
        </span>
      </div>
      {shown.length === 0 ? null : (
        <table className={classNames(shared.table, styles.classes)}>
          <thead>
            <tr>
              <SortHeader column="label" title={t('results.classes.class')} isNumber={false} />
              <SortHeader column="images" title={t(`scores.counted.${counted}`)} isNumber />
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
                measure={measure}
                isExplained={counted === 'images' && canExplain(report.variant)}
                isFacet={counted === 'images'}
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
      {rows.length > changed.length || changed.length > FOLDED_ROWS ? (
        <Button tone="quiet" aria-expanded={isUnfolded} onClick={() => setUnfolded(isUnfolded ? 0 : STEP_ROWS)}>
          {isUnfolded ? t('results.classes.changed') : t('results.classes.all', { n: rows.length })}
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
  readonly entry: ClassScore;
  readonly name: string;
  /** Name of the measure. */
  readonly measure: string;
  /** True if the images of the class can be listed. */
  readonly isFacet: boolean;
  /** True if the variant can be diagnosed. */
  readonly isExplained: boolean;
}

function ClassRow({ entry, name, measure, isExplained, isFacet }: ClassRowProps) {
  const filter = useResults((state) => state.filter);
  const narrowTo = useNarrowing();
  const difference = entry.difference ?? 0;
  return (
    <tr>
      <th scope="row">
        <div className={styles.nameCell}>
          {isFacet ? (
            <button
              type="button"
              className={classNames(shared.facet, styles.name, 'ellipsis')}
              aria-pressed={filter.label === entry.label}
              title={`${name}. ${t('results.classes.filter', { name })}`}
              onClick={() => narrowTo({ label: entry.label })}
            >
              {name}
            </button>
          ) : (
            <span className={classNames(styles.name, 'ellipsis')} title={name}>
              {name}
            </span>
          )}
          {difference < 0 && isExplained ? (
            <WhyButton subject={{ kind: 'class', label: entry.label }} name={name} />
          ) : null}
        </div>
      </th>
      <td className="number">{formatCount(entry.images)}</td>
      <td className="number">{entry.fp32 === undefined ? '–' : formatMeasure(measure, entry.fp32)}</td>
      <td className="number">{formatMeasure(measure, entry.value)}</td>
      <td className={classNames('number', difference < 0 && shared.worseText)}>
        <span
          className={classNames(shared.bar, styles.barLoss)}
          style={{ width: `${Math.min(100, Math.max(0, -difference))}%` }}
        />
        <span className={shared.value}>{formatMeasureDifference(measure, difference)}</span>
      </td>
    </tr>
  );
}
