import { create } from 'zustand';

interface FieldImagesState {
  /** Folder or list file of unlabelled images from the deployment; empty if none was chosen. */
  readonly path: string;
  readonly setPath: (path: string) => void;
}

/** Images from the field by which plans can be compared. They are not part of the project and are not stored. */
export const useFieldImages = create<FieldImagesState>()((set) => ({
  path: '',
  setPath: (path) => set({ path }),
}));
