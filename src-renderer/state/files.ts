import { create } from 'zustand';
import type { Connection, FileAccess } from '../api/connection';

interface FilesState {
  readonly host: Connection['host'];
  readonly files: FileAccess;
  readonly connect: (connection: Pick<Connection, 'host' | 'files'>) => void;
}

/** How files are named to the application: by dialogs and drops on the desktop, by sending them in a browser. */
export const useFiles = create<FilesState>()((set) => ({
  host: 'browser',
  files: { choose: null, pathsOf: () => Promise.reject(new Error('The application is not connected yet')) },
  connect: ({ host, files }) => set({ host, files }),
}));
