import { create } from 'zustand';
import type { Connection, FileAccess } from '../api/connection';

interface FilesState {
  readonly host: Connection['host'];
  readonly files: FileAccess;
  readonly connect: (connection: Pick<Connection, 'host' | 'files'>) => void;
}

/** How files are passed to the application: by dialogs and drops on the desktop, by upload in a browser. */
export const useFiles = create<FilesState>()((set) => ({
  host: 'browser',
  files: { choose: null, pathsOf: () => Promise.reject(new Error('The application is not connected yet')) },
  connect: ({ host, files }) => set({ host, files }),
}));

interface FieldImagesState {
  /** Folder or list file of unlabelled images from the deployment; empty if none was chosen. */
  readonly path: string;
  readonly setPath: (path: string) => void;
}

/** Images from the deployment that are used to compare plans. They are not part of the project and are not stored. */
export const useFieldImages = create<FieldImagesState>()((set) => ({
  path: '',
  setPath: (path) => set({ path }),
}));
