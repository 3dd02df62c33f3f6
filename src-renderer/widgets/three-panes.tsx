import {
  createContext,
  useContext,
  useState,
  useSyncExternalStore,
  type CSSProperties,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
} from 'react';
import { t } from '../i18n';
import { IconButton } from './button';
import { classNames } from './class-names';
import styles from './three-panes.module.css';

interface PaneWidthsValue {
  /** CSS pixels. */
  readonly leftWidth: number;
  readonly rightWidth: number;
  readonly resize: (widths: { readonly leftWidth?: number; readonly rightWidth?: number }) => void;
}

/** Widths of the side columns of every screen. The frame of the window provides and remembers them. */
export const PaneWidths = createContext<PaneWidthsValue>({ leftWidth: 280, rightWidth: 300, resize: () => undefined });

interface ThreePanesProps {
  readonly left?: ReactNode;
  readonly main: ReactNode;
  readonly right?: ReactNode;
}

/** In narrower windows the inspector is hidden; a button shows it over the main view. */
const FOLD_QUERY = '(max-width: 1099px)';
const KEY_STEP = 16;

/** List, main view, inspector: three columns whose widths are draggable and remembered. */
export function ThreePanes({ left, main, right }: ThreePanesProps) {
  const { leftWidth, rightWidth, resize } = useContext(PaneWidths);
  const isNarrow = useMedia(FOLD_QUERY);
  const [isUnfolded, setUnfolded] = useState(false);
  const hasRight = right !== undefined && right !== null;
  const isRightShown = hasRight && (!isNarrow || isUnfolded);
  const widths = { '--pane-left': `${leftWidth}px`, '--pane-right': `${rightWidth}px` } as CSSProperties;

  return (
    <div className={styles.root} style={widths}>
      {left === undefined ? null : (
        <>
          <section className={classNames(styles.pane, styles.paneLeft)} aria-label={t('widgets.list')}>
            {left}
          </section>
          <Divider
            label={t('widgets.resizeLeft')}
            width={leftWidth}
            direction={1}
            onResize={(width) => resize({ leftWidth: width })}
          />
        </>
      )}
      <div className={classNames(styles.pane, styles.paneMain)}>{main}</div>
      {hasRight && isNarrow ? (
        <div className={styles.paneFold}>
          <IconButton
            icon="panel"
            label={t(isUnfolded ? 'widgets.hideInspector' : 'widgets.showInspector')}
            aria-expanded={isUnfolded}
            onClick={() => setUnfolded(!isUnfolded)}
          />
        </div>
      ) : null}
      {hasRight && !isNarrow ? (
        <Divider
          label={t('widgets.resizeRight')}
          width={rightWidth}
          direction={-1}
          onResize={(width) => resize({ rightWidth: width })}
        />
      ) : null}
      {isRightShown ? (
        <section
          className={classNames(styles.pane, styles.paneRight, isNarrow && styles.paneOver)}
          tabIndex={0}
          aria-label={t('widgets.inspector')}
        >
          {right}
        </section>
      ) : null}
    </div>
  );
}

interface DividerProps {
  readonly label: string;
  readonly width: number;
  /** 1: dragging to the right makes the pane wider; -1: narrower. */
  readonly direction: 1 | -1;
  readonly onResize: (width: number) => void;
}

function Divider({ label, width, direction, onResize }: DividerProps) {
  const [drag, setDrag] = useState<{ readonly fromX: number; readonly fromWidth: number } | null>(null);
  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrag({ fromX: event.clientX, fromWidth: width });
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    if (drag !== null) onResize(drag.fromWidth + direction * (event.clientX - drag.fromX));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const step = event.key === 'ArrowRight' ? KEY_STEP : event.key === 'ArrowLeft' ? -KEY_STEP : 0;
    if (step === 0) return;
    event.preventDefault();
    onResize(width + direction * step);
  };
  return (
    <div
      className={classNames(styles.paneDivider, drag !== null && styles.paneDividerActive)}
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={width}
      aria-valuemin={180}
      aria-valuemax={560}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => setDrag(null)}
      onPointerCancel={() => setDrag(null)}
      onKeyDown={onKeyDown}
    />
  );
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = window.matchMedia(query);
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    () => window.matchMedia(query).matches,
  );
}
