import { Component, type ReactNode } from 'react';
import { t } from '../i18n';
import { Button } from '../widgets/button';
import { ErrorBox } from '../widgets/states';
import styles from './error-boundary.module.css';

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

/**
 * Confines an error to one screen: shows what happened, with details to copy, and offers to render the screen again.
 */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown): { readonly error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className={styles.root}>
        <ErrorBox
          error={error}
          title={t('app.fault')}
          action={
            <>
              <Button onClick={() => this.setState({ error: null })}>{t('app.faultRetry')}</Button>
              <Button onClick={() => location.reload()}>{t('app.faultReload')}</Button>
            </>
          }
        />
      </div>
    );
  }
}
