import { formatDuration } from '../../../src-shared/base/units';
import { t } from '../../i18n';
import { countText, rateText } from '../../state/job-text';
import { classNames } from '../../widgets/class-names';
import { Icon, type IconName } from '../../widgets/icons';
import { Meter } from '../../widgets/meter';
import type { StepRow, StepState } from './step-list';

const STATE_ICONS: Readonly<Record<StepState, IconName | null>> = {
  waiting: null,
  active: 'play',
  done: 'check',
  kept: 'check',
  'not-needed': 'minus',
  'left-out': 'minus',
  failed: 'cross',
  cancelled: 'stop',
};

interface StepRowProps {
  readonly row: StepRow;
  readonly position: number;
}

/** One step: its mark, its name, its bar while it counts, and its numbers. Every row has the same height in every state. */
export function StepRowView({ row, position }: StepRowProps) {
  const icon = STATE_ICONS[row.state];
  const name = t(`run.step.${row.id}`);
  const ended = row.state === 'active' ? leftText(row) : stateText(row);
  return (
    <li
      className={classNames('run-step', `run-step-${row.state}`)}
      aria-current={row.state === 'active' ? 'step' : undefined}
    >
      <span className="run-step-mark">
        {icon === null ? <span className="run-step-number">{position}</span> : <Icon name={icon} size={14} />}
      </span>
      <span className="run-step-name" title={name}>
        {name}
      </span>
      <span className="run-step-bar">
        {row.counted === null || row.state === 'kept' ? null : (
          <Meter label={name} value={row.counted.done} total={row.counted.total} text={countText(row.counted)} />
        )}
      </span>
      <span className="run-step-count number">{row.counted === null ? '' : countText(row.counted)}</span>
      <span className="run-step-rate number dim">{speedText(row)}</span>
      <span className="run-step-left number" title={ended}>
        {ended}
      </span>
    </li>
  );
}

function speedText({ perSecond, counted }: StepRow): string {
  return perSecond === null || perSecond <= 0 || counted === null ? '' : rateText(perSecond, counted.unit);
}

function leftText(row: StepRow): string {
  if (row.etaSeconds !== null && Number.isFinite(row.etaSeconds))
    return t('run.left', { duration: formatDuration(Math.max(1, Math.ceil(row.etaSeconds))).replace(/\.0 s$/, ' s') });
  return row.seconds === null ? t('run.state.active') : t('run.elapsed', { duration: formatDuration(row.seconds) });
}

function stateText(row: StepRow): string {
  if (row.state === 'done' && row.seconds !== null) return formatDuration(row.seconds);
  return t(`run.state.${row.state}`);
}
