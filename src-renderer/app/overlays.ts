import { create } from 'zustand';

type Overlay = 'palette' | 'keys';

interface OverlaysState {
  /** One at a time. */
  readonly overlay: Overlay | null;
  readonly open: (overlay: Overlay) => void;
  readonly close: () => void;
}

export const useOverlays = create<OverlaysState>()((set) => ({
  overlay: null,
  open: (overlay) => set({ overlay }),
  close: () => set({ overlay: null }),
}));
