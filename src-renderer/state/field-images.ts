import { create } from 'zustand';

interface FieldImagesState {
  /** Folder or list of unlabelled images from where the model will work; empty: none. */
  readonly path: string;
  readonly setPath: (path: string) => void;
}

/** Images from the field that plans can be judged by. They are no set of the project: nothing is stored. */
export const useFieldImages = create<FieldImagesState>()((set) => ({
  path: '',
  setPath: (path) => set({ path }),
}));
