import type { ReplyMessage } from './wire';

/** The kinds of things that the desktop's dialogs choose. */
export const DIALOG_KINDS = ['model', 'folder', 'project', 'cache', 'save'] as const;
export type DialogKind = (typeof DIALOG_KINDS)[number];

/**
 * The object that the preload script exposes as `window.calib` in the desktop window; absent in a browser. A page may
 * name only paths that these dialogs and drops returned, and those of projects that it opened. `DroppedFile` is the
 * DOM's File.
 */
export interface DesktopBridge<DroppedFile = object> {
  /** Sends one call. Never rejects for an error of the application, because such an error is a reply too. */
  readonly call: (method: string, request: unknown) => Promise<ReplyMessage>;
  /** @returns a function that ends the subscription. */
  readonly onEvent: (listener: (message: ReplyMessage) => void) => () => void;
  /** Paths of files and folders that were dropped or picked; the page may name them from then on. */
  readonly pathsOf: (files: readonly DroppedFile[]) => Promise<readonly string[]>;
  /** Opens the system's dialog. @returns null when it was closed without a choice. */
  readonly choose: (kind: DialogKind) => Promise<string | null>;
}

/** The channels between window and application. */
export const CALL_CHANNEL = 'calib:call';
export const EVENT_CHANNEL = 'calib:event';

/** Method of calls that only the preload script can make; a page cannot. */
export const DIALOG_METHOD = '$dialog';
export const GRANT_METHOD = '$grant';
