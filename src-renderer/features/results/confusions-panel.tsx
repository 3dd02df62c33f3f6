import { useState } from 'react';
import type { VariantReport } from '../../../src-shared/domain/runs/accuracy';
import type { ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { Button } from '../../widgets/button';
import { useNarrowing, useResults } from './results-store';
import { classNameOf, confusionRows, imagesOf, type ConfusionRow } from './what-got-worse';
import { canExplain } from './why';
import { WhyButton } from './why-panel';
import { classNames } from '../../widgets/class-names';
import shared from './results.module.css';
import styles from './confusions-panel.module.css';

const FOLDED_ROWS = 8;
const KINDS = ['lost', 'won', 'other'] as const;

interface ConfusionsPanelProps {
  readonly report: VariantReport;
  readonly validation: ValidationRecord;
}

/**
 * Changed answers such as `6 → 8, 14 images`. Answers that became wrong come first; those that became right are shown
 * beside them for a fair comparison.
 */
export function ConfusionsPanel({ report, validation }: ConfusionsPanelProps) {
  const rows = confusionRows(report.confusions);
  const hasAny = KINDS.some((kind) => rows[kind].length > 0);
  return (
    <section className={shared.panel} aria-labelledby="results-confusions">
      <h3 id="results-confusions">{t('results.confusions')}</h3>
      {hasAny ? null : <p className="dim">{t('results.worse.nothing')}</p>}
      <div className={styles.confusions}>
        {KINDS.map((kind) => (
          <ConfusionList
            key={kind}
            title={t(`results.confusions.${kind}`, { n: imagesOf(rows[kind]) })}
            rows={rows[kind]}
            isLost={kind === 'lost'}
            variant={report.variant}
            validation={validation}
          />
        ))}
      </div>
    </section>
  );
}

interface ConfusionListProps {
  readonly title: string;
  readonly rows: readonly ConfusionRow[];
  /**
   * True if FP32 was right. FP32's answers are then the labels of these images, so that the images can be found by
   * label.
   */
  readonly isLost: boolean;
  readonly variant: string;
  readonly validation: ValidationRecord;
}

function ConfusionList({ title, rows, isLost, variant, validation }: ConfusionListProps) {
  const [isUnfolded, setUnfolded] = useState(false);
  if (rows.length === 0) return null;
  const shown = isUnfolded ? rows : rows.slice(0, FOLDED_ROWS);
  return (
    <div>
      <h4>{title}</h4>
      <ul>
        {shown.map((row) => (
          <Confusion
            key={`${row.from},${row.to}`}
            row={row}
            largest={rows[0]?.count ?? 1}
            isExplained={isLost && row.to >= 0 && canExplain(variant)}
            variant={variant}
            validation={validation}
          />
        ))}
      </ul>
      {rows.length > FOLDED_ROWS ? (
        <Button tone="quiet" aria-expanded={isUnfolded} onClick={() => setUnfolded(!isUnfolded)}>
          {isUnfolded ? t('results.confusions.fewer') : t('results.confusions.more', { n: rows.length - FOLDED_ROWS })}
        </Button>
      ) : null}
    </div>
  );
}

interface ConfusionProps {
  readonly row: ConfusionRow;
  readonly largest: number;
  readonly isExplained: boolean;
  readonly variant: string;
  readonly validation: ValidationRecord;
}

function Confusion({ row, largest, isExplained, variant, validation }: ConfusionProps) {
  const filter = useResults((state) => state.filter);
  const narrowTo = useNarrowing();
  const from = classNameOf(validation, row.from) ?? t('results.images.noAnswer');
  const to = classNameOf(validation, row.to) ?? t('results.images.noAnswer');
  return (
    <li className={styles.row}>
      <button
        type="button"
        className={classNames(shared.facet, styles.confusion)}
        aria-pressed={filter.from === row.from && filter.to === row.to}
        title={`${t('results.confusions.row', { from, to })}. ${t('results.confusions.filter', { from, to, variant })}`}
        onClick={() => narrowTo({ from: row.from, to: row.to })}
      >
        <span className={styles.bar} style={{ width: `${(100 * row.count) / largest}%` }} />
        <span className={styles.text}>
          <span className="ellipsis">{from}</span> <span aria-hidden="true">→</span>{' '}
          <span className="ellipsis">{to}</span>
        </span>
        <span className="number">{t('results.confusions.count', { n: row.count })}</span>
      </button>
      {isExplained ? (
        <WhyButton
          subject={{ kind: 'confusion', from: row.from, to: row.to }}
          name={t('results.confusions.row', { from, to })}
        />
      ) : null}
    </li>
  );
}
