import { useLanguage } from '../i18n';
import { useSession } from '../state/session';
import { useView } from '../state/view';
import { DropLayer } from '../features/start/drop-layer';
import { JobBar } from '../features/jobs/job-bar';
import { useBaseCommands } from './base-commands';
import { ConnectionBanner, TokenGate } from './connection';
import { ErrorBoundary } from './error-boundary';
import { KeysHelp, PendingPreprocessing, useOverlays } from './overlays';
import { NoticeList } from './notice-list';
import { Palette } from './palette';
import { PrecisionConflict } from './precision-conflict';
import { ScreenHost } from './screen-host';
import { TopBar } from './top-bar';
import { useKeys } from './chords';
import { WidgetData } from './widget-data';
import styles from './app.module.css';

interface AppProps {
  readonly onRetry: () => void;
  /** Null if no token is needed. */
  readonly onToken: ((token: string) => void) | null;
}

/**
 * The whole window. A change of the language renders everything again, because texts are looked up during rendering.
 */
export function App({ onRetry, onToken }: AppProps) {
  const language = useLanguage();
  const connection = useSession((state) => state.connection);
  if (connection.state === 'refused' && onToken !== null)
    return <TokenGate key={language} isTokenWrong={connection.isTokenWrong} onToken={onToken} />;
  return (
    <ErrorBoundary>
      <WidgetData>
        <Frame key={language} onRetry={onRetry} />
      </WidgetData>
    </ErrorBoundary>
  );
}

function Frame({ onRetry }: { readonly onRetry: () => void }) {
  const screen = useView((state) => state.screen);
  const overlay = useOverlays((state) => state.overlay);
  useBaseCommands();
  useKeys();
  return (
    <div className={styles.root}>
      <TopBar />
      <ConnectionBanner onRetry={onRetry} />
      <main className={styles.screen} id="screen">
        <ErrorBoundary key={screen}>
          <ScreenHost screen={screen} />
        </ErrorBoundary>
      </main>
      <JobBar />
      <NoticeList />
      <DropLayer />
      <PendingPreprocessing />
      <PrecisionConflict />
      {overlay === 'palette' ? <Palette /> : null}
      {overlay === 'keys' ? <KeysHelp /> : null}
    </div>
  );
}
