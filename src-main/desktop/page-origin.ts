import type { SenderFrame } from '../transport/ipc-endpoint';

export const APP_SCHEME = 'app';
export const APP_HOST = 'workbench';
export const APP_URL = `${APP_SCHEME}://${APP_HOST}/`;

/**
 * The address of the page. While developing it comes from the server of the build tool, on this machine only; an
 * installed application ignores such an address.
 */
export function pageUrl(developmentUrl: string | undefined, isPackaged: boolean): string {
  if (developmentUrl === undefined || isPackaged) return APP_URL;
  const { protocol, hostname } = new URL(developmentUrl);
  const isLocal =
    protocol === 'http:' && (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]');
  return isLocal ? developmentUrl : APP_URL;
}

/** Scheme and host, also for `app:`, whose `origin` is opaque to the URL class. */
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

/** Only the page itself, in the top frame of a window, may call the application. */
export function isTrustedSender(frame: SenderFrame | null, page: string): boolean {
  return frame !== null && frame.parent === null && isSameSite(frame.url, page);
}
