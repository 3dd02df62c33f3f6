import { type CSSProperties, type KeyboardEvent, type PointerEvent, type ReactNode, useState } from 'react';
import { readStored, writeStored } from '../../state/stored';
import { classNames } from '../../widgets/class-names';
import styles from './split-view.module.css';

interface SplitViewProps {
  /** Identifies the divider, and the stored position of the divider. */
  readonly id: string;
  readonly label: string;
  readonly isStacked?: boolean;
  readonly first: ReactNode;
  readonly second: ReactNode;
  /** The initial share of the first part in percent, used until the user moves the divider. */
  readonly initialPercent: number;
}

const LEAST = 20;
const MOST = 80;
const KEY_STEP = 2;

/**
 * Splits the main view into two parts, side by side or stacked. The divider can be dragged, and its position is stored.
 */
export function SplitView({ id, label, isStacked = false, first, second, initialPercent }: SplitViewProps) {
  const key = `calib.split.${id}`;
  const [percent, setPercent] = useState(() => {
    const stored = readStored(key);
    return typeof stored === 'number' && stored >= LEAST && stored <= MOST ? stored : initialPercent;
  });
  const [isDragging, setDragging] = useState(false);
  const resize = (wanted: number): void => {
    const next = Math.min(MOST, Math.max(LEAST, Math.round(wanted * 10) / 10));
    setPercent(next);
    writeStored(key, next);
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const box = event.currentTarget.parentElement?.getBoundingClientRect();
    if (!isDragging || box === undefined) return;
    resize(isStacked ? ((event.clientY - box.top) / box.height) * 100 : ((event.clientX - box.left) / box.width) * 100);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const [less, more] = isStacked ? ['ArrowUp', 'ArrowDown'] : ['ArrowLeft', 'ArrowRight'];
    if (event.key !== less && event.key !== more) return;
    event.preventDefault();
    resize(percent + (event.key === more ? KEY_STEP : -KEY_STEP));
  };
  return (
    <div
      className={classNames(styles.root, isStacked && styles.stacked)}
      style={{ '--split-first': `${percent}%` } as CSSProperties}
    >
      <div className={styles.first}>{first}</div>
      <div
        className={classNames(styles.divider, isDragging && styles.dividerActive)}
        role="separator"
        aria-orientation={isStacked ? 'horizontal' : 'vertical'}
        aria-label={label}
        aria-valuenow={Math.round(percent)}
        aria-valuemin={LEAST}
        aria-valuemax={MOST}
        tabIndex={0}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDragging(true);
        }}
        onPointerMove={onPointerMove}
        onPointerUp={() => setDragging(false)}
        onPointerCancel={() => setDragging(false)}
        onKeyDown={onKeyDown}
      />
      <div className={styles.second}>{second}</div>
    </div>
  );
}
