import { create } from 'zustand';
import type { JobSnapshot } from '../../../src-shared/contract/jobs';
import { ownValue } from '../../../src-shared/base/records';
import { useJobs } from '../../state/jobs';
import { readStored, writeStored } from '../../state/stored';
import type { ExportKind } from './export-request';
import { DEFAULT_OPTIONS, parseOptions, toggleVariant, type RunOptions } from './run-options';
import { advanceTrail, type JobTrail } from './run-trail';

interface RunOptionsState {
  readonly options: RunOptions;
  readonly switchVariant: (variant: string) => void;
  readonly setOption: (change: Partial<Omit<RunOptions, 'variants'>>) => void;
  readonly restoreDefaults: () => void;
}

const STORED_KEY = 'calib.run-options';

/** The options for the next run. They are stored between visits. */
export const useRunOptions = create<RunOptionsState>()((set, get) => {
  const keep = (options: RunOptions): void => {
    set({ options });
    writeStored(STORED_KEY, options);
  };
  return {
    options: parseOptions(readStored(STORED_KEY)),
    switchVariant: (variant) => keep({ ...get().options, variants: toggleVariant(get().options.variants, variant) }),
    setOption: (change) => keep({ ...get().options, ...change }),
    restoreDefaults: () => keep(DEFAULT_OPTIONS),
  };
});

interface ExportKindState {
  readonly kind: ExportKind;
  /** True if a command asked for the panel, so that it must be shown and focused. */
  readonly isAskedFor: boolean;
  readonly choose: (kind: ExportKind) => void;
  readonly ask: (kind: ExportKind) => void;
  readonly shown: () => void;
}

/** The kind of export that is chosen in the export panel. */
export const useExportKind = create<ExportKindState>()((set) => ({
  kind: 'onnx',
  isAskedFor: false,
  choose: (kind) => set({ kind }),
  ask: (kind) => set({ kind, isAskedFor: true }),
  shown: () => set({ isAskedFor: false }),
}));

interface TrailsState {
  readonly trails: Readonly<Record<string, JobTrail>>;
  readonly observe: (jobs: readonly JobSnapshot[], nowMs: number) => void;
}

/** The recorded progress of each job. Jobs that the application no longer lists are removed here too. */
export const useTrails = create<TrailsState>()((set, get) => ({
  trails: {},
  observe: (jobs, nowMs) => {
    const { trails } = get();
    const next = Object.fromEntries(
      jobs.map((job) => [job.id, advanceTrail(ownValue(trails, job.id) ?? null, job, nowMs)]),
    );
    const isSame =
      jobs.length === Object.keys(trails).length &&
      jobs.every((job) => ownValue(next, job.id) === ownValue(trails, job.id));
    if (!isSame) set({ trails: next });
  },
}));

// Jobs are observed from the start, whichever screen is shown, so that the times are right when the run screen opens.
useTrails.getState().observe(useJobs.getState().jobs, Date.now());
useJobs.subscribe((state) => useTrails.getState().observe(state.jobs, Date.now()));
