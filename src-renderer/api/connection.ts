import type { Unsubscribe, WorkbenchApi } from '../../src-shared/contract/api';
import type { DialogKind } from '../../src-shared/contract/desktop-bridge';

/** How the page stands with the application. */
export type ConnectionStatus =
  | { readonly state: 'connecting' }
  | { readonly state: 'online' }
  /** The link is gone; the next try comes by itself at `retryAtMs` (Date.now()). */
  | { readonly state: 'lost'; readonly retryAtMs: number }
  /** The application does not accept this page: it has no token, or a wrong one. */
  | { readonly state: 'refused'; readonly isTokenWrong: boolean };

export const ONLINE: ConnectionStatus = { state: 'online' };

/** A file or folder that a person dropped or picked. */
export interface DroppedItem {
  readonly name: string;
  readonly isFolder: boolean;
  /** For a folder only the desktop knows what to do with it. */
  readonly file: File | null;
  /** For a folder in a browser: what lists its content. */
  readonly entry: FileSystemEntry | null;
  /** For a folder that is put together of single files, in a browser. */
  readonly content?: readonly DroppedItem[];
}

export interface UploadProgress {
  readonly doneFiles: number;
  readonly totalFiles: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** How the page names files to the application. */
export interface FileAccess {
  /** Paths that the application can read, one per item; in a browser the content is sent first. */
  readonly pathsOf: (
    items: readonly DroppedItem[],
    options?: { readonly onProgress?: (progress: UploadProgress) => void; readonly signal?: AbortSignal },
  ) => Promise<readonly string[]>;
  /** Where a project of files that were sent is proposed: their own folder may not last. Null: beside its model. */
  readonly projectsFolder?: () => string | null;
  /** The system's dialog; null where there is none (a browser). */
  readonly choose: ((kind: DialogKind) => Promise<string | null>) | null;
}

/** One application, reached over whatever link the page has. */
export interface Connection {
  readonly host: 'desktop' | 'browser';
  readonly api: WorkbenchApi;
  readonly files: FileAccess;
  /** Called at once with the status as it is, and with every change. */
  readonly onStatus: (listener: (status: ConnectionStatus) => void) => Unsubscribe;
  /** Tries again now instead of waiting. */
  readonly retry: () => void;
  /** Goes on with a token that a person gave; null where none is needed (the desktop). */
  readonly giveToken: ((token: string) => void) | null;
}
