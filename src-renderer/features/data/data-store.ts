import { create } from 'zustand';
import type { SetName } from '../../../src-shared/contract/requests';
import { NO_FILTER, type ImageFilter } from './image-filter';

/** The images of one set, or the health of the calibration set. */
export type DataView = SetName | 'health';

/** What the screen shows; kept while other screens are open. */
interface DataState {
  readonly view: DataView;
  /** The set whose images were shown last. */
  readonly set: SetName;
  readonly filter: ImageFilter;
  readonly imageId: string | null;
  readonly show: (view: DataView) => void;
  readonly showSet: (set: SetName) => void;
  readonly filterBy: (changes: Partial<ImageFilter>) => void;
  readonly showImage: (imageId: string) => void;
  /** An image of a set, wherever it was found. */
  readonly openImage: (set: SetName, imageId: string) => void;
}

export const useData = create<DataState>()((set, get) => ({
  view: 'calibration',
  set: 'calibration',
  filter: NO_FILTER,
  imageId: null,
  show: (view) => {
    if (view === 'health') set({ view });
    else get().showSet(view);
  },
  showSet: (name) => set({ view: name, set: name, filter: NO_FILTER, imageId: null }),
  filterBy: (changes) => set((state) => ({ filter: { ...state.filter, ...changes } })),
  showImage: (imageId) => set({ imageId }),
  openImage: (name, imageId) => set({ view: name, set: name, filter: NO_FILTER, imageId }),
}));
