import { useMemo, useState } from 'react';
import { formatCount } from '../../../src-shared/base/units';
import {
  PRECISION_CHOICES,
  PRECISIONS,
  TARGETS,
  type PrecisionChoice,
} from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { PrecisionTabs } from '../../panels/analysis/screen-parts';
import { ChoiceBadge } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { Segmented, TextField } from '../../widgets/fields';
import { askPrecision, choiceName, layersToChange } from '../../panels/layers/ask-precision';
import type { LayerRow } from '../../panels/layers/layer-rows';
import {
  type ChoiceCounts,
  countChoices,
  countPrecisions,
  type DecisionChange,
  type LayerFilter,
  layersMatching,
} from './plan-logic';
import { AdvicePart } from './advice-part';
import { EditEffects } from './edit-effects';
import { RepairsPart } from './repairs-part';
import { applyPreset, chooseTarget, PRESETS } from './use-precision-plan';
import { classNames } from '../../widgets/class-names';
import styles from './plan-panel.module.css';
import precisionStyles from './precision.module.css';

interface PlanPanelProps {
  readonly rows: readonly LayerRow[];
  readonly changes: readonly DecisionChange[];
  readonly onFilter: (filter: LayerFilter) => void;
  readonly onChooseMany: (layers: readonly string[]) => void;
  readonly onChoose: (layer: string) => void;
}

/** The whole plan: target, counts, presets, patterns, and the effects of the last edit. */
export function PlanPanel({ rows, changes, onFilter, onChooseMany, onChoose }: PlanPanelProps) {
  const target = useSession((state) => state.project?.file.target ?? null);
  return (
    <div className={styles.root}>
      <PrecisionTabs />
      <section className={precisionStyles.part}>
        <h3>{t('precision.target')}</h3>
        <Segmented
          label={t('precision.target')}
          value={target}
          choices={TARGETS.map((value) => ({ value, label: t(`precision.target.${value}`) }))}
          onChoose={chooseTarget}
        />
        <p className={precisionStyles.note}>{t('precision.target.note')}</p>
      </section>
      <Counts rows={rows} onFilter={onFilter} />
      <section className={precisionStyles.part}>
        <h3>{t('precision.presets')}</h3>
        <div className={styles.stack}>
          {PRESETS.map((preset) => (
            <Button key={preset} onClick={() => applyPreset(preset)}>
              {t(`precision.preset.${preset}`)}
            </Button>
          ))}
        </div>
      </section>
      <AdvicePart rows={rows} onChooseMany={onChooseMany} />
      <RepairsPart />
      <ByPattern rows={rows} onChooseMany={onChooseMany} />
      <EditEffects changes={changes} onFilter={onFilter} onChoose={onChoose} />
    </div>
  );
}

function Counts({ rows, onFilter }: Pick<PlanPanelProps, 'rows' | 'onFilter'>) {
  const chosen = useMemo(() => countChoices(rows), [rows]);
  const runsIn = useMemo(() => countPrecisions(rows, (row) => row.runsIn), [rows]);
  const refused = useMemo(() => rows.filter((row) => row.isRefused).length, [rows]);
  return (
    <section className={precisionStyles.part}>
      <h3>{t('precision.counts')}</h3>
      <table className={styles.counts}>
        <thead>
          <tr>
            <td />
            {PRECISION_CHOICES.map((choice) => (
              <th key={choice} scope="col">
                <ChoiceBadge choice={choice} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <CountsRow label={t('precision.counts.planned')} counts={chosen} />
          <CountsRow label={t('precision.counts.runsIn')} counts={runsIn} />
        </tbody>
      </table>
      <div className={styles.bar} aria-hidden="true">
        {PRECISIONS.map((precision) => (
          <span key={precision} style={{ flexGrow: runsIn[precision], background: `var(--${precision})` }} />
        ))}
      </div>
      <p className={classNames(precisionStyles.note, precisionStyles.refused)}>
        {t('precision.refusedCount', { count: refused })}
        <Button tone="quiet" disabled={refused === 0} onClick={() => onFilter('refused')}>
          {t('precision.refusedCount.show')}
        </Button>
      </p>
    </section>
  );
}

/**
 * One row of the counts. A layer never runs in Auto itself, so that the cell of Auto is empty in the row of results.
 */
function CountsRow({ label, counts }: { readonly label: string; readonly counts: Partial<ChoiceCounts> }) {
  return (
    <tr>
      <th scope="row">{label}</th>
      {PRECISION_CHOICES.map((choice) => (
        <td key={choice} className="number">
          {counts[choice] === undefined ? null : formatCount(counts[choice])}
        </td>
      ))}
    </tr>
  );
}

function ByPattern({ rows, onChooseMany }: Pick<PlanPanelProps, 'rows' | 'onChooseMany'>) {
  const [pattern, setPattern] = useState('');
  const matching = useMemo(() => new Set(layersMatching(rows, pattern)), [rows, pattern]);
  const changing = (choice: PrecisionChoice): number => layersToChange(rows, matching, choice).length;
  return (
    <section className={precisionStyles.part}>
      <h3>{t('precision.pattern')}</h3>
      <TextField
        label={t('precision.pattern.label')}
        isLabelHidden
        placeholder={t('precision.pattern.placeholder')}
        value={pattern}
        onChange={(event) => setPattern(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onChooseMany([...matching]);
        }}
      />
      <p className={precisionStyles.note} aria-live="polite">
        {pattern.trim() === ''
          ? t('precision.pattern.hint')
          : matching.size === 0
            ? t('precision.pattern.none')
            : t('precision.pattern.count', { count: matching.size })}
      </p>
      <div className={styles.row}>
        {PRECISION_CHOICES.map((choice) => (
          <Button
            key={choice}
            disabled={changing(choice) === 0}
            title={t('precision.pattern.changes', { count: changing(choice), precision: choiceName(choice) })}
            onClick={() => askPrecision(rows, matching, choice, pattern.trim())}
          >
            {choiceName(choice)}
          </Button>
        ))}
        <Button tone="quiet" disabled={matching.size === 0} onClick={() => onChooseMany([...matching])}>
          {t('precision.pattern.select')}
        </Button>
      </div>
    </section>
  );
}
