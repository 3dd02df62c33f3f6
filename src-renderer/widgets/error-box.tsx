import { useState, type ReactNode } from 'react';
import { toWireError } from '../../src-shared/contract/errors';
import { t } from '../i18n';
import { Button, IconButton } from './button';
import { errorReport } from './error-report';
import { Icon } from './icons';
import './states.css';

interface ErrorBoxProps {
  readonly error: unknown;
  /** What was being done: `The histogram of conv_1 cannot be shown`. */
  readonly title?: string;
  readonly action?: ReactNode;
  /** How often it happened; more than once is said. */
  readonly count?: number;
  readonly onDismiss?: () => void;
}

/** What happened, what to do; details fold out and can be copied. */
export function ErrorBox({ error, title, action, count = 1, onDismiss }: ErrorBoxProps) {
  const wire = toWireError(error);
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(errorReport(wire)).then(() => setCopied(true));
  };
  return (
    <div className="error-box" role="alert">
      <Icon name="warning" />
      <div className="error-box-body">
        {title === undefined ? null : <strong>{title}</strong>}
        <p>
          {wire.message}
          {count === 1 ? null : <span className="dim"> {t('widgets.times', { count })}</span>}
        </p>
        {wire.hint === undefined ? null : <p className="error-box-hint">{wire.hint}</p>}
        <details>
          <summary>{t('widgets.details')}</summary>
          <pre>{errorReport(wire)}</pre>
        </details>
        <div className="error-box-actions">
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
