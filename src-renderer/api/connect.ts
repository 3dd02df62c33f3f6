import type { DesktopBridge } from '../../src-shared/contract/desktop-bridge';
import { createClient } from './client';
import { ONLINE, type Connection } from './connection';
import { createHttpLink } from './http-link';
import { createIpcLink } from './ipc-link';
import { storeToken, takeToken } from './token';
import { createUploads } from './upload';

declare global {
  interface Window {
    /** Present only in the desktop window. */
    readonly calib?: DesktopBridge<File>;
  }
}

/**
 * Connects to the application: through the preload script in the desktop window, otherwise to the page's own server.
 */
export function connect(): Connection {
  return window.calib === undefined ? connectHttp() : connectDesktop(window.calib);
}

function connectDesktop(bridge: DesktopBridge<File>): Connection {
  return {
    host: 'desktop',
    api: createClient(createIpcLink(bridge)),
    files: {
      pathsOf: (items) => bridge.pathsOf(items.flatMap((item) => (item.file === null ? [] : [item.file]))),
      choose: (kind) => bridge.choose(kind),
    },
    onStatus: (listener) => {
      listener(ONLINE);
      return () => undefined;
    },
    retry: () => undefined,
    giveToken: null,
  };
}

function connectHttp(): Connection {
  const link = createHttpLink({ token: takeToken() });
  const giveToken = (token: string): void => {
    storeToken(token);
    link.useToken(token);
  };
  return {
    host: 'browser',
    api: createClient(link),
    files: createUploads({ token: link.token }),
    onStatus: link.onStatus,
    retry: link.retry,
    giveToken,
  };
}
