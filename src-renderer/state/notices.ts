import { create } from 'zustand';
import type { ErrorCode } from '../../src-shared/base/errors';
import { toWireError } from '../../src-shared/contract/errors';

/** A message at the edge of the window: something failed, or something that was asked for is done. */
export interface Notice {
  readonly id: number;
  readonly tone: 'info' | 'error';
  readonly message: string;
  readonly code?: ErrorCode;
  readonly hint?: string;
  readonly detail?: string;
}

interface NoticesState {
  readonly notices: readonly Notice[];
  /** Shows a sentence for some seconds. */
  readonly tell: (message: string) => void;
  /** Shows what failed until it is dismissed. A cancelled action is not an error. */
  readonly reportError: (error: unknown) => void;
  readonly dismiss: (id: number) => void;
}

let nextId = 1;
const MAX_NOTICES = 4;

export const useNotices = create<NoticesState>()((set) => ({
  notices: [],
  tell: (message) => set((state) => ({ notices: addNotice(state.notices, { id: nextId++, tone: 'info', message }) })),
  reportError: (error) => {
    const wire = toWireError(error);
    if (wire.code === 'cancelled') return;
    const { message, code, hint, detail } = wire;
    const notice: Notice = { id: nextId++, tone: 'error', message, code, ...(hint === undefined ? {} : { hint }), ...(detail === undefined ? {} : { detail }) };
    set((state) => ({ notices: addNotice(state.notices, notice) }));
  },
  dismiss: (id) => set((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) })),
}));

/** The same sentence is shown once, at the newest place; the oldest ones give way. */
function addNotice(notices: readonly Notice[], notice: Notice): readonly Notice[] {
  return [...notices.filter((known) => known.message !== notice.message), notice].slice(-MAX_NOTICES);
}

export const reportError = (error: unknown): void => useNotices.getState().reportError(error);
export const tell = (message: string): void => useNotices.getState().tell(message);
