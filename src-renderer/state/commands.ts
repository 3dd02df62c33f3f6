import { useEffect } from 'react';
import { create } from 'zustand';

/** One action that a person can start: by its button, by its keys, or from the palette. */
export interface Command {
  readonly id: string;
  /** Message key of its name. */
  readonly titleKey: string;
  readonly titleParams?: Readonly<Record<string, string | number>>;
  /** Chords like `Mod+K`, `Shift+Enter`, `?`; `Mod` is Ctrl, or the command key on a Mac. */
  readonly keys?: readonly string[];
  readonly run: () => void;
  /** Absent: always. */
  readonly isEnabled?: () => boolean;
}

interface CommandsState {
  /** In the order of registration; of two with the same id the later one is in force. */
  readonly registered: readonly (readonly Command[])[];
  readonly register: (commands: readonly Command[]) => () => void;
}

export const useCommandRegistry = create<CommandsState>()((set) => ({
  registered: [],
  register: (commands) => {
    set((state) => ({ registered: [...state.registered, commands] }));
    return () => set((state) => ({ registered: state.registered.filter((known) => known !== commands) }));
  },
}));

/** Every command in force. */
export function activeCommands(registered: readonly (readonly Command[])[]): readonly Command[] {
  const byId = new Map<string, Command>();
  for (const command of registered.flat()) byId.set(command.id, command);
  return [...byId.values()];
}

/** Offers commands while the component is shown. Memoise the list (`useMemo`). */
export function useCommands(commands: readonly Command[]): void {
  const register = useCommandRegistry((state) => state.register);
  useEffect(() => register(commands), [register, commands]);
}
