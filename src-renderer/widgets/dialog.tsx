import { useEffect, useId, useRef, type ReactNode } from 'react';
import { t } from '../i18n';
import { IconButton } from './button';
import { classNames } from './class-names';
import styles from './dialog.module.css';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Buttons at the bottom, the main one last. */
  readonly actions?: ReactNode;
  readonly className?: string | undefined;
  /** The title is for assistive technology only. */
  readonly isTitleHidden?: boolean;
}

/**
 * The browser's own modal dialog, which keeps the focus inside and closes with Escape. The element with
 * `data-autofocus` receives the focus first.
 */
export function Dialog({ title, onClose, children, actions, className, isTitleHidden = false }: DialogProps) {
  const titleId = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (dialog === null || dialog.open) return;
    dialog.showModal();
    // Without this, the close button would receive the focus because it comes first.
    (dialog.querySelector<HTMLElement>('[data-autofocus]') ?? dialog).focus();
  }, []);
  return (
    <dialog
      ref={element}
      className={classNames(styles.root, className)}
      aria-labelledby={titleId}
      tabIndex={-1}
      onClose={onClose}
      onMouseDown={(event) => {
        // A press on the backdrop closes the dialog; a press inside has another target. The second press of a double
        // click that opened the dialog is ignored.
        if (event.target === event.currentTarget && event.detail < 2) event.currentTarget.close();
      }}
    >
      <div className={styles.inner}>
        <div className={isTitleHidden ? 'visually-hidden' : styles.head}>
          <h2 id={titleId}>{title}</h2>
          {isTitleHidden ? null : (
            <IconButton icon="close" label={t('widgets.close')} onClick={() => element.current?.close()} />
          )}
        </div>
        {children}
        {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      </div>
    </dialog>
  );
}
