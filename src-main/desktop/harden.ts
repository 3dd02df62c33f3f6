import type { Session, WebContents } from 'electron';
import { isSameSite } from './page-origin';

/** The page never leaves its own origin, opens no window, and embeds no guest. */
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

/** Copying an error's details is all that the page may ask the system for. */
const ALLOWED_PERMISSIONS: ReadonlySet<string> = new Set(['clipboard-sanitized-write']);

export function hardenSession(session: Session): void {
  session.setPermissionRequestHandler((_, permission, answer) => answer(ALLOWED_PERMISSIONS.has(permission)));
  session.setPermissionCheckHandler((_, permission) => ALLOWED_PERMISSIONS.has(permission));
}
