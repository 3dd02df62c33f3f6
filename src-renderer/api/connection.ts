import type { Unsubscribe, WorkbenchApi } from '../../src-shared/contract/api';
import type { DialogKind } from '../../src-shared/contract/desktop-bridge';

/** The state of the page's connection to the application. */
export type ConnectionStatus =
  | { readonly state: 'connecting' }
  | { readonly state: 'online' }
  /** The link is lost; the page reconnects automatically at `retryAtMs` (Date.now()). */
  | { readonly state: 'lost'; readonly retryAtMs: number }
  /** The application rejects this page because its token is missing or wrong. */
  | { readonly state: 'refused'; readonly isTokenWrong: boolean };

export const ONLINE: ConnectionStatus = { state: 'online' };

/** A file or folder that a person dropped or picked. */
export interface DroppedItem {
  readonly name: string;
  readonly isFolder: boolean;
  /** The dropped file. For a folder, only the desktop can use it; null if there is none. */
  readonly file: File | null;
  /** The entry that lists the content of a folder in a browser; otherwise null. */
  readonly entry: FileSystemEntry | null;
  /** In a browser: the content of a folder that the page assembles from single files. */
  readonly content?: readonly DroppedItem[];
}

export interface UploadProgress {
  readonly doneFiles: number;
  readonly totalFiles: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** Turns files of the page into paths that the application can read. */
export interface FileAccess {
  /** Paths that the application can read, one per item; a browser uploads the content first. */
  readonly pathsOf: (
    items: readonly DroppedItem[],
    options?: { readonly onProgress?: (progress: UploadProgress) => void; readonly signal?: AbortSignal },
  ) => Promise<readonly string[]>;
  /**
   * The folder proposed for a project of uploaded files, because their own folder may be temporary. Null: the folder of
   * the model.
   */
  readonly projectsFolder?: () => string | null;
  /** Opens a dialog of the operating system; null if there is none (in a browser). */
  readonly choose: ((kind: DialogKind) => Promise<string | null>) | null;
  /** Saves a file of the server in the browser, a folder as one .tar; absent on the desktop, whose files are local. */
  readonly download?: (path: string) => Promise<void>;
}

/** The connection to one application, independent of the kind of link. */
export interface Connection {
  readonly host: 'desktop' | 'browser';
  readonly api: WorkbenchApi;
  readonly files: FileAccess;
  /** The listener is called at once with the current status, and again on every change. */
  readonly onStatus: (listener: (status: ConnectionStatus) => void) => Unsubscribe;
  /** Retries immediately instead of waiting. */
  readonly retry: () => void;
  /** Continues with a token that the user entered; null if no token is needed (on the desktop). */
  readonly giveToken: ((token: string) => void) | null;
}
