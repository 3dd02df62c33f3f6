import { useEffect } from 'react';
import { create } from 'zustand';
import type { HistogramView } from '../../src-shared/contract/views';
import { useSession } from './session';

type Entry = HistogramView | Error | 'loading';

interface HistogramsState {
  /** The entries of one calibration of one project; the least recently used is first. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly request: (tensor: string) => void;
  readonly clear: () => void;
}

/**
 * One entry has 64 kB for each group and for the total, so that this many entries need less than 40 MB with four
 * groups.
 */
const MAX_ENTRIES = 120;
/** More parallel requests would only wait in the browser's queue and delay newer ones. */
const MAX_AT_ONCE = 4;

/** Newest request first, because the tensor on the screen was requested last. */
let waiting: string[] = [];
let active = 0;
let generation = 0;

export const useHistograms = create<HistogramsState>()((set, get) => {
  const store = (tensor: string, entry: Entry): void => {
    const entries = new Map(get().entries);
    entries.delete(tensor);
    entries.set(tensor, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= MAX_ENTRIES) break;
      if (entries.get(oldest) !== 'loading') entries.delete(oldest);
    }
    set({ entries });
  };
  const load = async (tensor: string): Promise<void> => {
    const turn = generation;
    const { api, project } = useSession.getState();
    active += 1;
    try {
      if (project === null) throw new Error('No project is open');
      const view = await api.getHistogram({ projectPath: project.path, tensor });
      if (turn === generation) store(tensor, view);
    } catch (error) {
      if (turn === generation) store(tensor, error instanceof Error ? error : new Error(String(error)));
    } finally {
      active -= 1;
      pump();
    }
  };
  const pump = (): void => {
    while (active < MAX_AT_ONCE) {
      const next = waiting.pop();
      if (next === undefined) return;
      void load(next);
    }
  };
  return {
    entries: new Map(),
    request: (tensor) => {
      const known = get().entries.get(tensor);
      if (known !== undefined && known !== 'loading') return;
      if (known === 'loading' && !waiting.includes(tensor)) return;
      waiting = [...waiting.filter((name) => name !== tensor), tensor];
      store(tensor, 'loading');
      pump();
    },
    clear: () => {
      generation += 1;
      waiting = [];
      set({ entries: new Map() });
    },
  };
});

useSession.subscribe((state, previous) => {
  if (state.calibrationRevision !== previous.calibrationRevision || state.project?.path !== previous.project?.path)
    useHistograms.getState().clear();
});

/** The histogram of a tensor: undefined while it is loading (or if `tensor` is null), an Error if loading failed. */
export function useHistogram(tensor: string | null): HistogramView | undefined | Error {
  const isCalibrated = useSession((state) => state.project?.calibrated === true);
  const entry = useHistograms((state) => (tensor === null ? undefined : state.entries.get(tensor)));
  const request = useHistograms((state) => state.request);
  useEffect(() => {
    if (tensor !== null && isCalibrated && entry === undefined) request(tensor);
  }, [tensor, isCalibrated, entry, request]);
  return entry === 'loading' ? undefined : entry;
}
