import { groupProperty } from '../../../src-shared/domain/palette';
import { t } from '../../i18n';
import { Button } from '../../widgets/button';
import { isSameRange } from './chart-geometry';
import { TOTAL } from './chart-figure';
import type { RangeControl } from './use-range';
import styles from './chart-toolbar.module.css';
import histogramStyles from './histogram.module.css';

export interface ChartView {
  readonly isLog: boolean;
  readonly isSigned: boolean;
  /** The hidden series. */
  readonly hidden: ReadonlySet<string>;
}

interface ChartToolbarProps {
  readonly view: ChartView;
  readonly onChange: (changes: Partial<ChartView>) => void;
  readonly control: RangeControl;
  readonly groups: readonly string[];
  /** True if values below zero exist; otherwise a signed view would show the same as an unsigned one. */
  readonly canSign: boolean;
}

export function ChartToolbar({ view, onChange, control, groups, canSign }: ChartToolbarProps) {
  const { range, whole, isTail } = control;
  return (
    <div className={styles.root} role="toolbar" aria-label={t('histogram.toolbar')}>
      <Toggle name={t('histogram.scale.log')} isOn={view.isLog} onToggle={() => onChange({ isLog: !view.isLog })} />
      <Toggle
        name={t('histogram.axis.sign')}
        isOn={view.isSigned && canSign}
        isDisabled={!canSign}
        onToggle={() => onChange({ isSigned: !view.isSigned })}
      />
      <span className={styles.gap} />
      <Toggle name={t('histogram.zoom.whole')} isOn={isSameRange(range, whole)} onToggle={control.showWhole} />
      <Toggle name={t('histogram.zoom.tail')} isOn={isTail} onToggle={control.showTail} />
      <Button
        tone="quiet"
        aria-label={t('histogram.zoom.in')}
        title={t('histogram.zoom.in')}
        onClick={() => control.zoomBy(0.6)}
      >
        +
      </Button>
      <Button
        tone="quiet"
        aria-label={t('histogram.zoom.out')}
        title={t('histogram.zoom.out')}
        onClick={() => control.zoomBy(1 / 0.6)}
      >
        −
      </Button>
      {groups.length === 0 ? null : (
        <Legend groups={groups} hidden={view.hidden} onChange={(hidden) => onChange({ hidden })} />
      )}
    </div>
  );
}

interface ToggleProps {
  readonly name: string;
  readonly isOn: boolean;
  readonly isDisabled?: boolean;
  readonly onToggle: () => void;
}

function Toggle({ name, isOn, isDisabled = false, onToggle }: ToggleProps) {
  return (
    <Button tone="quiet" aria-pressed={isOn} disabled={isDisabled} className={styles.toggle} onClick={onToggle}>
      {name}
    </Button>
  );
}

interface LegendProps {
  readonly groups: readonly string[];
  readonly hidden: ReadonlySet<string>;
  readonly onChange: (hidden: ReadonlySet<string>) => void;
}

function Legend({ groups, hidden, onChange }: LegendProps) {
  const toggle = (key: string): void => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    onChange(next);
  };
  const entries = [
    { key: TOTAL, name: t('histogram.series.total'), color: '--chart-line' },
    ...groups.map((name, i) => ({ key: name, name, color: groupProperty(i) })),
  ];
  return (
    <div className={styles.legend} role="group" aria-label={t('histogram.legend')}>
      {entries.map(({ key, name, color }) => (
        <button
          key={key}
          type="button"
          className={styles.series}
          aria-pressed={!hidden.has(key)}
          onClick={() => toggle(key)}
        >
          <span className={histogramStyles.swatch} style={{ background: `var(${color})` }} />
          {name}
        </button>
      ))}
    </div>
  );
}
