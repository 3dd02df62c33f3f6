import { useEffect } from 'react';
import { create } from 'zustand';

/** An action that the user can start with its button, its keys or the palette. */
export interface Command {
  readonly id: string;
  /** Message key of its name. */
  readonly titleKey: string;
  readonly titleParams?: Readonly<Record<string, string | number>>;
  /** Chords like `Mod+K`, `Shift+Enter`, `?`; `Mod` is Ctrl, or the command key on a Mac. */
  readonly keys?: readonly string[];
  readonly run: () => void;
  /** Omitted if the command is always enabled. */
  readonly isEnabled?: () => boolean;
}

interface CommandsState {
  /** In the order of registration; if two commands have the same id, the later one is used. */
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

/** All commands in use: one per id. */
export function activeCommands(registered: readonly (readonly Command[])[]): readonly Command[] {
  const byId = new Map<string, Command>();
  for (const command of registered.flat()) byId.set(command.id, command);
  return [...byId.values()];
}

/** Registers commands while the component is mounted. Memoise the list (`useMemo`). */
export function useCommands(commands: readonly Command[]): void {
  const register = useCommandRegistry((state) => state.register);
  useEffect(() => register(commands), [register, commands]);
}
