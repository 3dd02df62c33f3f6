import { type ReactNode, useState } from 'react';
import { toWireError, type WireError } from '../../src-shared/contract/errors';
import { t } from '../i18n';
import { Button, IconButton } from './button';
import { Icon } from './icons';
import styles from './states.module.css';

interface EmptyStateProps {
  readonly title: string;
  /** The next step in one sentence. */
  readonly children?: ReactNode;
  /** Its button. */
  readonly action?: ReactNode;
}

/** Shown instead of a screen's content while there is none. */
export function EmptyState({ title, children, action }: EmptyStateProps) {
  return (
    <div className={styles.emptyState}>
      <h2>{title}</h2>
      {children === undefined ? null : <div className={styles.emptyStateText}>{children}</div>}
      {action === undefined ? null : <div className={styles.emptyStateAction}>{action}</div>}
    </div>
  );
}

/** The hint of an error in the current language; undefined if the error has none. */
export function hintOf({ hint, advice }: Pick<WireError, 'hint' | 'advice'>): string | undefined {
  return advice === undefined ? hint : t(`advice.${advice.id}`, advice.values);
}

/** The text that a person copies into a bug report. */
export function errorReport(error: WireError): string {
  const lines = [`${error.code}: ${error.message}`];
  const hint = hintOf(error);
  if (hint !== undefined) lines.push(hint);
  if (error.detail !== undefined) lines.push('', error.detail);
  return lines.join('\n');
}

interface ErrorBoxProps {
  readonly error: unknown;
  /** What failed: `The histogram of conv_1 cannot be shown`. */
  readonly title?: string;
  readonly action?: ReactNode;
  /** How often the error happened; shown if more than once. */
  readonly count?: number;
  readonly onDismiss?: () => void;
}

/** An error with its hint; the details unfold and can be copied. */
export function ErrorBox({ error, title, action, count = 1, onDismiss }: ErrorBoxProps) {
  const wire = toWireError(error);
  const hint = hintOf(wire);
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(errorReport(wire)).then(() => setCopied(true));
  };
  return (
    <div className={styles.errorBox} role="alert">
      <Icon name="warning" />
      <div className={styles.errorBoxBody}>
        {title === undefined ? null : <strong>{title}</strong>}
        <p data-testid="error-message">
          {wire.message}
          {count === 1 ? null : <span className="dim"> {t('widgets.times', { count })}</span>}
        </p>
        {hint === undefined ? null : <p className={styles.errorBoxHint}>{hint}</p>}
        <details>
          <summary>{t('widgets.details')}</summary>
          <pre>{errorReport(wire)}</pre>
        </details>
        <div className={styles.errorBoxActions}>
          {action}
          <Button tone="quiet" icon={isCopied ? 'check' : 'copy'} onClick={copy}>
            {t(isCopied ? 'widgets.copied' : 'widgets.copy')}
          </Button>
        </div>
      </div>
      {onDismiss === undefined ? null : <IconButton icon="close" label={t('widgets.dismiss')} onClick={onDismiss} />}
    </div>
  );
}

interface MeterProps {
  readonly label: string;
  readonly value: number;
  /** 0 while unknown; the bar is empty then. */
  readonly total: number;
  /** The accessible text for `value` of `total`: `212 of 400 images`. */
  readonly text?: string;
  readonly color?: string;
}

/** A progress bar. It moves only when `value` changes. */
export function Meter({ label, value, total, text, color }: MeterProps) {
  const share = total > 0 ? Math.min(1, Math.max(0, value / total)) : 0;
  return (
    <div
      className={styles.meter}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total > 0 ? total : 1}
      aria-valuenow={total > 0 ? Math.min(value, total) : 0}
      {...(text === undefined ? {} : { 'aria-valuetext': text })}
    >
      <div
        className={styles.meterFill}
        style={{ transform: `scaleX(${share})`, ...(color === undefined ? {} : { background: color }) }}
      />
    </div>
  );
}
