import { useEffect } from 'react';
import { activeCommands, useCommandRegistry } from '../state/commands';
import { isChord, isTextField, isTyping } from './chords';

/** Runs the command whose chord is pressed anywhere in the window. */
export function useKeys(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || isTyping(event.target, event)) return;
      // A dialog has the window for itself; Ctrl-Z in a text field is the field's own.
      if (document.querySelector('dialog[open]') !== null || isFieldUndo(event)) return;
      const command = activeCommands(useCommandRegistry.getState().registered).findLast(
        ({ keys = [], isEnabled }) => keys.some((chord) => isChord(chord, event)) && isEnabled?.() !== false,
      );
      if (command === undefined) return;
      event.preventDefault();
      command.run();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}

/** A number field in which nothing is being typed leaves undo to the project: what was typed last is an edit by then. */
function isFieldUndo(event: KeyboardEvent): boolean {
  if (!['z', 'y'].includes(event.key.toLowerCase()) || !isTextField(event.target)) return false;
  return !(event.target instanceof HTMLElement && event.target.dataset['undo'] === 'project');
}
