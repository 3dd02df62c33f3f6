import { useEffect, useState } from 'react';
import { t } from '../i18n';
import { useSession } from '../state/session';
import { Button } from '../widgets/button';
import { Icon } from '../widgets/icons';

/** Said while the application cannot be reached; the page comes back by itself. */
export function ConnectionBanner({ onRetry }: { readonly onRetry: () => void }) {
  const connection = useSession((state) => state.connection);
  if (connection.state !== 'lost') return null;
  return (
    <div className="app-banner" role="status">
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
