import type { SenderFrame } from '../transport/ipc-endpoint';

export const APP_SCHEME = 'app';
export const APP_HOST = 'workbench';
export const APP_URL = `${APP_SCHEME}://${APP_HOST}/`;

/**
 * The address of the page. During development it is the server of the build tool, which must be on this machine. An
 * installed application ignores such an address.
 */
export function pageUrl(developmentUrl: string | undefined, isPackaged: boolean): string {
  if (developmentUrl === undefined || isPackaged) return APP_URL;
  const { protocol, hostname } = new URL(developmentUrl);
  const isLocal =
    protocol === 'http:' && (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]');
  return isLocal ? developmentUrl : APP_URL;
}

/** Scheme and host. This also works for `app:`, for which the URL class does not define an `origin`. */
function siteOf(url: string): string | null {
  try {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  } catch {
    return null;
  }
}

export function isSameSite(url: string, page: string): boolean {
  const site = siteOf(url);
  return site !== null && site === siteOf(page);
}

/** True only for the page itself in the top frame of a window: no other sender may call the application. */
export function isTrustedSender(frame: SenderFrame | null, page: string): boolean {
  return frame !== null && frame.parent === null && isSameSite(frame.url, page);
}
