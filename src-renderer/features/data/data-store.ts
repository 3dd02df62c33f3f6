import { create } from 'zustand';
import type { SetName } from '../../../src-shared/contract/api';
import { NO_FILTER, type ImageFilter } from './image-filter';

/** What the screen shows; kept while other screens are open. */
interface DataState {
  readonly set: SetName;
  readonly filter: ImageFilter;
  readonly imageId: string | null;
  readonly showSet: (set: SetName) => void;
  readonly filterBy: (changes: Partial<ImageFilter>) => void;
  readonly showImage: (imageId: string) => void;
}

export const useData = create<DataState>()((set) => ({
  set: 'calibration',
  filter: NO_FILTER,
  imageId: null,
  showSet: (name) => set({ set: name, filter: NO_FILTER, imageId: null }),
  filterBy: (changes) => set((state) => ({ filter: { ...state.filter, ...changes } })),
  showImage: (imageId) => set({ imageId }),
}));
