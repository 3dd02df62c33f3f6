import { create } from 'zustand';
import type { Advice } from '../../src-shared/base/advice';
import type { ErrorCode } from '../../src-shared/base/errors';
import { toWireError } from '../../src-shared/contract/errors';

/** A message at the edge of the window: an error, or the success of a requested action. */
export interface Notice {
  readonly id: number;
  readonly tone: 'info' | 'error';
  readonly message: string;
  /** How often the same message was added while it was shown. */
  readonly count: number;
  readonly code?: ErrorCode;
  readonly hint?: string;
  readonly advice?: Advice;
  readonly detail?: string;
}

interface NoticesState {
  /** The newest notice is last. */
  readonly notices: readonly Notice[];
  /** Shows a message for some seconds. */
  readonly tell: (message: string) => void;
  /** Shows an error until it is dismissed. A cancelled action is not an error. */
  readonly reportError: (error: unknown) => void;
  readonly dismiss: (id: number) => void;
  readonly dismissNewest: () => void;
  readonly dismissAll: () => void;
}

let nextId = 1;
/** More errors than this are folded; of the success messages, the oldest are removed. */
export const MAX_SHOWN = 4;
const MAX_KEPT = 100;

export const useNotices = create<NoticesState>()((set) => ({
  notices: [],
  tell: (message) =>
    set((state) => ({ notices: addNotice(state.notices, { id: nextId++, tone: 'info', message, count: 1 }) })),
  reportError: (error) => {
    const wire = toWireError(error);
    if (wire.code === 'cancelled') return;
    const { message, code, hint, advice, detail } = wire;
    const notice: Notice = {
      id: nextId++,
      tone: 'error',
      message,
      count: 1,
      code,
      ...(hint === undefined ? {} : { hint }),
      ...(advice === undefined ? {} : { advice }),
      ...(detail === undefined ? {} : { detail }),
    };
    set((state) => ({ notices: addNotice(state.notices, notice) }));
  },
  dismiss: (id) => set((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) })),
  dismissNewest: () => set((state) => ({ notices: state.notices.slice(0, -1) })),
  dismissAll: () => set({ notices: [] }),
}));

/**
 * A repeated message is shown once, at the newest place, with the number of repetitions. Success messages are removed,
 * errors are kept.
 */
function addNotice(notices: readonly Notice[], notice: Notice): readonly Notice[] {
  const same = notices.find(
    (known) => known.tone === notice.tone && known.message === notice.message && known.hint === notice.hint,
  );
  const others = notices.filter((known) => known !== same);
  const added = [...others, same === undefined ? notice : { ...notice, id: same.id, count: same.count + 1 }];
  const told = newest(added, 'info');
  return added.filter((known) => known.tone === 'error' || told.includes(known)).slice(-MAX_KEPT);
}

function newest(notices: readonly Notice[], tone: Notice['tone']): readonly Notice[] {
  return notices.filter((notice) => notice.tone === tone).slice(-MAX_SHOWN);
}

export interface ShownNotices {
  /** In the order in which they were added. */
  readonly shown: readonly Notice[];
  /** Number of errors that are hidden behind "more". */
  readonly foldedCount: number;
}

export function shownNotices(notices: readonly Notice[]): ShownNotices {
  const errors = newest(notices, 'error');
  const shown = notices.filter((notice) => notice.tone === 'info' || errors.includes(notice));
  return { shown, foldedCount: notices.length - shown.length };
}

export const reportError = (error: unknown): void => useNotices.getState().reportError(error);
export const tell = (message: string): void => useNotices.getState().tell(message);
