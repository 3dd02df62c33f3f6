import { useEffect, useId, useState } from 'react';
import { tokenOf } from '../api/token';
import { t } from '../i18n';
import { useSession } from '../state/session';
import { Button } from '../widgets/button';
import { FieldAlert, TextField } from '../widgets/fields';
import { Icon } from '../widgets/icons';
import styles from './connection.module.css';

/** Shown while the application cannot be reached; the page reconnects automatically. */
export function ConnectionBanner({ onRetry }: { readonly onRetry: () => void }) {
  const connection = useSession((state) => state.connection);
  if (connection.state !== 'lost') return null;
  return (
    <div className={styles.banner} role="status">
      <Icon name="warning" />
      <Countdown key={connection.retryAtMs} untilMs={connection.retryAtMs} />
      <Button onClick={onRetry}>{t('app.retryNow')}</Button>
    </div>
  );
}

function Countdown({ untilMs }: { readonly untilMs: number }) {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
  return <span>{seconds === 0 ? t('app.reconnecting') : t('app.lost', { seconds })}</span>;
}

interface TokenGateProps {
  /** True if the server has refused a token; false if the page had none. */
  readonly isTokenWrong: boolean;
  readonly onToken: (token: string) => void;
}

/** Replaces the whole page until the server accepts a token, for example after an address was copied without one. */
export function TokenGate({ isTokenWrong, onToken }: TokenGateProps) {
  const [text, setText] = useState('');
  const problemId = useId();
  const token = tokenOf(text);
  return (
    <main className={styles.gate}>
      <form
        className={styles.gateForm}
        onSubmit={(event) => {
          event.preventDefault();
          if (token !== '') onToken(token);
        }}
      >
        <h1>{t('app.token.title')}</h1>
        <p>{t('app.token.text')}</p>
        <TextField
          type="password"
          label={t('app.token.label')}
          value={text}
          autoFocus
          onChange={(event) => setText(event.target.value)}
          problem={isTokenWrong ? <FieldAlert id={problemId}>{t('app.token.wrong')}</FieldAlert> : null}
          problemId={problemId}
        />
        <div>
          <Button type="submit" tone="primary" disabled={token === ''}>
            {t('app.token.open')}
          </Button>
        </div>
      </form>
    </main>
  );
}
