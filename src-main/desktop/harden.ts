import type { Session, WebContents } from 'electron';
import { isSameSite } from './page-origin';

/** Prevents the page from leaving its own origin, opening windows and embedding guest pages. */
export function hardenContents(contents: WebContents, page: string): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-navigate', (event) => {
    if (!isSameSite(event.url, page)) event.preventDefault();
  });
  contents.on('will-redirect', (event) => {
    if (!isSameSite(event.url, page)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

/** The page gets a single permission: writing to the clipboard, to copy the details of an error. */
const ALLOWED_PERMISSIONS: ReadonlySet<string> = new Set(['clipboard-sanitized-write']);

export function hardenSession(session: Session): void {
  session.setPermissionRequestHandler((_, permission, answer) => answer(ALLOWED_PERMISSIONS.has(permission)));
  session.setPermissionCheckHandler((_, permission) => ALLOWED_PERMISSIONS.has(permission));
}
